#!/usr/bin/env bash
# Owns what checks .github/workflows, installed into .data/workflows in the versions of tests/workflows/requirements.txt:
# check-jsonschema, which brings the schema of such files along (SchemaStore's, under Apache-2.0), and zizmor, which looks for
# actions that are not pinned, permissions that are too wide, and text of others that gets into commands. Prints the folder.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

need_python
install_venv tests/workflows "$data/workflows"
printf '%s\n' "$data/workflows"
