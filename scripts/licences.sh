#!/usr/bin/env bash
# Owns the licences of what is in a release beside our own code: prints the crates of the component, and with the argument host
# also those of the host on this system, each with its licence in SPDX's words, and every text that they come with, once.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# crates OPTION…: `name version licence` of what is linked; not what only runs while compiling, nor what is ours.
crates() {
    cargo tree --locked --edges normal,no-proc-macro --prefix none --format '{p}|{l}' "$@" |
        sed -E 's/ \(\*\)$//; /^[^|]*\(\//d; s/^([^ ]+) v([^ |]+)[^|]*\|/\1 \2 /'
}

{
    crates -p redstart --target "$wasm_target" --all-features
    case ${1:-} in
        host) crates -p redstart-host ;;
        '') ;;
        *) fail "licences.sh knows host, not $1" ;;
    esac
} | LC_ALL=C sort -u >"$work/crates"
[ -s "$work/crates" ] || fail "No crate was found."

while read -r name version _; do
    for file in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$version"/*; do
        [ -f "$file" ] || continue
        # In both spellings, and with any ending.
        [[ $(basename "$file" | tr '[:lower:]' '[:upper:]') =~ ^(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE) ]] || continue
        text=$work/$(cksum <"$file" | tr ' ' -)
        cp "$file" "$text.text"
        printf '%s %s\n' "$name" "$version" >>"$text.names"
    done
done <"$work/crates"

printf 'Redstart is under Apache-2.0 (LICENSE). In it are the Rust standard library (MIT OR Apache-2.0) and these crates:\n\n'
sed 's/^/    /' "$work/crates"
printf '\nThe texts that they come with, each once, and whose it is:\n'
# In an order of their own, not in that of the sums.
for names in "$work"/*.names; do
    LC_ALL=C sort -u -o "$names" "$names"
    printf '%s\t%s\n' "$(awk 'NR == 1' "$names")" "$names"
done | LC_ALL=C sort | cut -f 2 | while read -r names; do
    printf '\n%s\n\n' "$(printf '=%.0s' {1..100})"
    sed 's/^/    /' "$names"
    printf '\n'
    cat "${names%.names}.text"
done
