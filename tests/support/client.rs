//! What speaks HTTP to the host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::secrets;

/// A client with a token. Clones share its connections.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    headers: ureq::http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Checks that it is a problem of the component's with this status, and gives its detail.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.json()["request_id"], self.header("x-request-id"));
        self.problem_of_host(status)
    }

    /// Checks that it is a problem with this status, and gives its detail. One of the host's own has no request id.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn problem_of_host(&self, status: u16) -> String {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{body}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{body}");
        problem["detail"].as_str().expect("a detail").to_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections_per_host(4)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Self { agent: config.into(), address, token: Some(token.to_owned()) }
    }

    /// The same client with another token, or none.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    /// The same client on connections of its own.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.address, self.token.as_deref().unwrap_or_default())
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Sends a request that may get no answer.
    ///
    /// # Errors
    /// Why there is none.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = if body.is_empty() && !["POST", "PUT", "PATCH"].contains(&method) {
            self.agent.run(request.body(())?)?
        } else {
            self.agent.run(request.body(body)?)?
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
        let answer = Response { status, headers, body };
        secrets::check(path, &answer);
        Ok(answer)
    }

    /// `GET`
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], b"")
    }

    /// `GET`, of the bytes themselves.
    #[track_caller]
    pub fn get_raw(&self, path: &str) -> Response {
        self.send("GET", path, &[("accept", "application/octet-stream")], b"")
    }

    /// `DELETE`
    #[track_caller]
    pub fn delete(&self, path: &str) -> Response {
        self.send("DELETE", path, &[], b"")
    }

    /// `PUT`, of the bytes themselves.
    #[track_caller]
    pub fn put_raw(&self, path: &str, body: &[u8]) -> Response {
        self.send("PUT", path, &[("content-type", "application/octet-stream")], body)
    }

    /// `PUT` or `POST`, of JSON.
    #[track_caller]
    pub fn send_json(&self, method: &str, path: &str, body: &Value) -> Response {
        self.send(method, path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// Sends bytes over a connection of its own and gives back all that comes until the host closes it.
    ///
    /// # Panics
    /// When the connection fails.
    pub fn raw(&self, request: &(impl AsRef<[u8]> + ?Sized)) -> String {
        let mut connection = self.begin(request);
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("the host closes the connection");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A connection of its own on which these bytes were sent.
    ///
    /// # Panics
    /// When the connection fails.
    pub fn begin(&self, request: &(impl AsRef<[u8]> + ?Sized)) -> TcpStream {
        let mut connection = TcpStream::connect(self.address).expect("the host accepts");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        connection.write_all(request.as_ref()).expect("the host reads");
        connection
    }

    /// The bearer token's header line, for [`Self::raw`].
    pub fn authorization(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.token.as_deref().unwrap_or_default())
    }
}
