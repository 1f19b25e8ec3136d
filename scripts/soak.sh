#!/usr/bin/env bash
# Owns `make soak`: the set-up of `make up`, then a mixed load while Redis goes away at random, in every way. At the end each
# acknowledged write has to be there, and the host's memory has to have stopped growing; it prints the figures.
# Environment:
#   REDSTART_SOAK_SECONDS  how long (default: 600)
#   REDSTART_SOAK_SEED     the seed of an earlier run, for the same faults in the same order

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_cargo
scripts/wasm-target.sh
redis_server=$(scripts/redis.sh)
scripts/build.sh component host
REDIS_SERVER=$redis_server cargo test --locked --profile native --workspace --test component -- --ignored --nocapture \
    --exact soak::through_all_faults_nothing_acknowledged_is_lost_and_memory_stops_growing
