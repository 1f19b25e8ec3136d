#!/usr/bin/env bash
# Owns the host as it is given to others: linked as one unit, and compiled by a profile of what it does under load
# (https://doc.rust-lang.org/rustc/profile-guided-optimization.html). For the profile it is first built with counters, and does
# for a moment what `make bench` measures, and makes instances (bench/train.py). A profile serves for one Cargo.lock and one
# compiler; code of ours that has changed since is compiled as without one. Where it cannot be made the host is built without,
# which fails where CI=true.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

need_cargo
compiler=$(rustc -vV)
host=$(sed -n 's/^host: //p' <<<"$compiler")
folder=$root/target/profile
profile=$folder/$(cat Cargo.lock - <<<"$compiler" | cksum | cut -d ' ' -f 1).profdata

# build FLAG TARGET: with a flag of the compiler beside those that the user has set, and cargo's output in TARGET. The page's
# program is always built along: without it, features of dependencies differ, and with them the names that a profile knows.
build() {
    local flag=$1 target=$2 own=${RUSTFLAGS:-} separator=$'\037'
    set -- --locked --profile lto --target-dir "$target" --package redstart-host --package redstart-page
    own=${CARGO_ENCODED_RUSTFLAGS:-${own// /$separator}}
    if [ -z "$own" ]; then
        # Beside those of cargo's own configuration, whose place the variables take.
        cargo build --config "target.$host.rustflags = [${flag:+'$flag'}]" "$@"
    else
        CARGO_ENCODED_RUSTFLAGS=$own${flag:+$separator$flag} cargo build "$@"
    fi
}

# profdata: the programs that may read what was counted: the compiler's own, which rustup has, then the system's. They need not
# be of the compiler's version: the format of LLVM 19 is still that of 22.
profdata() {
    local own version
    own=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
    if [ ! -x "$own" ] && have rustup; then
        bounded 300 rustup component add llvm-tools >&2 || say "rustup could not add llvm-tools; the system's are looked for"
    fi
    if [ -x "$own" ]; then printf '%s\n' "$own"; fi
    for version in llvm-profdata-{22,21,20,19} llvm-profdata; do
        if have "$version"; then printf '%s\n' "$version"; fi
    done
}

# is_read PROFILE: whether the compiler reads it; of a format that it does not know it only warns.
is_read() {
    local said
    said=$(rustc - --crate-type lib --out-dir "$folder" -Cprofile-use="$1" </dev/null 2>&1) && [ -z "$said" ]
}

# merge TOOLS COUNTED…: the profile, by the first tool whose format the compiler reads.
merge() {
    local tool tools=$1
    shift
    while IFS= read -r tool; do
        if "$tool" merge --output="$profile.new" "$@" && is_read "$profile.new"; then
            mv "$profile.new" "$profile"
            return 0
        fi
    done <<<"$tools"
    return 1
}

make_profile() {
    local tools redis_server
    tools=$(profdata)
    if [ -z "$tools" ] && installable profdata; then
        say "Installing LLVM's reader of profiles from the system's packages (a minute)"
        if install_needs profdata; then tools=$(profdata); fi
    fi
    if [ -z "$tools" ]; then
        say "llvm-profdata, which reads profiles, is not installed, and could not be"
        return 1
    fi
    # In a shell of their own, whose end is not that of this one: there is a host without a profile, too.
    (need_wrk && need_python) || return 1
    redis_server=$(scripts/redis.sh) || return 1
    scripts/wasm-target.sh && scripts/build.sh component || return 1

    say "Building the host with counters (about 15 minutes on two cores; once, and when Cargo.lock changes)"
    build "-Cprofile-generate=$folder/counted" target/counting || return 1
    target/counting/lto/redstart-page target/page || return 1
    # What the compiler's helpers counted of themselves.
    rm -rf "$folder/counted"
    say "Counting what it does under load (half a minute)"
    (
        # Each connection is a file for wrk and for the host. Where the system refuses so many, what there is may do; else wrk has
        # errors, which fail the next line.
        ulimit -n 4096 2>/dev/null || say "No more than $(ulimit -n) files may be open"
        PYTHONDONTWRITEBYTECODE=1 exec python3 bench/train.py --wrk "$(command -v wrk)" \
            --program "redis=$redis_server" --program redstart=target/counting/lto/redstart-host
    ) || return 1
    merge "$tools" "$folder/counted"/*.profraw
}

scripts/native.sh
mkdir -p "$folder"
flag=-Cprofile-use=$profile
if [ ! -f "$profile" ] && ! make_profile; then
    if [ "${CI:-}" = true ]; then fail "There is no profile to build the host by."; fi
    say "Warning: there is no profile; without one a request takes a third more of the host's CPU time"
    flag=
fi
say "Building the host for use, linked as one unit (about 15 minutes on two cores the first time, then as needed)"
build "$flag" target
target/lto/redstart-host --version
target/lto/redstart-page target/page
