# Cargo's own tools, each in the version that its script names: the one on PATH, else one built into .data/tools.
# Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154 # data is lib.sh's

# cargo_tool NAME VERSION: prints the tool's path.
cargo_tool() {
    local name=$1 version=$2 tools=$data/tools
    local tool=$tools/bin/$name
    if have "$name"; then
        command -v "$name"
        return
    fi
    # Not by asking the tool: some say their version only as a subcommand of cargo, in words of their own.
    if ! [ -x "$tool" ] || ! cargo install --list --root "$tools" | grep -qx "$name v$version:"; then
        say "Building $name $version into .data/tools (once; one to three minutes on two cores)"
        # Unoptimised: it runs for a second, and its release profile takes many times as long to build.
        CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/target \
            cargo install --quiet --locked --debug --root "$tools" "$name@$version" >&2 ||
            fail "$name could not be built (its sources come from the crates registry)."
        rm -rf "$tools/target"
    fi
    printf '%s\n' "$tool"
}
