//! `/docs`, a page that describes each call and tries it, and `/openapi.json`, the document that it shows. `redstart-page`
//! writes the files, and the manifest's `files` mounts them: they are no part of the component.

use std::io::ErrorKind;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use utoipa::IntoParams;

use super::entity_tag::{Condition, EntityTag};
use super::form::Form;
use super::operation::{Operation, Side, operations};
use crate::answer::{self, Response, With};
use crate::handler::Headers;
use crate::problem::{Kind, Problem};
use crate::uri;

/// What is served.
pub fn operations<S: Side>() -> Vec<Operation<S>> {
    operations![page, file, document]
}

/// Whether a path is one of these, which need no token.
pub fn is_at(path: &str) -> bool {
    matches!(path, "/docs" | "/openapi.json") || path.starts_with("/docs/")
}

/// A file of the page.
#[derive(Debug)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// Its media type.
    pub media_type: &'static str,
}

/// The page itself.
pub const PAGE: File = File { name: "index.html", media_type: "text/html; charset=utf-8" };
/// What it describes.
pub const DOCUMENT: File = File { name: "openapi.json", media_type: "application/json" };
/// What it loads, and the licence of what is not ours in it.
pub const PARTS: [File; 7] = [
    File { name: "page.css", media_type: "text/css; charset=utf-8" },
    File { name: "page.js", media_type: "text/javascript; charset=utf-8" },
    File { name: "swagger-ui.css", media_type: "text/css; charset=utf-8" },
    File { name: "swagger-ui-bundle.js", media_type: "text/javascript; charset=utf-8" },
    File { name: "favicon-32x32.png", media_type: "image/png" },
    File { name: "LICENSE", media_type: "text/plain; charset=utf-8" },
    File { name: "NOTICE", media_type: "text/plain; charset=utf-8" },
];

/// Where the manifest mounts them.
const FOLDER: &str = "/page";

/// What the page may do: load what is beside it, and talk to the API beside it. Swagger UI's style sheet holds its icons
/// as `data:` images.
const POLICY: [(HeaderName, HeaderValue); 2] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// What the caller has already.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Unless {
    /// Only where it has none of these entity tags.
    #[param(rename = "If-None-Match", pattern = r#"^(\*|[, ]*((W/)?"[!#-~]*" *,[, ]*)*((W/)?"[!#-~]*" *)?)$"#)]
    pub if_none_match: Option<String>,
}

/// A page to read about each call, and to try it
///
/// It works without the internet. The token that is given there stays in the page's memory.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "read_page",
    tag = "description",
    params(Unless),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 304, description = "It is still the one that `If-None-Match` names"),
        (status = 400, description = "`If-None-Match` cannot be read"),
        (status = 404, description = "The page is not installed"),
    ),
)]
async fn page(headers: Headers) -> Result<Response, Problem> {
    Ok(read(&PAGE, &headers)?.with(POLICY))
}

/// A file that the page loads
#[utoipa::path(
    get,
    path = "/docs/{file}",
    operation_id = "read_page_file",
    tag = "description",
    params(("file" = String, Path, description = "Its name", example = "page.css"), Unless),
    responses(
        (
            status = 200,
            description = "The file",
            content(
                (String = "text/css"),
                (String = "text/javascript"),
                (String = "text/plain"),
                (Vec<u8> = "image/png"),
            ),
        ),
        (status = 304, description = "It is still the one that `If-None-Match` names"),
        (status = 400, description = "`If-None-Match` cannot be read"),
        (status = 404, description = "The page has no such file, or is not installed"),
    ),
)]
async fn file(uri: Uri, headers: Headers) -> Result<Response, Problem> {
    let name = uri::segment(&uri, 1)?.unwrap_or_default();
    let file = PARTS.iter().find(|file| file.name.as_bytes() == name);
    read(file.ok_or_else(|| Problem::new(Kind::NotFound, "the page has no such file"))?, &headers)
}

/// This document
///
/// Of OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "read_document",
    tag = "description",
    params(Unless),
    responses(
        (status = 200, description = "The document", body = Object),
        (status = 304, description = "It is still the one that `If-None-Match` names"),
        (status = 400, description = "`If-None-Match` cannot be read"),
        (status = 404, description = "The document is not installed"),
    ),
)]
async fn document(headers: Headers) -> Result<Response, Problem> {
    read(&DOCUMENT, &headers)
}

/// Answers with a file. A browser asks each time whether what it keeps is still that.
fn read(file: &File, headers: &HeaderMap) -> Result<Response, Problem> {
    let if_none_match = Condition::if_none_match(headers)?;
    let bytes = std::fs::read(Path::new(FOLDER).join(file.name)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => not_installed(),
        _ => Problem::new(Kind::Internal, "a file of the page cannot be read").because(error),
    })?;
    let tag = EntityTag::of(&bytes, Form::Raw);
    let common = [
        (header::ETAG, tag.header_value()?),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    if if_none_match.matches(&tag) {
        return Ok(answer::empty(StatusCode::NOT_MODIFIED).with(common));
    }
    let media_type = [(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type))];
    Ok(answer::new(StatusCode::OK, bytes).with(common).with(media_type))
}

fn not_installed() -> Problem {
    let detail = "the page is not installed: `cargo run -p redstart-page target/page` writes its folder, and spin.toml \
                  mounts that with `{ source = \"target/page\", destination = \"/page\" }` in the component's `files`";
    Problem::new(Kind::NotFound, detail)
}
