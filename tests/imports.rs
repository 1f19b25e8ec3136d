//! What the component asks of its host: each interface that it imports, and why. One more, or one less, is a change of what a
//! host has to give and of what the component could do, and belongs into this list.

use redstart_tests::host::{WORLD, World, project};
use wasmparser::{Encoding, Parser, Payload};

/// What has an import: the component of WASI 0.3, that of 0.2, or both.
#[derive(Clone, Copy)]
enum In {
    P2,
    P3,
    Both,
}
use In::{Both, P2, P3};

/// Every import, with its reason. None of them opens a socket or makes a request: Redis is all that it can reach.
const IMPORTS: &[(&str, In, &str)] = &[
    ("fermyon:spin/redis@2.0.0", P2, "Redis, at the addresses that the manifest allows"),
    ("fermyon:spin/variables@2.0.0", P2, "the settings that are variables, and the secrets among them"),
    ("spin:redis/redis@3.0.0", P3, "Redis, at the addresses that the manifest allows"),
    ("spin:variables/variables@3.0.0", P3, "the settings that are variables, and the secrets among them"),
    (
        "wasi:cli/environment@0.2",
        Both,
        "Rust's standard library: where it is started in; nothing here reads the environment",
    ),
    ("wasi:cli/exit@0.2", Both, "Rust's standard library: how a panic ends the instance"),
    ("wasi:cli/stderr@0.2", Both, "the log, and what a panic says"),
    ("wasi:cli/stdin@0.2", Both, "the C library opens all three streams; nothing here reads"),
    ("wasi:cli/stdout@0.2", Both, "the C library opens all three streams; nothing here writes"),
    ("wasi:cli/terminal-input@0.2", Both, "the C library asks of each stream whether it is a terminal"),
    ("wasi:cli/terminal-output@0.2", Both, "the same"),
    ("wasi:cli/terminal-stderr@0.2", Both, "the same"),
    ("wasi:cli/terminal-stdin@0.2", Both, "the same"),
    ("wasi:cli/terminal-stdout@0.2", Both, "the same"),
    ("wasi:clocks/monotonic-clock@0.2", Both, "how long a request took, for the log"),
    ("wasi:clocks/monotonic-clock@0.3.0", P3, "the time limit of a call to Redis"),
    ("wasi:clocks/types@0.3.0", P3, "durations of the above"),
    ("wasi:clocks/wall-clock@0.2", Both, "the time in the log, in request ids and new keys, and of `expires_at`"),
    ("wasi:filesystem/preopens@0.2", Both, "the folder that the host gives: `config.ini` and the API page"),
    ("wasi:filesystem/types@0.2", Both, "reading these files"),
    ("wasi:http/types@0.2", P2, "requests and responses; no client is imported, so no request can be made"),
    ("wasi:http/types@0.3.0", P3, "requests and responses; no client is imported, so no request can be made"),
    ("wasi:io/error@0.2", Both, "errors of the streams below"),
    ("wasi:io/poll@0.2", Both, "waiting for the streams below"),
    ("wasi:io/streams@0.2", Both, "reading files, writing the log, and in WASI 0.2 bodies"),
    ("wasi:random/insecure-seed@0.2", Both, "seeds of hash tables"),
    ("wasi:random/random@0.2", Both, "new keys, and once an instance where its request ids begin"),
];

/// The names of what a component imports; not those of the components and modules within it.
fn imports(component: &[u8]) -> Vec<String> {
    let (mut names, mut depth) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("the component can be read") {
            Payload::Version { encoding, .. } => {
                assert!(depth > 0 || encoding == Encoding::Component, "it is a component");
                depth += 1;
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                names.extend(section.into_iter().map(|import| version(import.expect("an import").name.name)));
            }
            _ => {}
        }
    }
    names.sort_unstable();
    // In different versions of one interface, as in the C library and in ours.
    names.dedup();
    names
}

/// The name without the last part of a version of WASI 0.2: that is the choice of the C library below Rust's standard library,
/// and hosts take each for any other.
fn version(name: &str) -> String {
    match name.split_once("@0.2.") {
        Some((interface, _)) if name.starts_with("wasi:") => format!("{interface}@0.2"),
        _ => name.to_owned(),
    }
}

#[test]
fn the_component_asks_of_its_host_what_is_listed_and_nothing_else() {
    let component = std::fs::read(project().join(WORLD.wasm())).expect("`make test` builds it");
    let is_there = |world| match *WORLD {
        World::P2 => matches!(world, P2 | Both),
        World::P3 => matches!(world, P3 | Both),
    };
    let listed = IMPORTS.iter().filter(|(_, world, _)| is_there(*world)).map(|(name, ..)| *name);
    assert_eq!(imports(&component), listed.collect::<Vec<_>>());
}

#[test]
fn each_import_has_its_reason_once() {
    assert!(IMPORTS.is_sorted_by(|(one, ..), (other, ..)| one < other));
    for (name, _, reason) in IMPORTS {
        assert!(!reason.is_empty(), "{name}");
    }
}
