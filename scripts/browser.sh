#!/usr/bin/env bash
# Owns finding Chromium, and what drives it for the tests of the API page: Node.js and playwright-core, which goes to
# .data/browser as tests/browser/package-lock.json says. Prints Chromium's path on stdout. The system's package
# manager installs what is missing; CHROMIUM names another browser of that family.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/packages.sh
. "$root/scripts/packages.sh"

find_chromium() {
    chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
}

find_chromium
if [ -z "$chromium" ] && installable chromium; then
    say "Installing Chromium from the system's packages (a minute or two)"
    install_needs chromium
    find_chromium
fi
[ -n "$chromium" ] || fail "Chromium is not installed."
"$chromium" --version >/dev/null 2>&1 || fail "$chromium does not run."
need_node
install_modules tests/browser "$data/browser"
printf '%s\n' "$chromium"
