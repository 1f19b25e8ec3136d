#!/usr/bin/env bash
# Owns the Rust target of the component: makes sure that the compiler in use has a standard library for it.
# Does nothing when it is there. Else rustup adds it; where rustup is absent or has no server, it is built from the
# compiler's own sources as Debian packages them (rust-src and wasi-libc), and moved into the toolchain when it works.

# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

need_cargo

has_target() {
    compgen -G "$(rustc --print target-libdir --target "$wasm_target")/libstd-*.rlib" >/dev/null
}

if has_target; then exit 0; fi

version=$(rustc -V | awk '{ print $2 }')
sysroot=$(rustc --print sysroot)

by_hand() {
    fail "$1" \
        "The component needs Rust's standard library for $wasm_target. Any of these gives it, then run this again:" \
        "  - with rustup and its server in reach: rustup target add $wasm_target" \
        "  - a compiler from your distribution that packages this target" \
        "  - a folder lib/rustlib/$wasm_target of Rust $version, copied to $sysroot/lib/rustlib/"
}

# 1. rustup, if this compiler is one of its toolchains.
if have rustup; then
    say "Adding the Rust target $wasm_target with rustup (a download of about 25 MB; given up after 3 minutes)"
    # Whether it worked is seen by looking.
    RUSTUP_MAX_RETRIES=1 bounded 180 rustup target add "$wasm_target" >&2 || true
    if has_target; then exit 0; fi
    say "rustup could not add it; building it from Debian's packages instead"
fi

# 2. From Debian's packages.
if ! have apt-get || ! have dpkg-deb; then
    by_hand "rustup cannot add $wasm_target here, and there are no Debian packages to build it from."
fi
[ -w "$sysroot/lib/rustlib" ] || by_hand "$sysroot/lib/rustlib is not writable, so $wasm_target cannot be installed there."

mkdir -p "$data"
work=$(mktemp -d "$data/wasm-target.XXXXXX")
staged=$(mktemp -d "$sysroot/lib/rustlib/.$wasm_target.XXXXXX")
trap 'rm -rf "$work" "$staged"' EXIT
trap 'exit 130' INT TERM HUP
private_apt "$work/apt"

# The archive that serves the machine's own release, and the suites worth asking: the configured ones, then their
# neighbours, where a newer compiler than the release's own has its sources.
codename=$(distribution VERSION_CODENAME)
suites_known=$(configured_suites)
uri=$(awk -v suite="$codename" '$2 == suite { print $1; exit }' <<<"$suites_known")
[ -n "$uri" ] || uri=$(awk 'NR == 1 { print $1 }' <<<"$suites_known")
[ -n "$uri" ] || by_hand "apt has no package source configured."
suites=$(awk -v uri="$uri" '$1 == uri { print $2 }' <<<"$suites_known")
case $(distribution ID) in
    debian) suites="$suites $codename-backports stable stable-backports testing unstable oldstable-backports" ;;
    *) suites="$suites $codename-updates $codename-backports devel" ;;
esac

# fetch_rust_src: the sources of exactly this compiler, if the suite in use has them.
fetch_rust_src() {
    local name candidate
    for name in rust-src "rust-${version%.*}-src" rust-web-src; do
        for candidate in $(versions "$name"); do
            # 1.95.0+dfsg1-1 is 1.95.0; 1.95.0~rc1 is not.
            case ${candidate#*:} in
                "$version"[+-]*) ;;
                *) continue ;;
            esac
            say "Downloading $name $candidate ($1)"
            download -c "$apt_dir/suite.conf" download "$name=$candidate" || return 1
            mkdir -p "$work/rust-src"
            dpkg-deb --fsys-tarfile "$apt_dir/packages/$name"_*.deb |
                tar -x -C "$work/rust-src" --wildcards --no-wildcards-match-slash './usr/src/rustc-*/library'
            library=$(find "$work/rust-src/usr/src" -mindepth 2 -maxdepth 2 -name library -print -quit)
            [ -n "$library" ]
            return
        done
    done
    return 1
}

# fetch_wasi_libc: the C library for WASI, if the suite in use has one for this target.
fetch_wasi_libc() {
    local candidate found
    candidate=$(versions wasi-libc | awk 'NR == 1')
    [ -n "$candidate" ] || return 1
    download -c "$apt_dir/suite.conf" download "wasi-libc=$candidate" || return 1
    dpkg-deb -x "$apt_dir/packages/wasi-libc"_*.deb "$work/wasi-libc-$1"
    rm "$apt_dir/packages/wasi-libc"_*.deb
    found=$(find "$work/wasi-libc-$1" -path "*$wasm_target/libc.a" -print -quit)
    [ -n "$found" ] || return 1
    libc=$found
    libc_version="wasi-libc $candidate ($1)"
}

