#!/usr/bin/env bash
# Owns what building the host needs beside Rust: a C compiler, and on Linux OpenSSL's headers (TLS to Redis goes through
# the system's own library). Does nothing where they are there; else apt as root, and elsewhere a message.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

missing=
have cc || missing=gcc
if [ "$(uname -s)" = Linux ] && [ -z "${OPENSSL_DIR:-}${OPENSSL_INCLUDE_DIR:-}" ]; then
    if ! have pkg-config; then
        missing="$missing pkg-config libssl-dev"
    elif ! pkg-config --exists openssl; then
        missing="$missing libssl-dev"
    fi
fi
[ -n "$missing" ] || exit 0

if have apt-get && [ "$(id -u)" = 0 ]; then
    say "Installing what the host's build needs:$missing (under a minute)"
    # shellcheck disable=SC2086 # a list of package names
    install_packages $missing && exit 0
fi
fail "The host's build needs a C compiler, pkg-config and OpenSSL's headers. Install them, then run this again:" \
    "Debian, Ubuntu: apt-get install gcc pkg-config libssl-dev" \
    "Fedora:         dnf install gcc pkgconf openssl-devel" \
    "Alpine:         apk add build-base pkgconf openssl-dev" \
    "macOS:          xcode-select --install"
