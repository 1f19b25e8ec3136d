# The processes that `make up` starts: each in a process group of its own, so that Ctrl-C reaches only the script, which
# then ends them in the right order (the host drains while Redis is still there). Sourced by up.sh after lib.sh.
# shellcheck shell=bash disable=SC2154 # data is lib.sh's

children= # their names, the one started last first
stopped=  # how a signal ended us

trap 'end_children' EXIT
trap 'stopped=130; exit 130' INT
trap 'stopped=143; exit 143' TERM
trap 'stopped=129; exit 129' HUP

# start_child NAME COMMAND…: in the background; its process id is in $NAME_pid.
start_child() {
    local name=$1
    shift
    set -m # a process group of its own
    "$@" </dev/null &
    set +m
    eval "${name}_pid=$!"
    children="$name $children"
}

child_pid() { eval "printf '%s' \"\$${1}_pid\""; }

alive() { kill -0 "$(child_pid "$1")" 2>/dev/null; }

gone() { ! alive "$1"; }

# settled NAME PROBE…: whether the probe succeeds, or the child has ended and waiting is pointless.
settled() {
    gone "$1" || "${@:2}"
}

# require_children: ends the script with what is known when a child has ended by itself.
require_children() {
    local name status
    for name in $children; do
        if alive "$name"; then continue; fi
        status=0
        wait "$(child_pid "$name")" || status=$?
        if [ "$name" = redis ]; then
            fail "Redis ended by itself (status $status). The end of .data/redis.log:" $'\n'"$(tail -n 15 "$data/redis.log")"
        fi
        fail "The host ended by itself (status $status); what it said is above."
    done
}

# watch_children: stays until a signal ends the script or a child ends by itself.
watch_children() {
    watching=yes
    while true; do
        require_children
        sleep 0.3
    done
}

# end_children: SIGTERM, then patience: the host drains its requests, Redis saves its data.
end_children() {
    local status=$? name
    trap '' INT TERM HUP
    for name in $children; do
        if gone "$name"; then continue; fi
        say "Stopping $name"
        # Any of these may fail because it has just ended by itself.
        kill -TERM "$(child_pid "$name")" 2>/dev/null || true
        if ! wait_until 60 gone "$name"; then
            say "$name is still there after a minute; killing it"
            kill -KILL "$(child_pid "$name")" 2>/dev/null || true
        fi
        wait "$(child_pid "$name")" 2>/dev/null || true
    done
    # Ctrl-C and SIGTERM are the ordinary ways to end what is up.
    if [ -n "$stopped" ] && [ -n "${watching:-}" ]; then exit 0; fi
    exit "$status"
}
