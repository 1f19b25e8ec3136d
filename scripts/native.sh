#!/usr/bin/env bash
# Owns what building the host needs beside Rust: a C compiler, and on Linux OpenSSL's headers (TLS to Redis goes through
# the system's own library). Does nothing where they are there; else the system's packages, where this user may install them,
# and elsewhere a message.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/system-packages.sh
. "$root/scripts/system-packages.sh"

missing=
have cc || missing=compiler
if [ "$(uname -s)" = Linux ] && [ -z "${OPENSSL_DIR:-}${OPENSSL_INCLUDE_DIR:-}" ]; then
    if ! have pkg-config; then
        missing="$missing pkg-config openssl"
    elif ! pkg-config --exists openssl; then
        missing="$missing openssl"
    fi
fi
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086 # a list of needs
if installable $missing; then
    say "Installing what the host's build needs: $(package_names "$(package_manager)" $missing) (under a minute)"
    install_needs $missing && exit 0
fi
needs="compiler pkg-config openssl"
# shellcheck disable=SC2086
fail "The host's build needs a C compiler, pkg-config and OpenSSL's headers. Install them, then run this again:" \
    "Debian, Ubuntu: $(install_command apt $needs)" \
    "Fedora:         $(install_command dnf $needs)" \
    "Alpine:         $(install_command apk $needs)" \
    "macOS:          xcode-select --install"
