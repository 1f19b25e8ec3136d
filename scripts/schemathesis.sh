#!/usr/bin/env bash
# Owns finding schemathesis, and installing it into .data/schemathesis, in the versions of tests/schemathesis/requirements.txt.
# Prints its path on stdout. The system's package manager installs Python where it is missing.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

need_python
install_venv tests/schemathesis "$data/schemathesis"
printf '%s\n' "$data/schemathesis/bin/schemathesis"
