#!/usr/bin/env bash
# Owns `make bench`: the set-up of `make up`, wrk and the peers, then bench/bench.py, which measures all of them in turn and
# writes what came of it to bench/results (bench/README.md). A peer that cannot be had is reported as NOT RUN, and fails the
# run where CI=true. BENCH=growth needs no peers. Environment:
#   BENCH  quick: under two minutes; growth: Redstart alone, as its work grows, and its start, under ten (default: full, under ten)

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

plan=${BENCH:-full}
case $plan in
    full | quick | growth) ;;
    *) fail "BENCH=$plan is none of full, quick and growth." ;;
esac
[ "$(uname -s)" = Linux ] || fail "The measurements read CPU time and memory from /proc, which only Linux has."

need_cargo
need_python
need_wrk

scripts/wasm-target.sh
redis_server=$(scripts/redis.sh)
scripts/build.sh component released-host

options=(--plan "$plan" --wrk "$(command -v wrk)" --results bench/results)
options+=(--program "redis=$redis_server" --program redstart=target/lto/redstart-host)

# measure FILES: with so many open files allowed to each process, where the system lets them be.
measure() {
    ulimit -n "$1" 2>/dev/null || true
    PYTHONDONTWRITEBYTECODE=1 exec python3 bench/bench.py "${options[@]}"
}

# Each connection is a file for wrk and for the server. Where no more are allowed, 5,000 connections are NOT RUN.
if [ "$plan" = growth ]; then measure 16384; fi

# --- the peers ---

if ! have webdis && installable webdis; then
    say "Installing webdis from the system's packages (seconds)"
    # Without it there is a peer less, which is said below.
    install_server webdis || true
fi
if have webdis; then
    options+=(--program "webdis=$(command -v webdis)")
else
    options+=(--not-run "webdis=it is not installed, and could not be")
fi

say "Building the peer in Rust (two minutes on two cores the first time)"
if cargo build --locked --release --manifest-path bench/axum/Cargo.toml --target-dir target/bench; then
    options+=(--program axum=target/bench/release/bench-axum)
else
    options+=(--not-run "axum=it could not be built")
fi

# A condition switches `set -e` off, and in it half an installation would count.
fastapi=$data/bench/fastapi
if bash -c '. scripts/lib.sh; . scripts/packages.sh; install_venv bench/fastapi "$1"' - "$fastapi"; then
    options+=(--program "fastapi=$fastapi/bin/python")
else
    options+=(--not-run "fastapi=its packages could not be installed")
fi

# Where no more are allowed, the measurement of 256 connections fails and says so.
measure 4096
