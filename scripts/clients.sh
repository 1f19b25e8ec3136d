#!/usr/bin/env bash
# Owns installing what the suites of the real clients need into .data/clients: those of tests/clients/node with the argument
# node, those of tests/clients/python with python. Prints the folder on stdout.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

folder=$data/clients/${1:-}
case ${1:-} in
    node)
        need_node
        install_modules tests/clients/node "$folder"
        ;;
    python)
        need_python
        install_venv tests/clients/python "$folder"
        ;;
    *) fail "clients.sh knows node and python, not ${1:-nothing}" ;;
esac
printf '%s\n' "$folder"
