#!/usr/bin/env bash
# Owns finding cargo-deny, and building it into .data/tools where it is not on PATH. Prints its path on stdout.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=0.20.2
tools=$data/tools
tool=$tools/bin/cargo-deny

if have cargo-deny; then
    command -v cargo-deny
    exit 0
fi
if [ "$("$tool" --version 2>/dev/null)" != "cargo-deny $version" ]; then
    say "Building cargo-deny $version into .data/tools (once; two to three minutes on two cores)"
    # Unoptimised: it runs for a second, and its release profile takes many times as long to build.
    CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/target \
        cargo install --quiet --locked --debug --root "$tools" "cargo-deny@$version" >&2 ||
        fail "cargo-deny could not be built (its sources come from the crates registry)."
    rm -rf "$tools/target"
fi
printf '%s\n' "$tool"
