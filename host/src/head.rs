//! The head of a request: how large it may be, and which host it names.

use std::str::FromStr as _;

use http::{
    Uri, Version, header,
    request::Parts,
    uri::{Authority, Scheme},
};

use crate::{problem::Problem, settings::Settings};

/// How many bytes stand around a header's name and value.
const HEADER_OVERHEAD: usize = ": \r\n".len();

/// How large a head may be.
#[derive(Clone, Copy)]
pub(crate) struct HeadLimits {
    url_bytes: usize,
    bytes: usize,
    headers: usize,
}

impl HeadLimits {
    pub fn new(settings: &Settings) -> Self {
        Self { url_bytes: settings.max_url_bytes, bytes: settings.http1_max_buf_size, headers: settings.max_headers }
    }

    /// Refuses a head that is larger.
    pub fn check(self, uri: &Uri, headers: &http::HeaderMap) -> Result<(), Problem> {
        let url = uri.path_and_query().map_or(0, |target| target.as_str().len());
        if url > self.url_bytes {
            return Err(Problem::UrlTooLong(self.url_bytes));
        }
        // In HTTP/1, hyper counts them.
        if headers.len() > self.headers {
            return Err(Problem::TooManyHeaders(self.headers));
        }
        let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            name.as_str().len() + value.len() + HEADER_OVERHEAD
        };
        if url + headers.iter().map(header).sum::<usize>() > self.bytes {
            return Err(Problem::HeadTooLarge(self.bytes));
        }
        Ok(())
    }
}

/// Refuses a body that has another coding below its chunks, which hyper undoes: the component, from which WASI hides the
/// header, would take it for what was sent (RFC 9112, section 6.1).
pub(crate) fn check_coding(headers: &http::HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Problem::TransferCoding),
    }
}

/// Puts the host that the client named into the target, where the component looks for it: WASI hides the `Host` header. And the
/// scheme that is spoken, whatever the client says of it.
pub(crate) fn name_host(head: &mut Parts, scheme: &Scheme) -> Result<(), Problem> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => {
            let host = host.to_str().ok().and_then(|host| Authority::from_str(host).ok());
            Some(host.ok_or(Problem::BadAuthority)?)
        }
        (Some(_), Some(_)) => return Err(Problem::BadAuthority),
    };
    let mut target = std::mem::take(&mut head.uri).into_parts();
    target.authority = match (target.authority, named) {
        (None, None) if head.version >= Version::HTTP_11 => return Err(Problem::BadAuthority),
        (Some(target), Some(named)) if target != named => return Err(Problem::BadAuthority),
        (target, named) => target.or(named),
    };
    target.scheme = target.authority.is_some().then(|| scheme.clone());
    // Every part was part of a target already, but `*` and `CONNECT`'s form do not go with an authority.
    head.uri = Uri::from_parts(target).map_err(|_| Problem::BadAuthority)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn named(target: &str, hosts: &[&str], version: Version) -> Option<String> {
        let mut request = Request::builder().uri(target).version(version);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let mut head = request.body(()).expect("a request").into_parts().0;
        name_host(&mut head, &Scheme::HTTP).ok().map(|()| head.uri.to_string())
    }

    #[test]
    fn the_host_comes_from_the_header_or_the_target() {
        for (target, hosts, expected) in [
            ("/a?b", &["h:1"][..], Some("http://h:1/a?b")),
            ("http://h:1/a", &[], Some("http://h:1/a")),
            ("http://h:1/a", &["H:1"], Some("http://h:1/a")),
            ("http://h:1/a", &["g"], None),
            ("/", &["h", "h"], None),
            ("/", &["a b"], None),
            ("/", &[""], None),
            ("/", &[], None),
        ] {
            assert_eq!(named(target, hosts, Version::HTTP_11).as_deref(), expected, "{target} {hosts:?}");
        }
        assert_eq!(named("/a", &[], Version::HTTP_10).as_deref(), Some("/a"));
    }

    #[test]
    fn a_body_is_chunked_once_and_nothing_else() {
        let is_fine = |codings: &[&str]| {
            let headers = codings.iter().map(|coding| (header::TRANSFER_ENCODING, coding.parse().expect("a value")));
            check_coding(&headers.collect()).is_ok()
        };
        assert!(is_fine(&[]) && is_fine(&["chunked"]) && is_fine(&["Chunked "]));
        for codings in
            [&["gzip, chunked"][..], &["chunked, chunked"], &["identity", "chunked"], &["chunked", "chunked"], &[""]]
        {
            assert!(!is_fine(codings), "{codings:?}");
        }
    }
}
