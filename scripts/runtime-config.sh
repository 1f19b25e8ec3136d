# The runtime configuration, as `make up` needs it: reading the local secrets from runtime-config.toml, and writing one
# for a Redis named by REDSTART_REDIS_URL. Sourced by up.sh after lib.sh.
# shellcheck shell=bash disable=SC2034,SC2154 # root is lib.sh's; the redis_… are for up.sh

# static_value NAME: the variable's text in runtime-config.toml, empty when it has none. This is no TOML parser: it reads
# `name = "text"` and `name = 'text'`, on a line of its own or in an inline table, without escapes.
static_value() {
    [ -r "$root/runtime-config.toml" ] || fail "runtime-config.toml is missing: it holds the local password and tokens."
    sed -nE -e '/^[[:space:]]*#/d' \
        -e "s/^(.*[{,[:space:]])?$1[[:space:]]*=[[:space:]]*\"([^\"\\]*)\".*/\\2/p" \
        -e "s/^(.*[{,[:space:]])?$1[[:space:]]*=[[:space:]]*'([^']*)'.*/\\2/p" \
        "$root/runtime-config.toml" | awk 'NR == 1'
}

# percent_decode TEXT: into $decoded. Fails on an incomplete escape, and on control characters, which no name or password has.
percent_decode() {
    local rest=$1
    decoded=
    while [[ $rest == *%* ]]; do
        decoded+=${rest%%\%*}
        rest=${rest#*%}
        [[ $rest =~ ^[0-9A-Fa-f]{2} ]] && [ "${rest:0:2}" != 00 ] || return 1
        # shellcheck disable=SC2059 # the format is the escape
        decoded+=$(printf "\\x${rest:0:2}.")
        decoded=${decoded%.}
        rest=${rest:2}
    done
    decoded+=$rest
    ! [[ $decoded == *[[:cntrl:]]* ]]
}

# parse_redis_url URL: redis[s]://[user[:password]@]host[:port][/database], into $redis_host and so on.
# Its errors name the part that is wrong and never show the URL: it holds a password.
parse_redis_url() {
    local what='REDSTART_REDIS_URL' shape='It reads redis://user:password@host:6379/0 (rediss:// for TLS); user, password, port and database may be left out.'
    local rest=$1 authority userinfo scheme
    case $rest in
        redis://*) scheme=redis redis_tls=false ;;
        rediss://*) scheme=rediss redis_tls=true ;;
        *) fail "$what does not start with redis:// or rediss://." "$shape" ;;
    esac
    rest=${rest#*://}
    authority=${rest%%/*}
    redis_database=
    if [ "$authority" != "$rest" ]; then redis_database=${rest#*/}; fi
    [[ $redis_database =~ ^[0-9]*$ ]] || fail "$what: the database, after the last slash, is not a number." \
        "$shape" "A slash, ?, # or @ within the password is written as %2F, %3F, %23 or %40."

    redis_username='' redis_password=''
    if [[ $authority == *@* ]]; then
        userinfo=${authority%@*}
        authority=${authority##*@}
        percent_decode "${userinfo%%:*}" || fail "$what: the user is not percent-encoded properly." "$shape"
        redis_username=$decoded
        if [[ $userinfo == *:* ]]; then
            percent_decode "${userinfo#*:}" || fail "$what: the password is not percent-encoded properly." "$shape"
            redis_password=$decoded
        fi
    fi

    [[ $authority =~ ^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:([0-9]{1,5}))?$ ]] ||
        fail "$what: the part after // (or after the @) is not host or host:port." "$shape"
    redis_host=${BASH_REMATCH[1]}
    redis_port=${BASH_REMATCH[3]:-6379}
    if [ "$redis_port" -lt 1 ] || [ "$redis_port" -gt 65535 ]; then
        fail "$what: the port is not between 1 and 65535." "$shape"
    fi
    redis_port=$((10#$redis_port))
    redis_allowed=$scheme://$redis_host:$redis_port
}

# toml_entry NAME VALUE: one line of a TOML table.
toml_entry() {
    local value=${2//\\/\\\\}
    printf '%s = "%s"\n' "$1" "${value//\"/\\\"}"
}

# write_runtime_config FILE: what parse_redis_url found, with the tokens of runtime-config.toml. Readable by its owner only.
write_runtime_config() {
    local name
    (
        umask 077
        {
            printf '# Written by make up from REDSTART_REDIS_URL; replaced at each start. Holds secrets.\n'
            printf '[[variables_provider]]\ntype = "static"\n\n[variables_provider.values]\n'
            for name in redis_host redis_port redis_username redis_password redis_database redis_tls redis_allowed; do
                toml_entry "$name" "${!name}"
            done
            for name in api_token api_read_only_token api_tokens; do
                toml_entry "$name" "$(static_value "$name")"
            done
        } >"$1.tmp"
    )
    mv "$1.tmp" "$1"
}
