#!/bin/sh
# Starts Redis: start.sh CONFIGURATION. Its password is what stands in $SECRETS/redis-password, and while it is being changed
# in $SECRETS/redis-password-previous as well. Redis gets the SHA-256 of it on its standard input: no command line and no
# file holds it, and none of its characters needs quoting.
set -eu

fail() {
    echo "start.sh: $1" >&2
    exit 1
}

[ -s "$SECRETS/redis-password" ] || fail "redis-password is missing or empty: set it, Redis does not start without one"
digests=
for file in "$SECRETS/redis-password" "$SECRETS/redis-password-previous"; do
    [ -s "$file" ] || continue
    # Redstart takes the file as it is, and would send the line break, too.
    [ "$(wc -l <"$file")" = 0 ] || fail "$file has a line break: write it with printf %s"
    digests="$digests #$(sha256sum <"$file" | cut -c 1-64)"
done

exec redis-server "$1" - <<EOF
user default on$digests ~* &* +@all
EOF
