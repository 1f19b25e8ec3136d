#!/usr/bin/env bash
# Whether the host in this container answers /healthz with 200; the image has neither curl nor wget.
set -eu
address=${SPIN_HTTP_LISTEN_ADDR:-127.0.0.1:3000}
exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
