# What every script of this folder shares: where the project is, how to speak, fail, wait and probe a port.
# Sourced, never run. The scripts keep to bash 3.2 (what macOS ships); they print progress on stderr and results on stdout.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that the scripts make and that is neither source nor build output: Redis's data, tools, logs. Git-ignored.
# shellcheck disable=SC2034 # used by the scripts that source this file
data=$root/.data
cd "$root"

# The component's Rust target.
# shellcheck disable=SC2034
wasm_target=wasm32-wasip2

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# bounded SECONDS COMMAND…: ends the command after that time where the system has timeout(1); macOS has none.
bounded() {
    if have timeout; then timeout "$@"; else shift && "$@"; fi
}

# wait_until SECONDS COMMAND…: repeats the command until it succeeds, every $poll seconds; fails when the time is over.
wait_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then return 1; fi
        sleep "${poll:-0.1}"
    done
}

# unbracket HOST: an IPv6 address without the brackets that a URL puts around it.
unbracket() {
    local host=${1#[}
    printf '%s' "${host%]}"
}

# listens HOST PORT: whether something accepts connections there.
listens() {
    (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null
}

need_cargo() {
    if ! have cargo || ! have rustc; then
        fail "Rust is not installed (no cargo and rustc on PATH)." "Install it with rustup or from your system's packages, then run this again."
    fi
}
