#!/usr/bin/env bash
# Owns finding Chromium, and what drives it for the tests of the API page: Node.js and playwright-core, which goes to
# .data/browser as tests/browser/package-lock.json says. Prints Chromium's path on stdout. As root on Debian, apt installs
# what is missing; CHROMIUM names another browser of that family.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

find_chromium() {
    chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
}

find_chromium
missing=
[ -n "$chromium" ] || missing=chromium
have node || missing="$missing nodejs"
have npm || missing="$missing npm"
if [ -n "$missing" ]; then
    if ! have apt-get || [ "$(id -u)" != 0 ]; then
        fail "The browser tests need Chromium and Node.js with npm; missing: $missing."
    fi
    say "Installing for the browser tests: $missing (a minute or two)"
    # shellcheck disable=SC2086 # a list of package names
    install_packages $missing
    find_chromium
fi
"$chromium" --version >/dev/null 2>&1 || fail "$chromium does not run."
node --eval 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || fail "Node.js is older than 18."

modules=$data/browser
if ! cmp -s tests/browser/package-lock.json "$modules/package-lock.json"; then
    say "Installing playwright-core into .data/browser (seconds)"
    # Under its name only when it is whole.
    rm -rf "$modules" "$modules.new"
    mkdir -p "$modules.new"
    cp tests/browser/package.json tests/browser/package-lock.json "$modules.new"
    (cd "$modules.new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >&2)
    mv "$modules.new" "$modules"
fi
printf '%s\n' "$chromium"
