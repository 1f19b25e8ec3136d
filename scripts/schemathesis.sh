#!/usr/bin/env bash
# Owns finding schemathesis, and installing it into .data/schemathesis, in the versions of tests/schemathesis/requirements.txt.
# Prints its path on stdout. As root on Debian, apt installs Python where it is missing.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

requirements=tests/schemathesis/requirements.txt
venv=$data/schemathesis
tool=$venv/bin/schemathesis

# python_suits: whether it is new enough, and can make virtual environments (Debian has that in a package of its own).
python_suits() {
    python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if ! cmp -s "$requirements" "$venv/requirements.txt" || ! "$tool" --version >/dev/null 2>&1; then
    if ! python_suits && have apt-get && [ "$(id -u)" = 0 ]; then
        say "Installing Python from the system's packages (under a minute)"
        install_packages python3 python3-venv
    fi
    python_suits || fail "schemathesis needs Python 3.11 or newer, with venv."
    say "Installing schemathesis into .data/schemathesis (under a minute)"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" --quiet --disable-pip-version-check install --requirement "$requirements" >&2
    # Last: what it says is there, is whole.
    cp "$requirements" "$venv"
fi
printf '%s\n' "$tool"
