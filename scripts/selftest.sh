#!/usr/bin/env bash
# Tests what in these scripts can be wrong without being noticed: reading REDSTART_REDIS_URL and runtime-config.toml, what
# the package managers of other systems are asked, what a release may be, and the versions of Rust in the workflows.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/runtime-config.sh
. "$root/scripts/runtime-config.sh"

wrong=

# same WHAT EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then return; fi
    printf 'selftest: %s\n  expected %s\n  but got  %s\n' "$1" "$2" "$3" >&2
    wrong=yes
}

# reads URL EXPECTED: host, port, username, password, database, tls, allowed.
reads() {
    same "$1" "$2" "$(parse_redis_url "$1" && printf '%s|' "$redis_host" "$redis_port" "$redis_username" \
        "$redis_password" "$redis_database" "$redis_tls" "$redis_allowed")"
}

# refuses URL: with a message that does not show what may be a password.
refuses() {
    local message
    if message=$(parse_redis_url "$1" 2>&1); then same "$1" "an error" "none"; fi
    if [[ $message == *hidden* ]]; then same "$1" "an error without the password" "$message"; fi
}

reads redis://127.0.0.1 '127.0.0.1|6379||||false|redis://127.0.0.1:6379|'
reads redis://h.example:06380/ 'h.example|6380||||false|redis://h.example:6380|'
reads rediss://u:p@h.example:7000/3 'h.example|7000|u|p|3|true|rediss://h.example:7000|'
reads 'redis://:a%40%2F%25%22%5Cx41+b:c@[::1]' '[::1]|6379||a@/%"\x41+b:c||false|redis://[::1]:6379|'
refuses hidden://h
refuses redis://
refuses redis://u:hidden%zz@h
refuses redis://u:hidden%00@h
refuses redis://u:hidden%0A@h
refuses redis://u:hidden/x@h
refuses redis://u:hidden@h:0
refuses redis://u:hidden@h:65536
refuses redis://u:hidden@h/zero
refuses redis://u:hidden@h/0?x=y

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- the system's packages: on a PATH of its own, with stand-ins for the package managers, which note what they are asked ---

# A project of its own, so that what an earlier run left in .data counts for nothing.
mkdir -p "$work/project" "$work/tools"
cp -R scripts "$work/project/scripts"
for tool in awk basename bash cat chmod cut dirname env grep head mkdir mktemp mv rm sed sh sleep tr; do
    ln -s "$(command -v "$tool")" "$work/tools/$tool"
done

# stand_in NAME LINE…: a program of the machine.
stand_in() {
    local name=$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$work/bin/$name"
    chmod 755 "$work/bin/$name"
}

