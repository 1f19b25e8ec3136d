#!/bin/sh
# Whether Redis serves. While it loads its data it does not. One that has another password than the file is no reason to
# take it from those who know the right one: a password may be changed in any order.
REDISCLI_AUTH=$(cat "$SECRETS/redis-password")
export REDISCLI_AUTH
case $(redis-cli -p "${1:-6379}" ping 2>&1) in
    PONG | *NOAUTH* | *WRONGPASS*) exit 0 ;;
    *) exit 1 ;;
esac
