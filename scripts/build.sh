#!/usr/bin/env bash
# Owns what is built. For `make up` and `make test` alike: the component, and the host in the one optimised profile that the
# tests share, so that wasmtime is compiled once; with it, the files of the API page. For the tests alone there is a component
# that does what none must; for those who are given the host, and for `make bench`, one that takes longer to build. Arguments
# say which: component, component-p2, faulty, host, released-host, tests (the program of the component tests, under one name).

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

mkdir -p "$data"
for part in "$@"; do
    case $part in
        component)
            say "Building the component (about a minute the first time, then as needed)"
            cargo build --locked --release --target "$wasm_target" -p redstart
            ;;
        component-p2)
            say "Building the component of WASI 0.2 (about a minute the first time, then as needed)"
            # A folder of its own: the file has the same name.
            cargo build --locked --release --target "$wasm_target" --target-dir target/p2 -p redstart --no-default-features --features p2
            ;;
        faulty)
            say "Building the faulty component (seconds)"
            cargo build --locked --release --target "$wasm_target" -p redstart-faulty
            ;;
        host)
            scripts/native.sh
            say "Building the host and the files of the API page (about 6 minutes on two cores the first time: wasmtime; then as needed)"
            # The whole workspace is named so that its dependencies get the features that `cargo test --workspace` gives
            # them: with `-p redstart-host` some differ, and wasmtime would be compiled a second time. --bins: only the host.
            cargo build --locked --profile native --workspace --bins
            target/native/redstart-page target/page
            ;;
        released-host)
            scripts/released-host.sh
            ;;
        tests)
            say "Building the component tests (minutes)"
            # What cargo says last is where it put them, under a name that changes.
            CARGO_TERM_COLOR=never cargo test --locked --profile native --workspace --test component --no-run 2>&1 | tee "$data/tests.log" >&2
            made=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' "$data/tests.log")
            [ -n "$made" ] || fail "cargo does not say where the component tests are (.data/tests.log)."
            mkdir -p target/native/spin-test
            ln -f "$made" target/native/spin-test/component
            ;;
        *) fail "build.sh knows component, component-p2, faulty, host, released-host and tests, not $part" ;;
    esac
done
