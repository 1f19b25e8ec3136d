#!/usr/bin/env bash
# Owns `make test`: the set-up of `make up`, then every check and test, in stages that all run even if one fails.
# A stage whose tool cannot be had is reported as NOT RUN, and fails the run where CI=true. The last line is the number
# of tests, `N passed, N failed`; the exit status says whether everything was in order.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

need_cargo
mkdir -p "$data"
test_log=$data/test.log
: >"$test_log"

summary= # one line a stage
failed=  # whether anything was not in order

# stage NAME COMMAND…: never fails itself, so that the next one runs; how it went is in $stage_result.
stage() {
    local name=$1 start=$SECONDS result=ok
    shift
    printf '\n--- %s ---\n' "$name"
    "$@" || result=FAILED
    if [ "$result" != ok ]; then failed=yes; fi
    printf -- '--- %s: %s, %d s ---\n' "$name" "$result" "$((SECONDS - start))"
    summary+=$(printf '%-8s %-12s %4d s' "$result" "$name" "$((SECONDS - start))")$'\n'
    stage_result=$result
}

# not_run NAME REASON
not_run() {
    local line="NOT RUN: $1: $2"
    printf '\n%s\n' "$line"
    summary+=$line$'\n'
    if [ "${CI:-}" = true ]; then failed=yes; fi
}

# --- the stages; `&&` throughout, since bash does not stop at errors inside a condition ---

