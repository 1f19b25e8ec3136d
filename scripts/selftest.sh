#!/usr/bin/env bash
# Tests what in these scripts can be wrong without being noticed: reading REDSTART_REDIS_URL and runtime-config.toml.

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

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

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
