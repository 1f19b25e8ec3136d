//! Which component answers a path: exact routes and routes that end in `/...`, as in Spin.

/// The end of a route that takes every path below it.
const WILDCARD: &str = "/...";

/// Routes with what they lead to, the most specific first.
#[derive(Debug)]
pub(crate) struct Routes<T>(Vec<(Route, T)>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Route {
    Exact(String),
    /// The path before `/...`.
    Below(String),
}

impl<T> Routes<T> {
    /// Builds the table, or says which route is wrong.
    pub fn new(routes: impl IntoIterator<Item = (String, T)>) -> Result<Self, String> {
        let mut table: Vec<(Route, T)> = Vec::new();
        for (text, target) in routes {
            let route = Route::parse(&text)?;
            if table.iter().any(|(other, _)| *other == route) {
                return Err(format!("the route {text:?} is there twice"));
            }
            table.push((route, target));
        }
        // Exact routes come first, then the longest.
        table.sort_by_key(|(route, _)| match route {
            Route::Exact(_) => (0, 0),
            Route::Below(path) => (1, usize::MAX - path.len()),
        });
        Ok(Self(table))
    }

    /// The same routes to other targets.
    pub fn map<U>(&self, target: impl Fn(&T) -> U) -> Routes<U> {
        Routes(self.0.iter().map(|(route, old)| (route.clone(), target(old))).collect())
    }

    /// What answers `path`, if anything does.
    pub fn find(&self, path: &str) -> Option<&T> {
        self.0.iter().find(|(route, _)| route.matches(path)).map(|(_, target)| target)
    }
}

impl Route {
    fn parse(text: &str) -> Result<Self, String> {
        let (path, wildcard) = match text.strip_suffix(WILDCARD) {
            Some(path) => (path, true),
            None => (text, false),
        };
        let rooted = path.starts_with('/') || (wildcard && path.is_empty());
        if !rooted || path.split('/').any(|segment| segment.starts_with(':') || segment == "*" || segment == "...") {
            return Err(format!(
                "the route {text:?} is not supported: it must be a path from `/`, or one that ends in `{WILDCARD}`, without parameters"
            ));
        }
        let path = path.trim_end_matches('/').to_owned();
        Ok(if wildcard { Self::Below(path) } else { Self::Exact(path) })
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(route) => path.strip_suffix('/').unwrap_or(path) == route,
            Self::Below(route) => {
                path.strip_prefix(route.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(routes: &[&'a str], path: &str) -> Option<&'a str> {
        let routes = Routes::new(routes.iter().map(|&route| (route.to_owned(), route))).expect("routes");
        routes.find(path).copied()
    }

    #[test]
    fn the_most_specific_route_answers() {
        let routes = ["/...", "/a/...", "/a/b/...", "/a/b", "/c"];
        for (path, route) in [
            ("/", "/..."),
            ("/x", "/..."),
            ("/ab", "/..."),
            ("/a", "/a/..."),
            ("/a/", "/a/..."),
            ("/a/x", "/a/..."),
            ("/a/b", "/a/b"),
            ("/a/b/", "/a/b"),
            ("/a/b/c", "/a/b/..."),
            ("/c", "/c"),
            ("/c/d", "/..."),
        ] {
            assert_eq!(find(&routes, path), Some(route), "{path}");
        }
    }

    #[test]
    fn a_path_without_route_is_not_found() {
        assert_eq!(find(&["/a/...", "/"], "/b"), None);
        assert_eq!(find(&["/a/...", "/"], "/"), Some("/"));
        assert_eq!(find(&["/..."], "*"), None, "the target of OPTIONS * is no path");
    }

    #[test]
    fn other_routes_are_refused() {
        for route in ["", "a", "/a/:b", "/a/*", "/.../a", "..."] {
            let message = Routes::new([(route.to_owned(), ())]).expect_err(route);
            assert!(message.contains(&format!("{route:?}")), "{message}");
        }
        Routes::new([("/a".to_owned(), ()), ("/a/".to_owned(), ())]).expect_err("twice");
    }
}
