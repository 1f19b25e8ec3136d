#!/usr/bin/env bash
# Owns finding a redis-server, and installing one where there is none. Prints its path on stdout; starts nothing.
# In this order: REDIS_SERVER, what is on PATH, what an earlier run unpacked under .data/, the system's packages (as root; brew
# as anybody else), without root Debian's packages unpacked under .data/, Valkey. Elsewhere it says what to install.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/system-packages.sh
. "$root/scripts/system-packages.sh"

unpacked=$data/redis-server

# found PATH: the answer, if that server runs at all.
found() {
    local banner version
    banner=$("$1" --version 2>&1) || fail "$1 does not run:" "$banner"
    version=$(sed -nE 's/.* v=([0-9]+).*/\1/p' <<<"$banner")
    if [ "${version:-7}" -lt 7 ]; then
        say "Warning: $1 is version $version of Redis; the API is written for 7.0 and newer"
    fi
    printf '%s\n' "$1"
    exit 0
}

# install_package: the system's package.
install_package() {
    say "Installing Redis from the system's packages (under a minute)"
    install_server redis
}

# unpack_package: the package, and those of its libraries that the machine lacks, as plain files under .data/.
unpack_package() {
    local work deb missing
    say "Unpacking Redis from Debian's packages under .data/ (under a minute)"
    mkdir -p "$data"
    work=$(mktemp -d "$data/redis-server.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now, not of the exit
    trap "rm -rf '$work'" EXIT
    trap 'exit 130' INT TERM HUP
    private_apt "$work/apt"
    if ! apt-get -q update >"$work/update.log" 2>&1; then
        cat "$work/update.log" >&2
        return 1
    fi
    missing=$(apt-get -s install --no-install-recommends redis-server 2>/dev/null | awk '/^Inst / { print $2 }')
    [ -n "$missing" ] || return 1
    # shellcheck disable=SC2086 # a list of package names
    download download $missing || { cat "$work/apt/download.log" >&2 && return 1; }
    for deb in "$work"/apt/packages/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
    cat >"$work/root/redis-server" <<'WRAPPER'
#!/bin/sh
# Runs the redis-server unpacked beside this file, with the libraries that came with it.
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
for folder in "$here"/usr/lib/*-linux-* "$here"/lib/*-linux-*; do
    if [ -d "$folder" ]; then LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
done
export LD_LIBRARY_PATH
exec "$here/usr/bin/redis-server" "$@"
WRAPPER
    chmod 755 "$work/root" "$work/root/redis-server"
    "$work/root/redis-server" --version >/dev/null || return 1
    rm -rf "$unpacked"
    mv "$work/root" "$unpacked" || return 1
}

if [ -n "${REDIS_SERVER:-}" ]; then found "$REDIS_SERVER"; fi
if have redis-server; then found "$(command -v redis-server)"; fi
if [ -x "$unpacked/redis-server" ]; then found "$unpacked/redis-server"; fi

if have apt-get && have dpkg-deb; then
    if [ "$(id -u)" = 0 ] && install_package && have redis-server; then
        found "$(command -v redis-server)"
    fi
    if (unpack_package); then found "$unpacked/redis-server"; fi
elif installable redis && install_package && have redis-server; then
    found "$(command -v redis-server)"
fi
# What the package of some systems brings under that name only.
if have valkey-server; then found "$(command -v valkey-server)"; fi

if have brew; then
    hint=$(install_command brew redis)
elif have dnf; then
    hint=$(install_command dnf redis)
elif have apk; then
    hint=$(install_command apk redis)
elif have pacman; then
    hint="pacman -S valkey, with REDIS_SERVER set to the path of valkey-server"
elif have zypper; then
    hint="zypper install redis"
else
    hint="Redis 7.0 or newer, so that redis-server is on PATH"
fi
fail "There is no redis-server, and it could not be installed." \
    "Install it, then run this again: $hint" \
    "Or use a server that runs elsewhere: REDSTART_REDIS_URL=redis://user:password@host:6379 make up"
