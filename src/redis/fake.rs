//! A Redis for unit tests that says what was written down for it.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::{
    FutureExt,
    future::{self, BoxFuture},
};

use super::{Command, Redis, RedisError, Reply};

/// Answers in order, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Fake {
    answers: Mutex<VecDeque<Result<Reply, RedisError>>>,
    asked: Mutex<Vec<Command>>,
}

impl Fake {
    /// A Redis that gives these answers.
    pub(crate) fn answering(answers: impl IntoIterator<Item = Result<Reply, RedisError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() }
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Command> {
        self.asked.lock().unwrap().clone()
    }
}

impl Redis for Fake {
    fn execute(&self, command: Command) -> BoxFuture<'_, Result<Reply, RedisError>> {
        let answer = self.answers.lock().unwrap().pop_front().expect("a command that the test did not foresee");
        self.asked.lock().unwrap().push(command);
        future::ready(answer).boxed()
    }
}
