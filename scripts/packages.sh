# Packages of npm and PyPI that tests need: in the versions that a file of the project names, into a folder under .data/.
# The system's package manager installs Node.js and Python where they are missing. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # root is lib.sh's

# shellcheck source=scripts/system-packages.sh
. "$root/scripts/system-packages.sh"

# need_node: Node.js 18 or newer, with npm.
need_node() {
    if { ! have node || ! have npm; } && installable node; then
        say "Installing Node.js from the system's packages (a minute or two)"
        install_needs node
    fi
    if ! have node || ! have npm; then fail "Node.js with npm is not installed."; fi
    node --eval 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || fail "Node.js is older than 18."
}

# python_suits: whether it is new enough, and can make virtual environments (Debian has that in a package of its own).
python_suits() {
    python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# need_python: Python 3.11 or newer, with venv.
need_python() {
    if python_suits; then return; fi
    if installable python; then
        say "Installing Python from the system's packages (under a minute)"
        install_needs python
    fi
    python_suits || fail "Python 3.11 or newer, with venv, is not installed."
}

# need_wrk: the generator of load.
need_wrk() {
    if have wrk; then return; fi
    if installable wrk; then
        say "Installing wrk from the system's packages (seconds)"
        if install_needs wrk && have wrk; then return; fi
    fi
    fail "wrk, which makes the load, is not installed, and could not be."
}

# install_modules FROM TO: what FROM/package-lock.json names, into TO/node_modules.
install_modules() {
    if cmp -s "$1/package-lock.json" "$2/package-lock.json"; then return; fi
    say "Installing the packages of $1 into ${2#"$root"/} (seconds)"
    # Under its name only when it is whole.
    rm -rf "$2" "$2.new"
    mkdir -p "$2.new"
    cp "$1/package.json" "$1/package-lock.json" "$2.new"
    (cd "$2.new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >&2)
    mv "$2.new" "$2"
}

# install_venv FROM TO: a virtual environment in TO with what FROM/requirements.txt names. Its programs hold its own path, and do
# not run where it was moved.
install_venv() {
    if cmp -s "$1/requirements.txt" "$2/requirements.txt" && "$2/bin/pip" --version >/dev/null 2>&1; then return; fi
    say "Installing the packages of $1 into ${2#"$root"/} (under a minute)"
    rm -rf "$2"
    python3 -m venv "$2"
    "$2/bin/pip" --quiet --disable-pip-version-check install --requirement "$1/requirements.txt" >&2
    # Last: what it says is there, is whole.
    cp "$1/requirements.txt" "$2"
}
