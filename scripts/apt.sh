# Debian's packages, in two ways: installed by root, or only read, without changing the machine (own package lists, own
# cache, no hooks). Sourced after lib.sh. Servers and keys are those of the machine's own apt configuration.
# shellcheck shell=bash

# install_packages NAME…: as root. The machine's package lists may be missing or too old to download from; they are read
# again only then.
install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >&2 ||
        { apt-get -qq update >&2 && apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" >&2; }
}

# install_service PACKAGE: as root, without the service of the same name that the package would start now and at each boot.
install_service() (
    policy=/usr/sbin/policy-rc.d
    # Debian's way to say "start no services"; a policy that the machine already has is left alone.
    if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    install_packages "$1" || exit 1
    if have systemctl; then systemctl disable --quiet "$1" >&2 || true; fi
)

# private_apt DIR: from here on every apt command of this script keeps its state in DIR.
# The machine's settings (a proxy, for example) stay, without the hooks that belong to its package lists.
private_apt() {
    apt_dir=$1
    mkdir -p "$apt_dir/etc" "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial" "$apt_dir/packages"
    (
        umask 077
        # grep fails where nothing is left, which is fine.
        apt-config dump | grep -vE '^(Dir|APT::Update|APT::Sandbox|DPkg)\b' >"$apt_dir/apt.conf" || true
        cat >>"$apt_dir/apt.conf" <<CONF
Dir::Etc::parts "$apt_dir/etc";
Dir::Etc::main "apt.conf.none";
Dir::State::lists "$apt_dir/lists";
Dir::Cache "$apt_dir/cache";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
CONF
        # Root would hand downloads to the user _apt, who may not write here.
        printf 'APT::Sandbox::User "%s";\n' "$(id -un)" >>"$apt_dir/apt.conf"
    )
    export APT_CONFIG=$apt_dir/apt.conf
}

# distribution KEY: a field of os-release, such as ID or VERSION_CODENAME; empty where there is none.
distribution() {
    # shellcheck disable=SC1091
    (. /etc/os-release 2>/dev/null && eval "printf '%s' \"\${$1:-}\"") || true
}

# configured_suites: "URI SUITE" for each repository that the machine is configured to use.
configured_suites() {
    apt-get --print-uris update 2>/dev/null |
        sed -nE "s#^'(.*)/dists/([^']*)/(In)?Release'.*#\\1 \\2#p" | awk '!seen[$0]++'
}

# use_suite URI SUITE: makes that suite the only one that apt sees, and reads its package list.
# apt checks the signature with the distribution's own keys; a suite without a valid one fails here.
use_suite() {
    local keyring options=
    keyring=/usr/share/keyrings/$(distribution ID)-archive-keyring.gpg
    if [ -r "$keyring" ]; then options="[signed-by=$keyring] "; fi
    printf 'deb %s%s %s main\n' "$options" "$1" "$2" >"$apt_dir/sources.list"
    {
        printf 'Dir::Etc::sourcelist "%s";\n' "$apt_dir/sources.list"
        printf 'Dir::Etc::sourceparts "%s";\n' "$apt_dir/etc"
    } >"$apt_dir/suite.conf"
    apt-get -c "$apt_dir/suite.conf" update >"$apt_dir/update.log" 2>&1
}

# versions PACKAGE: the versions that the suite in use has, newest first.
versions() {
    apt-cache -c "$apt_dir/suite.conf" madison "$1" 2>/dev/null | awk -F' *[|] *' '{ print $2 }'
}

# download SPEC…: fetches packages (NAME or NAME=VERSION) into $apt_dir/packages; more apt options may precede them.
download() {
    (cd "$apt_dir/packages" && apt-get -q "$@" >"$apt_dir/download.log" 2>&1)
}
