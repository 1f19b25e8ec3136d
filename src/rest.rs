//! The REST API: one file a resource, and what they share.
//!
//! - [`strings`], [`hashes`], [`lists`], [`sets`], [`sorted_sets`], [`streams`], [`channels`], [`keys`], [`server`],
//!   [`health`]: the resources
//! - [`docs`]: the page and the document that describe them
//! - [`operation`]: where each handler is served, and how it is described
//! - [`describe`]: what descriptions share
//! - [`target`]: which key a request is about
//! - [`payload`]: the body, as JSON or as bytes
//! - [`text`], [`many`]: bytes in JSON, and many of them
//! - [`elements`]: values made of elements, as a whole
//! - [`write`](mod@write): what writes have in common
//! - [`packed`]: several strings in one
//! - [`increment`]: adding to a number
//! - [`page`]: lists that come in pages
//! - [`expiry`]: `ttl`, `expires_at`, `keep_ttl`
//! - [`entity_tag`]: `ETag` and the conditions on it
//! - [`form`]: JSON or raw, as the caller prefers
//! - [`range`]: a part of a raw value

pub mod channels;
pub mod describe;
pub mod docs;
pub mod elements;
pub mod entity_tag;
pub mod expiry;
pub mod form;
pub mod hashes;
pub mod health;
pub mod increment;
pub mod keys;
pub mod lists;
pub mod many;
pub mod operation;
pub mod packed;
pub mod page;
pub mod payload;
pub mod range;
pub mod server;
pub mod sets;
pub mod sorted_sets;
pub mod streams;
pub mod strings;
pub mod target;
pub mod text;
pub mod write;

use std::sync::OnceLock;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::answer::{self, IntoResponse, Response, With};
use crate::handler::Serve;
use crate::problem::{Kind, Problem};
use crate::redis::{Access, RedisError, Reply};
use crate::router::{Place, Router};
use operation::{Operation, Side};

/// Where the paths of a resource start, and its operations.
type Resource<S> = (&'static str, fn() -> Vec<Operation<S>>);

/// Everything that is served. A path belongs to the first whose start it has.
fn resources<S: Side>() -> [Resource<S>; 10] {
    [
        ("/v1/strings", strings::operations),
        ("/v1/hashes", hashes::operations),
        ("/v1/lists", lists::operations),
        ("/v1/sets", sets::operations),
        ("/v1/sorted-sets", sorted_sets::operations),
        ("/v1/streams", streams::operations),
        ("/v1/channels", channels::operations),
        ("/v1/keys", keys::operations),
        ("/v1/server", server::operations),
        ("", || [health::operations(), docs::operations()].into_iter().flatten().collect()),
    ]
}

/// The operations of all resources.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    resources().into_iter().flat_map(|(_, operations)| operations()).collect()
}

/// The routes of every resource, made when the first request for it comes: an instance may live for few.
pub struct Routes(Vec<(Resource<Serve>, OnceLock<Router>)>);

impl Routes {
    /// What there is at a path.
    pub fn at(&self, path: &str) -> Option<&Place> {
        let ((_, operations), router) = self.0.iter().find(|((start, _), _)| is_within(path, start))?;
        router.get_or_init(|| operation::router(&operations())).at(path)
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self(resources().into_iter().map(|resource| (resource, OnceLock::new())).collect())
    }
}

/// Whether a path belongs to this API, where errors are problem documents.
pub fn owns(path: &str) -> bool {
    ["/v1", "/docs", "/openapi.json", "/healthz", "/readyz"].iter().any(|start| is_within(path, start))
}

fn is_within(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer where a path is not one of this API.
pub fn no_such_path() -> Problem {
    Problem::new(Kind::NotFound, "there is no such path; a `/` within a key is written `%2F`, and an empty key `?key=`")
}

/// A reply that a command cannot have.
pub fn unexpected(reply: &Reply, access: Access) -> Problem {
    Problem::from_redis(&RedisError::unexpected(reply), access)
}

/// The header of an answer in JSON.
const JSON: [(HeaderName, HeaderValue); 1] = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];

/// An answer in JSON.
fn json(status: StatusCode, document: &impl Serialize) -> Response {
    json_of(status, document, 128)
}

/// An answer in JSON of about so many bytes. What is larger is copied while it is written.
fn json_of(status: StatusCode, document: &impl Serialize, bytes: usize) -> Response {
    let mut body = Vec::with_capacity(bytes);
    match serde_json::to_writer(&mut body, document) {
        Ok(()) => answer::new(status, body).with(JSON),
        Err(error) => {
            Problem::new(Kind::Internal, "the answer cannot be written as JSON").because(error).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_found_at_its_path() {
        let routes = Routes::default();
        for (start, operations) in resources::<Serve>() {
            for operation in operations() {
                assert!(is_within(&operation.path, start) && owns(&operation.path), "{}", operation.path);
                let place = routes.at(&operation.path);
                assert_eq!(place.map(|place| &*place.path), Some(&*operation.path));
            }
        }
    }
}
