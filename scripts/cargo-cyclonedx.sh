#!/usr/bin/env bash
# Owns finding cargo-cyclonedx, and building it into .data/tools where it is not on PATH. Prints its path on stdout.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/cargo-tools.sh
. "$root/scripts/cargo-tools.sh"

cargo_tool cargo-cyclonedx 0.5.9
