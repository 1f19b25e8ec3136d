//! How a handler is called: it names the parts of a request that it needs, and gets them once the body is here.
//!
//! axum's own extractors would do the same, with a state machine for each handler: a fifth of the component.

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::{HeaderMap, Method, Uri, request};

use crate::auth::Grant;
use crate::problem::{Kind, Problem};
use crate::rest::payload;

/// A request with its whole body.
pub struct Asked {
    grant: Grant,
    head: request::Parts,
    body: Result<Bytes, Problem>,
}

impl Asked {
    /// Waits for the body, where the method has one.
    async fn of(request: Request) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let grant = head.extensions.get::<Grant>().cloned();
        let grant =
            grant.ok_or_else(|| Problem::new(Kind::Internal, "the request came past the check of its token"))?;
        let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&head.method);
        let body = if has_body { payload::read_body(body, grant.limits()).await } else { Ok(Bytes::new()) };
        Ok(Self { grant, head, body })
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

impl Part for HeaderMap {
    fn of(asked: &mut Asked) -> Result<Self, Problem> {
        Ok(asked.head.headers.clone())
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

/// The same, as axum's router takes it.
#[derive(Clone, Copy)]
pub struct Served(pub Serve);

impl Handler<(), ()> for Served {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, (): ()) -> Self::Future {
        let Self(serve) = self;
        let answer = async move {
            match Asked::of(request).await {
                Ok(asked) => serve(asked).await,
                Err(problem) => problem.into_response(),
            }
        };
        answer.boxed()
    }
}
