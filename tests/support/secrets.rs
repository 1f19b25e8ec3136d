//! What no log and no answer may tell: every test's log is looked through when its host ends, and every answer of REST
//! and every error when it comes.

use crate::client::Response;
use crate::host::{READ_ONLY_TOKEN, TOKEN};
use crate::{PASSWORD, PASSWORD_IN_URL};

/// The secrets of every test.
pub const SECRETS: [&str; 4] = [PASSWORD, PASSWORD_IN_URL, TOKEN, READ_ONLY_TOKEN];

/// The secrets that a text tells.
pub fn told(text: &str) -> Vec<&'static str> {
    SECRETS.into_iter().filter(|secret| text.contains(secret)).collect()
}

/// Checks an answer. What the command API gives for a command is Redis's own, which may be asked for its password.
///
/// # Panics
/// When it tells a secret.
#[track_caller]
pub(crate) fn check(path: &str, answer: &Response) {
    if answer.status >= 400 || path.starts_with("/v1/") {
        let shown = format!("{answer:?} {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(told(&shown), [""; 0], "{path}: {shown}");
    }
}

#[test]
fn a_secret_is_found_wherever_it_stands() {
    assert_eq!(told("level=info token=test-token x"), [TOKEN]);
    assert_eq!(told(&format!("redis://:{PASSWORD_IN_URL}@h")), [PASSWORD_IN_URL]);
    assert_eq!(told("level=info token=full"), [""; 0]);
}
