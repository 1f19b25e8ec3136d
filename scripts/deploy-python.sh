#!/usr/bin/env bash
# Owns finding a Python that can run deploy/tests: a virtual environment in .data/deploy, with the packages of
# deploy/tests/requirements.txt. Prints its path on stdout. As root on Debian, apt installs Python where it is missing.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

need_python
install_venv deploy/tests "$data/deploy"
printf '%s\n' "$data/deploy/bin/python"
