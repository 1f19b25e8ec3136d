//! How a handler is called: it names the parts of a request that it needs, and gets them once the body is here.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::{HeaderMap, Method, Uri, request};

use crate::answer::{IntoResponse, Response};
use crate::auth::Grant;
use crate::body::Body;
use crate::problem::Problem;

/// A request whose body may still be coming. Small, as it is handed on and on.
pub struct Request {
    /// What came before the body.
    pub head: Arc<request::Parts>,
    /// The body.
    pub body: Body,
}

/// A request with its whole body.
pub struct Asked {
    grant: Grant,
    head: Arc<request::Parts>,
    body: Result<Bytes, Problem>,
}

/// Whether a method has a body that is read.
pub fn has_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

impl From<http::Request<Body>> for Request {
    fn from(request: http::Request<Body>) -> Self {
        let (head, body) = request.into_parts();
        Self { head: Arc::new(head), body }
    }
}

impl Asked {
    /// Waits for the body, where the method has one.
    pub async fn of(grant: Grant, Request { head, body }: Request) -> Self {
        let body = match body {
            _ if !has_body(&head.method) => Ok(Bytes::new()),
            body => body.read(grant.limits()).await,
        };
        Self { grant, head, body }
    }

    /// Its target.
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Its body, or why it cannot be read. There is one once.
    ///
    /// # Errors
    /// A problem where it broke off, or is too large.
    pub fn body(&mut self) -> Result<Bytes, Problem> {
        std::mem::replace(&mut self.body, Ok(Bytes::new()))
    }
}

/// A part of a request that a handler may need.
pub trait Part: Sized {
    /// The part.
    ///
    /// # Errors
    /// What is wrong with it.
    fn of(asked: &mut Asked) -> Result<Self, Problem>;
}

impl Part for Grant {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(asked.grant.clone())
    }
}

impl Part for Method {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(asked.head.method.clone())
    }
}

impl Part for Uri {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(asked.head.uri.clone())
    }
}

/// The headers of a request, which are not copied.
pub struct Headers(Arc<request::Parts>);

impl Deref for Headers {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.0.headers
    }
}

impl Part for Headers {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(Self(asked.head.clone()))
    }
}

/// A function whose arguments are parts of a request.
pub trait Handle<Parts> {
    /// Answers the request.
    fn handle(self, asked: Asked) -> BoxFuture<'static, Response>;
}

macro_rules! handle {
    ($($part:ident $name:ident),*) => {
        impl<F, Answer, R, $($part: Part),*> Handle<($($part,)*)> for F
        where
            F: FnOnce($($part),*) -> Answer,
            Answer: Future<Output = R> + Send + 'static,
            R: IntoResponse + 'static,
        {
            #[allow(unused_mut, unused_variables, reason = "one of them needs no part")]
            fn handle(self, mut asked: Asked) -> BoxFuture<'static, Response> {
                $(
                    let $name = match $part::of(&mut asked) {
                        Ok(part) => part,
                        Err(problem) => return refused(problem),
                    };
                )*
                self($($name),*).map(IntoResponse::into_response).boxed()
            }
        }
    };
}

handle!();
handle!(A a);
handle!(A a, B b);
handle!(A a, B b, C c);
handle!(A a, B b, C c, D d);
handle!(A a, B b, C c, D d, E e);

fn refused(problem: Problem) -> BoxFuture<'static, Response> {
    ready(problem.into_response()).boxed()
}

/// A handler, whatever parts it needs.
pub type Serve = fn(Asked) -> BoxFuture<'static, Response>;