# machine SYSTEM UID MANAGER…: a machine with these package managers, and none of what they could install.
machine() {
    rm -rf "${work:?}/bin"
    mkdir "$work/bin"
    stand_in uname "echo $1"
    stand_in id "echo $2"
    shift 2
    while [ $# -gt 0 ]; do
        # What is asked for is there afterwards, as far as these scripts look for it.
        # shellcheck disable=SC2016 # for the stand-in
        stand_in "$1" 'printf "%s %s\n" "${0##*/}" "$*" >>"$ASKED"' \
            'case " $* " in *" redis "*) printf "#!/bin/sh\necho Server v=7.2.0\n" >"$BIN/$SERVER" && chmod 755 "$BIN/$SERVER" ;; esac' \
            '[ "$(grep -c "" "$ASKED")" -gt "${FAIL:-0}" ]'
        shift
    done
}

# on_machine COMMAND…: run there; what it prints on stderr is in $work/said.
on_machine() {
    (cd "$work/project" && env -i PATH="$work/bin:$work/tools" ASKED="$work/asked" BIN="$work/bin" SERVER="${server:-redis-server}" \
        FAIL="${fail_first:-0}" "$@" 2>"$work/said")
}

# asks WHAT EXPECTED COMMAND…: what the package managers were asked, line by line, each ending in `|`.
asks() {
    local what=$1 expected=$2
    shift 2
    : >"$work/asked"
    # How it ends is looked at elsewhere; here, what it asked.
    on_machine "$@" >/dev/null || true
    same "$what" "$expected" "$(tr '\n' '|' <"$work/asked")"
}

# needs NEED…: the scripts' own call.
needs() { printf '. scripts/lib.sh && . scripts/system-packages.sh && installable %s && install_needs %s' "$*" "$*"; }

apt='apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends'
dnf='dnf --quiet --assumeyes --setopt=install_weak_deps=False install'
apk='apk add --quiet --update-cache'
brew='brew install --quiet'

machine Linux 0 apt-get dnf apk brew
asks 'Debian: what the host needs' "$apt gcc pkg-config libssl-dev|" scripts/native.sh
asks 'Debian: all else' "$apt nodejs npm python3 python3-venv chromium wrk webdis llvm-19|" bash -c "$(needs node python chromium wrk webdis profdata)"
fail_first=1 asks 'Debian: old package lists are read again' "$apt wrk|apt-get -qq update|$apt wrk|" bash -c "$(needs wrk)"
machine Linux 1000 apt-get dnf apk
asks 'nothing without root' '' scripts/native.sh
machine Linux 0 dnf
asks 'Fedora: what the host needs' "$dnf gcc pkgconf-pkg-config openssl-devel|" scripts/native.sh
asks 'Fedora: all else' "$dnf nodejs npm python3 chromium wrk llvm|" bash -c "$(needs node python chromium wrk profdata)"
asks 'Fedora: what it does not have' '' bash -c "$(needs wrk webdis)"
machine Linux 0 apk
asks 'Alpine: what the host needs' "$apk build-base pkgconf openssl-dev|" scripts/native.sh
asks 'Alpine: all else' "$apk nodejs npm python3 chromium wrk|" bash -c "$(needs node python chromium wrk)"
machine Darwin 501 brew
asks 'macOS: all else' "$brew node python wrk webdis|" bash -c "$(needs node python wrk webdis)"
asks "macOS: the compiler is not Homebrew's" '' scripts/native.sh
same 'macOS: and the message says whose' '       macOS:          xcode-select --install' "$(tail -n 1 "$work/said")"
stand_in cc :
asks 'macOS: with a compiler, the host needs nothing' '' scripts/native.sh
same 'macOS: and nothing is said' '' "$(cat "$work/said")"

# gives_redis MANAGER UID EXPECTED: the path that scripts/redis.sh prints, after one question.
gives_redis() {
    machine Linux "$2" "$1"
    : >"$work/asked"
    same "$1: the path of Redis" "$work/bin/${server:-redis-server}" "$(on_machine scripts/redis.sh)"
    same "$1: the package of Redis" "$3" "$(cat "$work/asked")"
}

gives_redis dnf 0 "$dnf redis"
gives_redis apk 0 "$apk redis"
gives_redis brew 501 "$brew redis"
server=valkey-server gives_redis dnf 0 "$dnf redis"
machine Darwin 0 brew
asks 'brew: nothing as root' '' scripts/redis.sh
same 'brew: and the message says what to type' '       Install it, then run this again: brew install redis' "$(grep 'run this again' "$work/said")"

# --- a release ---

for file in Cargo.toml spin.toml spin.p2.toml; do printf '[any]\nversion = "1.2.3"\nrust-version = "1.0"\n' >"$work/project/$file"; done
printf '# Changelog\n\n## Unreleased\n\n- Later.\n\n## [1.2.3] - 2026-01-02\n\n### Added\n\n- This.\n\n## 1.2.2\n\n- Before.\n' \
    >"$work/project/CHANGELOG.md"
# notes TAG: what the release says, or why there is none.
notes() { (on_machine scripts/release-notes.sh "$1" || cat "$work/said") | tr '\n' '|'; }

same 'the notes of a release' '### Added||- This.|' "$(notes v1.2.3)"
same 'a tag of another version' 'error: The tag is v1.2.4, but Cargo.toml has version 1.2.3.|' "$(notes v1.2.4)"
same 'no tag of a release' 'error: 1.2.3 is no tag of a release, such as v1.2.3.|' "$(notes 1.2.3)"
printf '[any]\nversion = "1.2.2"\n' >"$work/project/spin.p2.toml"
same 'a manifest of another version' 'error: The tag is v1.2.3, but spin.p2.toml has version 1.2.2.|' "$(notes v1.2.3)"
printf '[any]\nversion = "1.2.3"\n' >"$work/project/spin.p2.toml"
printf '# Changelog\n\n## Unreleased\n\n- 1.2.3\n' >"$work/project/CHANGELOG.md"
same 'a version without an entry' 'error: CHANGELOG.md says nothing under version 1.2.3.|' "$(notes v1.2.3)"

rust=$(sed -nE 's/^rust-version = "(.*)"$/\1/p' Cargo.toml)
same 'the Rust of the workflows' "$rust.0 " \
    "$(sed -nE 's/.*(rust:|RUSTUP_TOOLCHAIN: |-rust-)([0-9.]+[0-9]).*/\2/p' .github/workflows/*.yml | sort -u | tr '\n' ' ')"

# --- runtime-config.toml ---

root=$work

cat >"$root/runtime-config.toml" <<'TOML'
[[variables_provider]]
type = "static"
# redis_password = "a comment"
values = { redis_password = "inline", api_token="tight", api_read_only_token = 'literal' }
TOML
same 'an inline table' 'inline tight literal ' \
    "$(printf '%s ' "$(static_value redis_password)" "$(static_value api_token)" "$(static_value api_read_only_token)")"

cat >"$root/runtime-config.toml" <<'TOML'
[variables_provider.values]
api_token = "line" # why
api_tokens = '[{"name": "a"}]'
TOML
same 'a line of its own' line "$(static_value api_token)"
same 'a value that is not there' '' "$(static_value redis_password)"

parse_redis_url 'redis://u:%22%5C@h:1/2'
write_runtime_config "$root/written.toml"
same 'the file is for its owner only' -rw------- "$(find "$root/written.toml" -exec ls -l {} \; | cut -c 1-10)"
same 'quotes in TOML' 'redis_password = "\"\\"' "$(grep redis_password "$root/written.toml")"
same 'the tokens are taken over' 'api_token = "line" api_tokens = "[{\"name\": \"a\"}]" ' \
    "$(grep -E '^api_tokens? ' "$root/written.toml" | tr '\n' ' ')"

[ -z "$wrong" ]
