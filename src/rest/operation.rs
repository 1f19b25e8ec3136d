//! Operations: each handler with the methods and the path that its `#[utoipa::path]` says, served and documented from the
//! one list that `operations!` makes.

use http::Method;
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::{self, HttpMethod, RefOr, Schema};

use crate::handler::Serve;
use crate::router::Router;

/// A handler with where it is found: as it is served, or as it is described.
pub struct Operation<S> {
    /// The path, with names in braces.
    pub path: String,
    /// The methods; GET answers HEAD as well.
    pub methods: Vec<HttpMethod>,
    /// How it is served or described.
    pub side: S,
}

/// Describes a handler, and adds the schemas that it speaks of.
pub type Describe = fn(&mut Schemas) -> openapi::path::Operation;
/// Schemas by their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// What `#[utoipa::path]` makes of a handler.
pub trait Description: utoipa::Path + SchemaReferences + Tags<'static> {}

impl<D: utoipa::Path + SchemaReferences + Tags<'static>> Description for D {}

/// [`Serve`] or [`Describe`]: who needs the one does not carry the other, which is most of it.
pub trait Side {
    /// The side of a handler that `D` describes.
    fn of<D: Description>(serve: Serve) -> Self;
}

impl Side for Serve {
    fn of<D: Description>(serve: Serve) -> Self {
        serve
    }
}

impl Side for Describe {
    fn of<D: Description>(_: Serve) -> Self {
        |schemas| {
            D::schemas(schemas);
            let mut operation = D::operation();
            operation.tags = Some(D::tags().into_iter().map(str::to_owned).collect());
            operation
        }
    }
}

impl<S: Side> Operation<S> {
    /// The operation that `D` describes.
    pub fn of<D: Description>(serve: Serve) -> Self {
        Self { path: D::path(), methods: D::methods(), side: S::of::<D>(serve) }
    }
}

/// Makes [`Operation`]s of handlers of the calling module, which `#[utoipa::path]` describes.
macro_rules! operations {
    ($($handler:ident),* $(,)?) => {
        pastey::paste! {
            vec![$(
                $crate::rest::operation::Operation::of::<[<__path_ $handler>]>(|asked| $crate::handler::Handle::handle($handler, asked))
            ),*]
        }
    };
}
pub(crate) use operations;

/// What may stand last in a path and be any bytes, even such as no path can hold: empty, `.` and `..`.
const OF_ANY_BYTES: [&str; 3] = ["key", "field", "member"];

impl<S> Operation<S> {
    /// The path above and the name in braces that stands last, where that may be any bytes.
    pub fn parent(&self) -> Option<(&str, &str)> {
        let (parent, last) = self.path.rsplit_once('/')?;
        let name = last.strip_prefix('{')?.strip_suffix('}')?;
        OF_ANY_BYTES.contains(&name).then_some((parent, name))
    }

    /// Whether it and another one would be the same to a caller at `path`.
    fn is_at(&self, path: &str, method: &HttpMethod) -> bool {
        self.path == path && self.methods.contains(method)
    }
}

/// The operations that are also found at their parent's path, with the last part in the query instead: each with that
/// path, the part's name and the method, unless something else is there.
pub fn by_query<S>(operations: &[Operation<S>]) -> impl Iterator<Item = (&Operation<S>, &str, &str, &HttpMethod)> {
    let free = |path: &str, method: &HttpMethod| !operations.iter().any(|other| other.is_at(path, method));
    operations.iter().filter_map(|operation| operation.parent().map(|place| (operation, place))).flat_map(
        move |(operation, (parent, name))| {
            let methods = operation.methods.iter().filter(move |method| free(parent, method));
            methods.map(move |method| (operation, parent, name, method))
        },
    )
}

/// A router that serves the operations, each where [`by_query`] says as well; and where a fixed path looks like a key's,
/// that key's operations too.
pub fn router(operations: &[Operation<Serve>]) -> Router {
    let mut router = Router::default();
    for operation in operations {
        for method in &operation.methods {
            router.add(&operation.path, name(method), operation.side);
        }
    }
    for (operation, parent, _, method) in by_query(operations) {
        router.add(parent, name(method), operation.side);
    }
    let mut fixed: Vec<_> = operations.iter().map(|operation| operation.path.as_str()).collect();
    fixed.sort_unstable();
    fixed.dedup();
    let fixed = fixed.into_iter().filter_map(|path| path.rsplit_once('/').map(|(above, last)| (path, above, last)));
    let fixed: Vec<_> = fixed.filter(|(_, _, last)| !last.starts_with('{')).collect();
    for operation in operations {
        let Some((parent, _)) = operation.parent() else { continue };
        for (path, ..) in fixed.iter().filter(|(_, above, _)| *above == parent) {
            for method in &operation.methods {
                if !operations.iter().any(|other| other.is_at(path, method)) {
                    router.add(path, name(method), operation.side);
                }
            }
        }
    }
    router
}

fn name(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
