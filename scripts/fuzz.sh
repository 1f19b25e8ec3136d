#!/usr/bin/env bash
# Owns `make fuzz`: looks with libFuzzer for inputs for which a property of tests/properties does not hold, one target after
# the other. It begins with fuzz/corpus, and with what it found before, of which it keeps the fewest inputs that reach as far
# in .data/fuzz. An input for which a property does not hold stays in fuzz/artifacts. Environment:
#   REDSTART_FUZZ_SECONDS  how long for each target (default: 60)
#   REDSTART_FUZZ_TARGETS  which targets (default: all of fuzz/targets)

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_cargo
not_run() {
    printf 'NOT RUN: fuzz: %s\n' "$1"
    exit 1
}

rustup run nightly cargo --version >/dev/null 2>&1 || not_run "there is no nightly Rust (rustup toolchain install nightly)"
have c++ || not_run "there is no C++ compiler, which libFuzzer needs"
cargo_fuzz=$(scripts/cargo-fuzz.sh) || not_run "cargo-fuzz is not installed and could not be built"
host=$(rustc -vV | awk '/^host: / { print $2 }')
seconds=${REDSTART_FUZZ_SECONDS:-60}
targets=${REDSTART_FUZZ_TARGETS:-$(cd fuzz/targets && for file in *.rs; do printf '%s ' "${file%.rs}"; done)}
binaries=$data/fuzz/$host/release

say "Building the fuzz targets (two minutes on two cores the first time)"
rustup run nightly "$cargo_fuzz" fuzz build --target "$host" --target-dir "$data/fuzz" >&2

# fuzz TARGET OPTION…: runs the target itself, which needs no cargo.
fuzz() {
    local target=$1
    shift
    "$binaries/$target" -artifact_prefix="fuzz/artifacts/$target/" -timeout=10 -max_len=4096 -use_value_profile=1 "$@"
}

# keep TARGET: the fewest of the inputs found that reach as far as all of them.
keep() {
    local found=$data/fuzz/found/$1
    rm -rf "$found.new"
    mkdir "$found.new"
    if fuzz "$1" -merge=1 "$found.new" "$found" >"$data/fuzz/$1.merge.log" 2>&1; then
        rm -rf "$found"
        mv "$found.new" "$found"
    else
        fail "what was found for $1 could not be made small: see .data/fuzz/$1.merge.log"
    fi
}

failed=
for target in $targets; do
    log=$data/fuzz/$target.log
    found=$data/fuzz/found/$target
    mkdir -p "fuzz/artifacts/$target" "$found"
    say "Fuzzing $target for $seconds s"
    # It writes what it finds into the first folder, and reads both.
    options=(-max_total_time="$seconds")
    [ ! -r "fuzz/dictionaries/$target" ] || options+=(-dict="fuzz/dictionaries/$target")
    if fuzz "$target" "${options[@]}" "$found" "fuzz/corpus/$target" >"$log" 2>&1; then
        grep -w DONE "$log"
        keep "$target"
    else
        failed="$failed $target"
        sed -n '/panicked at/,/^stack backtrace/p; /^SUMMARY/p; /Test unit written/p' "$log"
    fi
done
[ -z "$failed" ] || fail "a property does not hold:$failed. The inputs are in fuzz/artifacts; mend it, and keep each as a test."
