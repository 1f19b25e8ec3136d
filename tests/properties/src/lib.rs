//! What holds for every input, whoever made it up: each property once. The tests here make inputs of the right shape and
//! replay the corpus in `fuzz/corpus`; the targets in `fuzz/` (`make fuzz`) look for more.
//!
//! - [`target`]: paths and queries
//! - [`body`]: JSON bodies of both APIs
//! - [`packed`]: packed replies
//! - [`settings`](mod@settings): `config.ini`
//! - [`conditions`]: `Range`, `If-Range`, `If-Match`, `If-None-Match`
//! - [`tokens`]: `Authorization` and `_token`
//! - [`app`]: an application over a Redis that remembers what it was asked
//!
//! Each has a function `check`, which takes any bytes and panics where the property does not hold.

#![allow(clippy::expect_used, reason = "what does not hold panics")]

pub mod app;
pub mod body;
pub mod conditions;
pub mod packed;
pub mod settings;
pub mod target;
pub mod tokens;

/// The lines of an input; the last one need not end.
fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input.split(|byte| *byte == b'\n')
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    type Check = fn(&[u8]);

    const CHECKS: [(&str, Check); 6] = [
        ("body", body::check),
        ("conditions", conditions::check),
        ("packed", packed::check),
        ("settings", settings::check),
        ("target", target::check),
        ("tokens", tokens::check),
    ];

    fn names(folder: &Path) -> Vec<String> {
        let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn each_property_holds_for_its_corpus() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        assert_eq!(names(&corpus), CHECKS.map(|(name, _)| name), "each property has a corpus, and each corpus one");
        for (name, check) in CHECKS {
            let inputs = names(&corpus.join(name));
            assert!(!inputs.is_empty(), "{name}");
            for input in inputs {
                check(&std::fs::read(corpus.join(name).join(&input)).unwrap());
            }
        }
    }

    #[test]
    fn each_property_has_its_fuzz_target() {
        let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/targets");
        assert_eq!(names(&targets), CHECKS.map(|(name, _)| format!("{name}.rs")));
        for (name, _) in CHECKS {
            let source = std::fs::read_to_string(targets.join(format!("{name}.rs"))).unwrap();
            assert!(source.contains(&format!("redstart_properties::{name}::check(")), "{name}");
        }
    }
}