say "Looking for the sources of Rust $version and for wasi-libc in the configured and the neighbouring suites (up to a minute)"
libc=
library=
asked=
for suite in $suites; do
    case " $asked " in *" $suite "*) continue ;; esac
    asked="$asked $suite"
    if ! use_suite "$uri" "$suite"; then
        asked="$asked (not readable)"
        continue
    fi
    # The C library of the suite that has the sources fits them best; one of an earlier suite will do.
    fetch_wasi_libc "$suite" || true
    if [ -z "$library" ]; then fetch_rust_src "$suite" || true; fi
    if [ -n "$library" ] && [ -n "$libc" ]; then break; fi
done
[ -n "$library" ] || by_hand "No suite has rust-src of exactly version $version (asked:$asked)."
[ -n "$libc" ] || by_hand "No suite has a wasi-libc for $wasm_target (asked:$asked)."
say "Using $libc_version"

# A second sysroot beside the toolchain: links to all of it, plus the sources. The toolchain itself stays as it is
# until the end, and keeps no sources that rustup would later stumble over.
aside=$work/sysroot
mkdir -p "$aside/lib/rustlib/src/rust" "$staged/lib/self-contained"
ln -s "$sysroot/bin" "$aside/bin"
for entry in "$sysroot"/lib/*; do
    [ "$entry" = "$sysroot/lib/rustlib" ] || ln -s "$entry" "$aside/lib/"
done
for entry in "$sysroot"/lib/rustlib/*; do
    case ${entry##*/} in
        src | "$wasm_target") ;;
        *) ln -s "$entry" "$aside/lib/rustlib/" ;;
    esac
done
ln -s "${library%/library}"/* "$aside/lib/rustlib/src/rust/"
ln -s "$staged" "$aside/lib/rustlib/$wasm_target"
cp "${libc%/libc.a}"/crt1*.o "$libc" "$staged/lib/self-contained/"
cat >"$work/rustc" <<WRAPPER
#!/bin/sh
exec "$sysroot/bin/rustc" --sysroot "$aside" "\$@"
WRAPPER
chmod +x "$work/rustc"

# probe NAME TYPE CODE: a library to build.
probe() {
    mkdir -p "$work/$1/src"
    printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["%s"]\n[workspace]\n' "$1" "$2" >"$work/$1/Cargo.toml"
    printf '%s\n' "$3" >"$work/$1/src/lib.rs"
}

# build NAME [OPTION…]: with the sysroot aside, whatever the user's own cargo settings for flags and folders are.
# Paths of this machine do not end up in panic messages: rustc's own name for the sources is put in their place.
build() {
    local name=$1
    shift
    (
        cd "$work/$name" || exit
        export RUSTC=$work/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$work/target
        unset RUSTC_WRAPPER RUSTFLAGS
        commit=$("$RUSTC" -vV | awk '/^commit-hash/ { print $2 }')
        CARGO_ENCODED_RUSTFLAGS=$(printf '%s\037' -Cembed-bitcode=yes \
            "--remap-path-prefix=$aside/lib/rustlib/src/rust=/rustc/$commit")--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo
        export CARGO_ENCODED_RUSTFLAGS
        cargo build --quiet --release --target "$wasm_target" "$@" >&2
    )
}

say "Building the standard library for $wasm_target (about two minutes on two cores)"
probe redstart_std_probe lib ''
build redstart_std_probe -Zbuild-std=std,panic_abort,proc_macro,test ||
    by_hand "Building the standard library for $wasm_target failed; cargo's message is above."
find "$work/target/$wasm_target/release/deps" -name '*.rlib' ! -name 'libredstart_std_probe*' -exec cp {} "$staged/lib/" \;

say "Trying it: building a small component"
probe redstart_probe cdylib '#[no_mangle] pub extern "C" fn probe() { println!("{:?}", std::env::args()); }'
build redstart_probe || by_hand "The standard library was built, but a component does not link with it."

if has_target; then exit 0; fi # another run was faster
rm -rf "$sysroot/lib/rustlib/$wasm_target"
chmod 755 "$staged"
mv "$staged" "$sysroot/lib/rustlib/$wasm_target"
has_target || by_hand "The standard library for $wasm_target is in place, but the compiler does not find it."
say "Rust $version now has the target $wasm_target"
