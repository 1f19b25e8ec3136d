#!/usr/bin/env bash
# Owns `make dist`: what a release consists of, in dist/: the component of both versions of WASI, an archive that runs on this
# system, bills of materials (CycloneDX), licences, and SHA256SUMS. The same commit gives the same components in any folder, as
# long as system, Rust and standard library are the same: `scripts/dist.sh --check` builds them a second time, from a copy of the
# project in another folder, and compares them with those in dist/. Environment:
#   SOURCE_DATE_EPOCH         the time that the files of a release bear (default: that of the last commit)
#   REDSTART_DIST_COMPONENTS  a folder with components made elsewhere, to take instead of building them

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

dist=$root/dist
components="redstart.wasm redstart-p2.wasm"

# --- the components ---

cargo_home() { printf '%s\n' "${CARGO_HOME:-$HOME/.cargo}"; }

# remap FOLDER TO: for rustflags, as elements of a TOML array; with the folder's other name, where it is reached by a link.
remap() {
    local folder previous=
    for folder in "$1" "$(cd "$1" 2>/dev/null && pwd -P)"; do
        [[ $folder != *\'* ]] || fail "A release cannot be built in a folder whose path has a quote: $folder"
        if [ -n "$folder" ] && [ "$folder" != "$previous" ]; then printf "'--remap-path-prefix=%s=%s', " "$folder" "$2"; fi
        previous=$folder
    done
}

# remapped TREE TARGET: the flags under which no path of this machine gets into a component. The compiler takes the last that
# fits. They are not in .cargo/config.toml since they name paths of the machine.
remapped() {
    local folder
    remap "$1" /redstart
    remap "$2" /redstart/target
    remap "$(cargo_home)" /cargo
    # Their names depend on the registry's address, which a mirror changes.
    for folder in "$(cargo_home)"/registry/src/*/; do remap "${folder%/}" /cargo/registry; done
    # The sources of the standard library, where they are installed; else the compiler calls them that by itself.
    remap "$(rustc --print sysroot)/lib/rustlib/src/rust" "/rustc/$(rustc -vV | awk '/^commit-hash/ { print $2 }')"
}

# build_components TREE TARGET FOLDER: both components of the project in TREE, with cargo's output in TARGET, into FOLDER.
build_components() (
    tree=$1 target=$2 folder=$3
    cd "$tree" || exit
    # What a user set for all builds would be in the components, or take the place of the project's own flags.
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS
    unset RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_INCREMENTAL CARGO_BUILD_TARGET
    for name in $(compgen -e CARGO_PROFILE_RELEASE_); do unset "$name"; done
    # The flags name folders that these make.
    mkdir -p "$target" "$folder"
    cargo fetch --locked --quiet
    flags="target.$wasm_target.rustflags = [$(remapped "$tree" "$target")]"
    build() {
        cargo build --locked --release --target "$wasm_target" --config "$flags" --target-dir "$target/$1" -p redstart "${@:2}"
    }
    build p3 && build p2 --no-default-features --features p2 || exit
    cp "$target/p3/$wasm_target/release/redstart.wasm" "$folder/redstart.wasm"
    cp "$target/p2/$wasm_target/release/redstart.wasm" "$folder/redstart-p2.wasm"
)

# texts FILE: what can be read in it, a text a line.
texts() { LC_ALL=C tr -cs '[:print:]' '\n' <"$1"; }

# no_paths FOLDER TREE: fails where a component holds a path of this machine, or the name of its registry.
no_paths() {
    local component found name path
    for component in $components; do
        for path in "$HOME/" "$2/" "$root/" "$(cargo_home)/" "$(rustc --print sysroot)/" "$(cargo_home)"/registry/src/*/; do
            case $path in
                */registry/src/*/) name=$(basename "$path") ;;
                *) name=$path ;;
            esac
            # Of a home that is `/`, nothing can be said.
            [ "$name" != / ] || continue
            found=$(texts "$1/$component" | grep -F -- "$name") || continue
            fail "$component holds $name, of the machine that built it:" "$(cut -c 1-300 <<<"$found" | awk 'NR <= 3')"
        done
    done
}

# copy_project FOLDER: what git knows, as it stands; what is new and not ignored is part of the project, too.
copy_project() {
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        if [ -e "$file" ]; then printf '%s\0' "$file"; fi
    done | tar -cf - --null -T - | tar -xf - -C "$1"
}

# check: the second build differs in everything that must not matter: the project's folder, cargo's own and its output's.
check() {
    local component different=
    for component in $components; do
        [ -f "$dist/$component" ] || fail "dist/$component is not there." "Run this first: make dist"
    done
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    copy_project "$work/another place/redstart"
    ln -s "$(cargo_home)" "$work/cargo-home"
    say "Building the components a second time, in $work (as long as the first)"
    CARGO_HOME=$work/cargo-home build_components "$work/another place/redstart" "$work/output" "$work/components"
    CARGO_HOME=$work/cargo-home no_paths "$work/components" "$work"
    for component in $components; do
        if cmp "$dist/$component" "$work/components/$component" >&2; then
            printf '%s: the same %d bytes both times\n' "$component" "$(wc -c <"$dist/$component")"
        else
            different="$different $component"
            # At most 20 lines of what can be read, for a hint; diff ends with 1 since they differ, which is told below.
            diff <(texts "$dist/$component") <(texts "$work/components/$component") | cut -c 1-200 | awk 'NR <= 20' >&2 || true
        fi
    done
    [ -z "$different" ] || fail "built a second time, these differ:$different"
}

# --- what else is in dist/ ---

# manifest FILE COMPONENT: that manifest of Spin for an unpacked archive, where nothing is built.
manifest() {
    awk '/^\[/ { skip = /^\[component\.redstart\.(build|tool\.spin-test)\]$/ } !skip' "$1" |
        sed -e "s#\"target/.*/redstart\\.wasm\"#\"$2\"#" -e 's#"target/page"#"page"#' >"$archive/$1"
    if grep -n target/ "$archive/$1" >&2 || ! grep -q "^source = \"$2\"" "$archive/$1"; then
        fail "$1 is not as scripts/dist.sh takes it to be."
    fi
}

# sorted_tar FOLDER NAME: an archive of FOLDER/NAME on stdout that depends on nothing but what the files hold and whether they
# can be run.
sorted_tar() {
    local owner time
    # GNU's date, else that of the BSDs.
    time=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S 2>/dev/null || date -u -r "$SOURCE_DATE_EPOCH" +%Y%m%d%H%M.%S)
    chmod -R u=rwX,go=rX "$1/$2"
    find "$1/$2" -exec env TZ=UTC touch -t "$time" {} +
    if tar --version | grep -q GNU; then
        owner="--owner=0 --group=0 --numeric-owner --no-recursion"
    else
        owner="--uid 0 --gid 0 --numeric-owner -n"
    fi
    # shellcheck disable=SC2086 # a list of options
    (cd "$1" && find "$2" | LC_ALL=C sort | COPYFILE_DISABLE=1 tar -cf - --format ustar $owner -T -)
}

# bill_of_materials PACKAGE TARGET NAME [OPTION…]: what of other projects is in it, into dist/NAME.
bill_of_materials() {
    local copy=$work/project folder package=$1 target=$2 name=$3
    shift 3
    folder=$(dirname "$(find "$copy" -name Cargo.toml -exec grep -lx "name = \"$package\"" {} +)")
    (cd "$copy" && "$cargo_cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --target "$target" \
        --override-filename bom "$@" >&2) || fail "cargo-cyclonedx failed."
    # The project's folder is part of the names that its packages have there.
    sed "s#file://$copy#file:///redstart#g" "$folder/bom.json" >"$dist/$name"
    ! grep -qF "$copy" "$dist/$name" || fail "dist/$name holds a path of this machine."
    grep -q "\"name\": \"$package\"" "$dist/$name" || fail "dist/$name does not tell of $package."
}

# sums: of all that is in dist/.
sums() (
    cd "$dist"
    rm -f SHA256SUMS
    if have sha256sum; then sha256sum -- *; else shasum -a 256 -- *; fi >"$root/target/SHA256SUMS"
    mv "$root/target/SHA256SUMS" SHA256SUMS
)

make_dist() {
    local archive host name version
    version=$(sed -nE 's/^version = "(.*)"$/\1/p' Cargo.toml | awk 'NR == 1')
    host=$(rustc -vV | awk '/^host: / { print $2 }')
    name=redstart-$version-$host
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null)} ||
        fail "The time of the last commit is not known here." "Give one: SOURCE_DATE_EPOCH=1700000000 make dist"
    export SOURCE_DATE_EPOCH
    if [ -n "$(git status --porcelain 2>/dev/null)" ]; then say "Warning: this is not the last commit; there are changes"; fi

    rm -rf "$dist"
    mkdir -p "$dist" target
    if [ -n "${REDSTART_DIST_COMPONENTS:-}" ]; then
        for component in $components; do cp "$REDSTART_DIST_COMPONENTS/$component" "$dist/"; done
    else
        scripts/wasm-target.sh
        say "Building the components for a release (about two minutes the first time, then as needed)"
        build_components "$root" "$root/target/dist" "$dist"
        no_paths "$dist" "$root"
    fi
    # Without the time, which C compilers' flags follow from: wasmtime would be compiled again, and once more after that.
    env -u SOURCE_DATE_EPOCH scripts/build.sh released-host

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    say "Packing $name.tar.gz"
    archive=$work/$name
    mkdir "$archive"
    cp target/lto/redstart-host config.ini runtime-config.toml README.md README.ko.md CHANGELOG.md SECURITY.md LICENSE "$archive/"
    for component in $components; do cp "$dist/$component" "$archive/"; done
    cp -R docs "$archive/docs"
    # With the licence and the notice of Swagger UI, which the page is made of.
    cp -R target/page "$archive/page"
    [ -s "$archive/page/LICENSE" ] && [ -s "$archive/page/NOTICE" ] || fail "target/page lacks Swagger UI's licence."
    scripts/licences.sh host >"$archive/LICENCES.txt"
    manifest spin.toml redstart.wasm
    manifest spin.p2.toml redstart-p2.wasm
    sorted_tar "$work" "$name" | gzip -9n >"$dist/$name.tar.gz"

    say "Listing what is in them"
    # It writes beside each Cargo.toml, so it gets a copy.
    copy_project "$work/project"
    bill_of_materials redstart "$wasm_target" "redstart-$version.cdx.json" --all-features
    bill_of_materials redstart-host "$host" "redstart-host-$version-$host.cdx.json"
    scripts/licences.sh >"$dist/redstart-$version-licences.txt"
    sums
    say "Made in dist/:"
    cat "$dist/SHA256SUMS"
}

need_cargo
case ${1:-} in
    '')
        cargo_cyclonedx=$(scripts/cargo-cyclonedx.sh)
        make_dist
        ;;
    --check) check ;;
    *) fail "dist.sh knows --check, not $1" ;;
esac