check_scripts() {
    local script
    for script in scripts/*.sh .ci/run deploy/healthz.sh; do bash -n "$script" || return 1; done
    if have shellcheck; then shellcheck -x scripts/*.sh .ci/run deploy/*.sh deploy/spinkube/*.sh || return 1; fi
    scripts/selftest.sh
}

# Both without the network.
workflows() {
    "$workflow_tools/bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/*.yml || return 1
    "$workflow_tools/bin/zizmor" --offline --quiet --min-severity medium .github/workflows
}

# The peer that `make bench` builds is a workspace of its own.
format() {
    local result=0
    cargo fmt --all --check || result=1
    cargo fmt --manifest-path bench/axum/Cargo.toml --check || result=1
    return $result
}

# All of them, so that one run shows all there is to mend: the workspace, and the component as what it becomes in each world.
clippy() {
    local result=0
    cargo clippy --locked --workspace --all-targets --profile native -- -D warnings || result=1
    if [ -n "$target" ]; then
        cargo clippy --locked -p redstart -p redstart-faulty --target "$wasm_target" --release -- -D warnings || result=1
        cargo clippy --locked -p redstart --target "$wasm_target" --release --target-dir target/p2 \
            --no-default-features --features p2 -- -D warnings || result=1
    fi
    return $result
}

docs() {
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --profile native
}

deny() {
    "$cargo_deny" --locked --workspace check --hide-inclusion-graph bans licenses sources || return 1
    if bounded 120 "$cargo_deny" fetch db >"$data/advisories.log" 2>&1; then
        "$cargo_deny" --locked --workspace check --hide-inclusion-graph --disable-fetch advisories
    else
        echo "Advisories were not checked: their database cannot be fetched from here (.data/advisories.log)."
        summary+="         (advisories were not checked: their database cannot be fetched from here)"$'\n'
    fi
}

# What a tool that is missing would have checked is said, as with advisories.
deploy() {
    local result=0
    env PYTHONDONTWRITEBYTECODE=1 REDIS_SERVER="$redis_server" \
        "$deploy_python" -m unittest discover --verbose --start-directory deploy/tests >"$data/deploy.log" 2>&1 || result=1
    if [ $result != 0 ]; then cat "$data/deploy.log"; else tail -n 3 "$data/deploy.log"; fi
    deploy_skipped=$(sed -nE "s/.* \.\.\. skipped ['\"](.*)['\"]$/\1/p" "$data/deploy.log" | sort -u)
    return $result
}

# tests OPTION…: which packages; counted from the log afterwards.
tests() {
    cargo test --locked --profile native --no-fail-fast "$@" 2>&1 | tee -a "$test_log"
}

# The component tests once more, against the build for WASI 0.2.
tests_p2() {
    SPIN_TEST_MANIFEST=spin.p2.toml tests --workspace --test component
}

# count passed|failed: over all test binaries.
count() {
    awk -v what="$1" '/^test result: / { for (i = 2; i <= NF; i++) if ($i ~ "^" what) n += $(i - 1) } END { print n + 0 }' "$test_log"
}

# test_with STAGE TOOL REASON TEST: a component test that needs a tool, and says what the tool says.
test_with() {
    if [ -n "$missing" ]; then
        not_run "$1" "$missing"
    elif [ -z "$2" ]; then
        not_run "$1" "$3, and it could not be installed"
    else
        stage "$1" ignored_test "$4"
    fi
}

# ignored_test NAME: a test of that name has to be there, and to pass. Two threads: with one, on one core, what the test
# prints stands between its name and `ok`.
ignored_test() {
    tests --workspace --test component -- --ignored --nocapture --test-threads 2 --exact "$1" && grep -q "^test $1 \.\.\. ok$" "$test_log"
}

# --- set-up ---

target=yes
scripts/wasm-target.sh || target=
scripts/native.sh
redis_server=$(scripts/redis.sh) || redis_server=
chromium=$(scripts/browser.sh) || chromium=
schemathesis=$(scripts/schemathesis.sh) || schemathesis=
node_clients=$(scripts/clients.sh node) || node_clients=
python_clients=$(scripts/clients.sh python) || python_clients=
deploy_python=$(scripts/deploy-python.sh) || deploy_python=
workflow_tools=$(scripts/workflows.sh) || workflow_tools=

# --- run ---

stage scripts check_scripts

if python_suits; then
    stage bench env PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --start-directory bench
else
    not_run bench "there is no Python 3.11 or newer"
fi

if [ -n "$deploy_python" ]; then
    deploy_skipped=
    stage deploy deploy
    if [ -n "$deploy_skipped" ]; then
        printf '\nNot checked in deploy/:\n%s\n' "$deploy_skipped"
        summary+=$(sed 's/^/         (not checked in deploy: /; s/$/)/' <<<"$deploy_skipped")$'\n'
    fi
else
    not_run deploy "there is no Python 3.11 or newer with PyYAML and jsonschema, and it could not be installed"
fi

if [ -n "$workflow_tools" ]; then
    stage workflows workflows
else
    not_run workflows "there is no check-jsonschema and no zizmor, and they could not be installed"
fi

if cargo fmt --version >/dev/null 2>&1; then
    stage format format
else
    not_run format "rustfmt is not installed"
fi

component=
if [ -z "$target" ]; then
    not_run component "Rust has no standard library for $wasm_target here"
else
    stage component scripts/build.sh component component-p2 faulty
    if [ "$stage_result" = ok ]; then component=yes; fi
fi

if cargo clippy --version >/dev/null 2>&1; then
    stage clippy clippy
else
    not_run clippy "clippy is not installed"
fi

stage docs docs

if cargo_deny=$(scripts/cargo-deny.sh); then
    stage deny deny
else
    not_run deny "cargo-deny is not installed and could not be built"
fi

stage host scripts/build.sh host

missing= # what the component tests lack
if [ -z "$component" ]; then
    missing="the component was not built"
elif [ "$stage_result" != ok ]; then
    missing="the host and the API page were not built"
elif [ -z "$redis_server" ]; then
    missing="there is no redis-server"
fi
if [ -z "$missing" ]; then
    export REDIS_SERVER=$redis_server CHROMIUM=$chromium SCHEMATHESIS=$schemathesis
    unset REDSTART_WASM # the tests are of what was built above
    # One test holds 1,000 connections; many systems allow 1024 files unless asked. Where they do not when asked either, that
    # test fails and says why.
    ulimit -n 4096 2>/dev/null || true
    stage tests tests --workspace
    stage tests-p2 tests_p2
else
    # What needs neither the component nor Redis still runs.
    stage "unit tests" tests --workspace --exclude redstart-tests
    not_run "component tests" "$missing"
fi
test_with browser "$chromium" "there is no Chromium with Node.js" docs::a_person_tries_each_call_in_a_browser
test_with schemathesis "$schemathesis" "there is no schemathesis" openapi::what_is_served_is_what_the_document_says
test_with javascript "$node_clients" "there is no Node.js with the Upstash client" clients::those_for_javascript_work_unchanged
test_with python "$python_clients" "there is no Python with the Upstash client" clients::those_for_python_work_unchanged

passed_tests=$(count passed)
failed_tests=$(count failed)
if [ "$passed_tests" = 0 ] || [ "$failed_tests" != 0 ]; then failed=yes; fi

printf '\n%s' "$summary"
if [ -n "$failed" ]; then printf 'Not everything is in order: see FAILED and NOT RUN above.\n'; fi
printf '%d passed, %d failed\n' "$passed_tests" "$failed_tests"
[ -z "$failed" ]
