#!/usr/bin/env bash
# Owns what a release says: prints what CHANGELOG.md has under the version of the tag that is its argument (v1.2.3). Fails where
# the tag, Cargo.toml and the manifests of Spin name different versions, or the changelog does not have that version.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tag=${1:-}
[[ $tag =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "${tag:-nothing} is no tag of a release, such as v1.2.3."
version=${tag#v}

# version_in FILE: the first that it names.
version_in() { sed -nE 's/^version = "(.*)"$/\1/p' "$1" | awk 'NR == 1'; }

for file in Cargo.toml spin.toml spin.p2.toml; do
    [ "$(version_in "$file")" = "$version" ] || fail "The tag is $tag, but $file has version $(version_in "$file")."
done

# The heading is `## 1.2.3`, with the date behind it or not, in brackets or not.
notes=$(awk -v version="$version" '
    /^## / { heading = $2; gsub(/[][]/, "", heading); inside = heading == version; next }
    inside' CHANGELOG.md)
[ -n "$notes" ] || fail "CHANGELOG.md says nothing under version $version."
# The blank line after the heading is not part of it.
printf '%s\n' "$notes" | awk 'NF { begun = 1 } begun'
