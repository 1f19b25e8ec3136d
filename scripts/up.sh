#!/usr/bin/env bash
# Owns `make up`: from a checkout to an API that answers, and back to nothing on Ctrl-C. Environment:
#   LISTEN               where the API listens (127.0.0.1:3000)
#   REDSTART_REDIS_PORT  where the Redis that this starts listens (the port of redis/redis.conf)
#   REDSTART_REDIS_URL   a Redis to use instead of starting one: redis://user:password@host:6379/0, rediss:// for TLS
#   REDIS_SERVER         the redis-server to start (what scripts/redis.sh finds)

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/runtime-config.sh
. "$root/scripts/runtime-config.sh"
# shellcheck source=scripts/children.sh
. "$root/scripts/children.sh"

# --- what is asked for; wrong values and ports in use end it before anything is built ---

listen=${LISTEN:-127.0.0.1:3000}
[[ $listen =~ ^(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]+$ ]] || fail "LISTEN=$listen is not address:port, such as 127.0.0.1:3000."
api_port=${listen##*:}
case ${listen%:*} in
    0.0.0.0) api_host=127.0.0.1 ;;
    '[::]') api_host='[::1]' ;;
    *) api_host=${listen%:*} ;;
esac
if listens "$(unbracket "$api_host")" "$api_port"; then
    fail "Something already listens on $api_host:$api_port." "Stop it, or choose another port: LISTEN=127.0.0.1:4000 make up"
fi

host_options=()
if [ -n "${REDSTART_REDIS_URL:-}" ]; then
    parse_redis_url "$REDSTART_REDIS_URL"
    runtime_config=$data/runtime-config.toml
    redis_name="Redis at $redis_host:$redis_port"
else
    redis_host=127.0.0.1
    redis_port=${REDSTART_REDIS_PORT:-$(awk '$1 == "port" { print $2 }' redis/redis.conf)}
    redis_password=$(static_value redis_password)
    runtime_config=runtime-config.toml
    redis_name="Redis on port $redis_port, its data in .data/redis"
    [[ $redis_port =~ ^[0-9]+$ ]] || fail "REDSTART_REDIS_PORT=$redis_port is not a port."
    [ -n "$redis_password" ] || fail "runtime-config.toml gives no redis_password, and Redis is not started without one."
    if listens "$redis_host" "$redis_port"; then
        fail "Something already listens on $redis_host:$redis_port, where Redis would." \
            "Stop it, or choose another port: REDSTART_REDIS_PORT=6390 make up" \
            "Or use the Redis that listens there: REDSTART_REDIS_URL=redis://user:password@$redis_host:$redis_port make up"
    fi
    if [ -n "${REDSTART_REDIS_PORT:-}" ]; then host_options+=(--variable "redis_port=$redis_port"); fi
fi

# --- set up and build ---

scripts/wasm-target.sh
if [ -z "${REDSTART_REDIS_URL:-}" ]; then redis_server=$(scripts/redis.sh); fi
scripts/build.sh component host
mkdir -p "$data"

# --- start ---

# redis_config: redis/redis.conf with this run's port and password, for the server's standard input.
redis_config() {
    local password=${redis_password//\\/\\\\}
    cat redis/redis.conf
    printf 'port %s\nrequirepass "%s"\n' "$redis_port" "${password//\"/\\\"}"
}

# redis_answers: whether the Redis that was started lets us in and has loaded its data.
redis_answers() (
    LC_ALL=C # ${#…} counts bytes
    exec 3<>"/dev/tcp/$redis_host/$redis_port" || exit 1
    # shellcheck disable=SC2016 # the dollars are Redis's protocol
    printf '*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n*1\r\n$4\r\nPING\r\n' "${#redis_password}" "$redis_password" >&3
    read -r -t 5 reply <&3 && [ "$reply" = $'+OK\r' ] && read -r -t 5 reply <&3 && [ "$reply" = $'+PONG\r' ]
) 2>/dev/null

# api_ready: the status and the body of /readyz, into $ready; whether it is 200.
api_ready() {
    ready=$(
        exec 2>/dev/null 3<>"/dev/tcp/$(unbracket "$api_host")/$api_port" || exit 1
        printf 'GET /readyz HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$api_host" "$api_port" >&3
        tr -d '\r' <&3
    ) || return 1
    [[ $ready == 'HTTP/1.1 200 '* ]]
}

if [ -n "${REDSTART_REDIS_URL:-}" ]; then
    write_runtime_config "$runtime_config"
else
    say "Starting Redis"
    (umask 077 && mkdir -p "$data/redis")
    start_redis() { exec "$redis_server" - < <(redis_config) >"$data/redis.log" 2>&1; }
    start_child redis start_redis
    wait_until 60 settled redis redis_answers || fail "Redis has not answered within a minute; its log is .data/redis.log."
    require_children
fi

say "Starting the host"
start_child host target/native/redstart-host --runtime-config-file "$runtime_config" --listen "$listen" \
    ${host_options[@]+"${host_options[@]}"}
wait_until 60 settled host listens "$(unbracket "$api_host")" "$api_port" ||
    fail "The host has not listened on $listen within a minute."
require_children
# It answers from here on, and Redis is up: what is not ready soon has a reason, and each try is a line in the log.
poll=1 wait_until 5 settled host api_ready ||
    fail "The API is not ready. /readyz answers:" "${ready:-nothing}" "The log above says more."
require_children

# --- up ---

url=http://$api_host:$api_port
token=$(static_value api_token)
case $token in
    local-only-*) bearer="'Authorization: Bearer $token'" ;;
    *) bearer="\"Authorization: Bearer \$TOKEN\"" ;; # a real secret is not ours to print
esac
say "Up: $url ($redis_name). Ctrl-C stops it."
printf '\nStore a string, and read it:\n\n'
if [[ $bearer == *\$TOKEN* ]]; then printf "  TOKEN=…   # the api_token of runtime-config.toml\n"; fi
printf "  curl -X PUT %s/v1/strings/greeting -H %s -H 'Content-Type: application/json' -d '{\"value\":\"hello\"}'\n" "$url" "$bearer"
printf '  curl %s/v1/strings/greeting -H %s\n\n' "$url" "$bearer"
printf 'Each call, to read about and to try: %s/docs\n\n' "$url"

watch_children
