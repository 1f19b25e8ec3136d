# The system's packages: which of them give what these scripts need, for each package manager, and how each manager is asked.
# apt, dnf and apk install as root, brew as anybody but root, whom it refuses. Sourced after lib.sh.
# Tried on Debian; on Fedora, Alpine and macOS not: with stand-ins for dnf, apk and brew only (scripts/selftest.sh).
# shellcheck shell=bash disable=SC2154 # root is lib.sh's

# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

# A comma joins the packages of one need. `-` is where the manager has none that puts the program on PATH: the compiler of
# macOS is Apple's, Homebrew's browsers are apps, webdis is not packaged everywhere. Fedora's redis is Valkey by now.
package_table='
need       apt                  dnf                 apk           brew
compiler   gcc                  gcc                 build-base    -
pkg-config pkg-config           pkgconf-pkg-config  pkgconf       pkgconf
openssl    libssl-dev           openssl-devel       openssl-dev   openssl@3
redis      redis-server         redis               redis         redis
node       nodejs,npm           nodejs,npm          nodejs,npm    node
python     python3,python3-venv python3             python3       python
chromium   chromium             chromium            chromium      -
wrk        wrk                  wrk                 wrk           wrk
profdata   llvm-19              llvm                -             -
webdis     webdis               -                   -             webdis
'

# package_names MANAGER NEED…: on one line; fails where the manager has none for one of them.
package_names() {
    local manager=$1
    shift
    awk -v manager="$manager" -v needs="$*" '
        $1 == "need" { for (i = 2; i <= NF; i++) if ($i == manager) column = i }
        column && NF { of[$1] = $column }
        END {
            count = split(needs, need, " ")
            for (i = 1; i <= count; i++) {
                if (of[need[i]] == "" || of[need[i]] == "-") exit 1
                line = line (i > 1 ? " " : "") of[need[i]]
            }
            gsub(",", " ", line)
            print line
        }' <<<"$package_table"
}

# package_manager: the one that this user may install with; nothing where there is none.
package_manager() {
    if [ "$(id -u)" != 0 ]; then
        if have brew; then printf 'brew\n'; fi
    elif have apt-get; then
        printf 'apt\n'
    elif have dnf; then
        printf 'dnf\n'
    elif have apk; then
        printf 'apk\n'
    fi
}

# installable NEED…: whether all of it can be installed here, by this user.
installable() {
    local manager
    manager=$(package_manager)
    [ -n "$manager" ] && package_names "$manager" "$@" >/dev/null
}

# install_needs NEED…
install_needs() {
    local manager names
    manager=$(package_manager)
    names=$(package_names "$manager" "$@") || return 1
    # shellcheck disable=SC2086 # lists of package names
    case $manager in
        apt) install_packages $names ;;
        dnf) dnf --quiet --assumeyes --setopt=install_weak_deps=False install $names >&2 ;;
        apk) apk add --quiet --update-cache $names >&2 ;;
        brew) brew install --quiet $names >&2 ;;
    esac
}

# install_server NEED: without a service of it that runs now and at each boot. Only Debian's packages would start one.
install_server() {
    if [ "$(package_manager)" = apt ]; then
        install_service "$(package_names apt "$1")"
    else
        install_needs "$1"
    fi
}

# install_command MANAGER NEED…: what to type.
install_command() {
    local command=install manager=$1
    case $manager in
        apt) manager=apt-get ;;
        apk) command=add ;;
    esac
    printf '%s %s %s\n' "$manager" "$command" "$(package_names "$@")"
}
