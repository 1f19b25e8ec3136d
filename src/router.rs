//! Which handler serves a path and a method.

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};

use crate::answer::{self, IntoResponse, Response, With};
use crate::handler::Serve;
use crate::problem::{Kind, Problem};

/// Paths, each with what serves its methods.
#[derive(Default)]
pub struct Router {
    places: Vec<Place>,
    /// The paths, each with its place's number.
    paths: matchit::Router<usize>,
}

/// What there is at a path.
pub struct Place {
    /// The path, with names in braces.
    pub path: Arc<str>,
    methods: Vec<(Method, Serve)>,
}

impl Router {
    /// Adds what serves a method at a path. The first that is added there stays.
    ///
    /// # Panics
    /// Where the path differs from another one only in its names in braces.
    pub fn add(&mut self, path: &str, method: Method, serve: Serve) {
        if let Some(place) = self.places.iter_mut().find(|place| &*place.path == path) {
            place.methods.push((method, serve));
            return;
        }
        let added = self.paths.insert(path, self.places.len());
        assert!(added.is_ok(), "{path} is like another path: {added:?}");
        self.places.push(Place { path: path.into(), methods: vec![(method, serve)] });
    }

    /// What there is at a path.
    pub fn at(&self, path: &str) -> Option<&Place> {
        self.paths.at(path).ok().map(|found| &self.places[*found.value])
    }
}

impl Place {
    /// What serves a method. What serves GET serves HEAD as well.
    ///
    /// # Errors
    /// The answer where nothing does: with the header `Allow`, which answers an OPTIONS as well.
    pub fn serve(&self, method: &Method) -> Result<Serve, Box<Response>> {
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        if let Some((_, serve)) = self.methods.iter().find(|(method, _)| method == wanted) {
            return Ok(*serve);
        }
        let names: Vec<_> = self
            .methods
            .iter()
            .map(|(method, _)| if method == Method::GET { "GET,HEAD" } else { method.as_str() })
            .collect();
        let allow = HeaderValue::try_from(names.join(",")).map(|names| (header::ALLOW, names));
        let answer = if method == Method::OPTIONS {
            answer::empty(StatusCode::NO_CONTENT)
        } else {
            let detail = "the path has no such method; the header `Allow` names those it has";
            Problem::new(Kind::MethodNotAllowed, detail).into_response()
        };
        Err(Box::new(answer.with(allow)))
    }
}
