//! Who may do what. A [`Grant`] is the only way to Redis, and only this file makes one.
//!
//! - [`token`]: tokens, and what each may do
//! - [`policy`]: which commands of the command API may be sent
//! - `caller`: who asks
//! - `origin`: where a request says it comes from
//! - `refusal`: why a command has no reply

mod caller;
mod origin;
pub mod policy;
mod refusal;
pub mod token;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, Uri};

use caller::Caller;
pub use caller::TOKEN_IN_QUERY;
pub use refusal::{Denial, Refusal};

use crate::config::{Config, Idempotency, Limits};
use crate::problem::{Kind, Problem};
use crate::redis::{
    Access, Command, Redis, Reply,
    keys::Keys,
    script::{self, Script},
};
use token::Rights;

/// The permission to send commands to Redis, as far as the request's token reaches.
#[derive(Clone)]
pub struct Grant {
    redis: Arc<dyn Redis>,
    config: Arc<Config>,
    caller: Caller,
    calls: Arc<AtomicU32>,
}

impl Grant {
    /// What a request with these headers may do.
    ///
    /// # Errors
    /// A problem that says why it may do nothing.
    pub fn of(config: &Arc<Config>, redis: &Arc<dyn Redis>, uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        Caller::of(config, uri, headers).map(|caller| Self::new(config, redis, caller))
    }

    /// Whether [`Self::of`] looks at the host that a request with these headers names.
    pub fn depends_on_host(config: &Config, headers: &HeaderMap) -> bool {
        Caller::depends_on_host(config, headers)
    }

    /// What somebody may do who has no right to anything.
    pub fn of_nobody(config: &Arc<Config>, redis: &Arc<dyn Redis>) -> Self {
        Self::new(config, redis, Caller::Unneeded)
    }

    fn new(config: &Arc<Config>, redis: &Arc<dyn Redis>, caller: Caller) -> Self {
        Self { redis: redis.clone(), config: config.clone(), caller, calls: Arc::default() }
    }

    /// Whether nothing is asked for that needs a token.
    pub fn needs_no_token(&self) -> bool {
        matches!(self.caller, Caller::Unneeded)
    }

    /// Sends a command.
    ///
    /// # Errors
    /// A problem where the token does not reach so far, a key is Redstart's own, or Redis gives no reply.
    pub async fn execute(&self, command: Command) -> Result<Reply, Problem> {
        let access = command.access;
        self.send(command).await.map_err(|refusal| refusal.into_problem(access))
    }

    /// Sends commands together, which takes as long as one.
    ///
    /// # Errors
    /// As [`Self::execute`], for the first of them that has no reply.
    pub async fn execute_all<const N: usize>(&self, commands: [Command; N]) -> Result<[Reply; N], Problem> {
        let replies = join_all(commands.map(|command| self.execute(command))).await;
        let replies: Vec<_> = replies.into_iter().collect::<Result<_, _>>()?;
        replies.try_into().map_err(|_| Problem::new(Kind::Internal, "replies and commands are not as many"))
    }

