#!/usr/bin/env bash
# Owns the plugin `spin test` for this machine: an archive with the host under the plugin's name, and the manifest with its sum, in
# target/spin-plugin. Prints how to install it.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

host=target/native/redstart-host
[ -x "$host" ] || fail "There is no $host." "Build it first: scripts/build.sh host"

case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=macos ;;
    *) fail "Spin has no plugins for $(uname -s)." ;;
esac
case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=aarch64 ;;
    *) fail "Spin has no plugins for $(uname -m)." ;;
esac

folder=target/spin-plugin
mkdir -p "$folder/packed"
cp "$host" "$folder/packed/test"
cp LICENSE "$folder/packed/test.license"
archive=$root/$folder/test.tar.gz
tar -C "$folder/packed" -czf "$archive" test test.license
if have sha256sum; then sum=$(sha256sum "$archive"); else sum=$(shasum -a 256 "$archive"); fi
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)

sed -e "s|@VERSION@|$version|; s|@OS@|$os|; s|@ARCH@|$arch|; s|@ARCHIVE@|$archive|; s|@SHA256@|${sum%% *}|" \
    deploy/spin-plugin/test.json.in >"$folder/test.json"
say "Install it: spin plugins install --yes --file $folder/test.json"