    /// Runs a script, which Redis need not know yet.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run(&self, script: &Script, keys: &[Bytes], arguments: &[Bytes]) -> Result<Reply, Problem> {
        let access = script.access();
        self.script(script, keys, arguments).await.map_err(|refusal| refusal.of_own_script(access))
    }

    /// The same, with Redis's words where there is no reply.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn script(&self, script: &Script, keys: &[Bytes], arguments: &[Bytes]) -> Result<Reply, Refusal> {
        self.by_sha1_or_source(script.by_sha1(keys, arguments), || script.by_source(keys, arguments)).await
    }

    /// Runs a script about keys of Redstart's own.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn run_on_own_keys(
        &self,
        script: &Script,
        keys: &[Bytes],
        arguments: &[Bytes],
    ) -> Result<Reply, Problem> {
        let by_source = || script.by_source(keys, arguments).on_own_key();
        let reply = self.by_sha1_or_source(script.by_sha1(keys, arguments).on_own_key(), by_source).await;
        reply.map_err(|refusal| refusal.of_own_script(script.access()))
    }

    async fn by_sha1_or_source(&self, by_sha1: Command, by_source: impl FnOnce() -> Command) -> Result<Reply, Refusal> {
        match self.send(by_sha1).await {
            Err(Refusal::Redis(error)) if script::is_unknown(&error) => self.send(by_source()).await,
            result => result,
        }
    }

    /// Sends a command, unless it is denied.
    ///
    /// # Errors
    /// Why there is no reply.
    pub async fn send(&self, command: Command) -> Result<Reply, Refusal> {
        self.check(&command).map_err(Refusal::Denied)?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.redis.execute(command).await.map_err(Refusal::Redis)
    }

    /// Whether a key is not for the caller to see.
    pub fn hides(&self, key: &[u8]) -> bool {
        self.is_own(key) || !self.rights().reach(key)
    }

    /// Whether there are keys beside Redstart's own that are not for the caller to see.
    pub fn is_confined(&self) -> bool {
        self.rights().prefixes.is_some()
    }

    /// Whether a key is Redstart's own.
    fn is_own(&self, key: &[u8]) -> bool {
        key.starts_with(self.config.server.key_prefix.as_bytes())
    }

    /// The key of Redstart's own with this name.
    pub fn own_key(&self, name: &str) -> Bytes {
        format!("{}{name}", self.config.server.key_prefix).into()
    }

    /// Whether the token only reads.
    pub fn only_reads(&self) -> bool {
        self.rights().access == Access::Read
    }

    fn rights(&self) -> &Rights {
        self.caller.rights()
    }

    fn check(&self, command: &Command) -> Result<(), Denial> {
        if command.is_own {
            return Ok(());
        }
        if self.needs_no_token() && command.name != "PING" {
            return Err(Denial::NoToken);
        }
        self.check_access(command.access)?;
        self.check_keys(&command.keys.of(&command.arguments).unwrap_or_default())?;
        self.check_reach(command.keys, &command.arguments)
    }

    fn check_access(&self, access: Access) -> Result<(), Denial> {
        if self.only_reads() && access == Access::Write { Err(Denial::ReadOnly) } else { Ok(()) }
    }

    fn check_keys(&self, keys: &[&Bytes]) -> Result<(), Denial> {
        let limit = self.config.limits.key_bytes;
        if keys.iter().any(|key| key.len() > limit) {
            return Err(Denial::KeyTooLong(limit));
        }
        if keys.iter().any(|key| self.is_own(key)) {
            return Err(Denial::OwnKey(self.config.server.key_prefix.clone()));
        }
        Ok(())
    }

    /// Whether all is in the token's reach that a command with these arguments is about.
    fn check_reach(&self, keys: Keys, arguments: &[Bytes]) -> Result<(), Denial> {
        let rights = self.rights();
        let Some(prefixes) = &rights.prefixes else { return Ok(()) };
        let in_reach = |names: Vec<&Bytes>| names.into_iter().all(|name| rights.reach(name));
        let is_in_reach = keys != Keys::Server
            && keys.of(arguments).is_some_and(in_reach)
            && in_reach(keys.channels(arguments).iter().collect());
        if is_in_reach { Ok(()) } else { Err(Denial::OutOfReach(prefixes.clone())) }
    }

    /// How long answers are kept.
    pub fn idempotency(&self) -> &Idempotency {
        &self.config.idempotency
    }

    /// How large things may be.
    pub fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// What tells the token from every other, and does not tell the token.
    pub fn identity(&self) -> String {
        self.caller.identity()
    }

    /// Whether the caller has a token.
    pub fn has_token(&self) -> bool {
        matches!(self.caller, Caller::Holder(_))
    }

    /// The token's name in the log.
    pub fn token_name(&self) -> &str {
        self.caller.name()
    }

    /// How many commands were sent.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
