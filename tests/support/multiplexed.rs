//! A connection of HTTP/2, or of TLS with whatever the two sides choose there.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use redstart_host::TlsFiles;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::host::{RUNTIME, TOKEN, project};

/// A certificate for `localhost` and its key (`tests/tls`).
pub fn certificate() -> TlsFiles {
    let folder = project().join("tests/tls");
    TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// The connection.
pub struct Connection {
    sender: Sender,
    address: SocketAddr,
    /// Done when the connection has ended.
    driver: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    /// One of HTTP/2 in clear text, which the client knows that the server speaks.
    ///
    /// # Panics
    /// When there can be none.
    pub fn clear(address: SocketAddr) -> Self {
        RUNTIME.block_on(async {
            let stream = TcpStream::connect(address).await.expect("the host listens");
            Self::http2(TokioIo::new(stream), address).await
        })
    }

    /// One of TLS, for which the client offers these protocols; the first is HTTP/2's or HTTP/1's, as the server chooses.
    ///
    /// # Panics
    /// When there can be none.
    pub fn tls(address: SocketAddr, protocols: &[&str]) -> Self {
        let mut roots = RootCertStore::empty();
        let trusted = CertificateDer::from_pem_file(certificate().certificate).expect("a certificate");
        roots.add(trusted).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("versions of TLS");
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        RUNTIME.block_on(async {
            let stream = TcpStream::connect(address).await.expect("the host listens");
            let name = ServerName::try_from("localhost").expect("a name");
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                return Self::http2(TokioIo::new(stream), address).await;
            }
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
            Self { sender: Sender::Http1(sender), address, driver: tokio::spawn(connection) }
        })
    }

    async fn http2(
        stream: impl hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
        address: SocketAddr,
    ) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("a connection");
        Self { sender: Sender::Http2(sender), address, driver: tokio::spawn(connection) }
    }

    /// Whether it is one of HTTP/2.
    pub fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    /// Sends a request with the token, and gives the answer with its body.
    ///
    /// # Panics
    /// When there is none.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> Response<Bytes> {
        let request = self.request(method, path, body);
        RUNTIME.block_on(async {
            let answer = match &mut self.sender {
                Sender::Http1(sender) => sender.send_request(request).await,
                Sender::Http2(sender) => sender.send_request(request).await,
            };
            read(answer.expect("an answer")).await
        })
    }

    /// Sends so many requests at once.
    ///
    /// # Panics
    /// When one has no answer, or this is not HTTP/2.
    pub fn send_together(&self, count: usize, path: &str) -> Vec<Response<Bytes>> {
        let Sender::Http2(sender) = &self.sender else { panic!("HTTP/1 has one request at a time") };
        RUNTIME.block_on(async {
            let asked: Vec<_> = (0..count)
                .map(|_| {
                    let (mut sender, request) = (sender.clone(), self.request("GET", path, ""));
                    tokio::spawn(async move { read(sender.send_request(request).await.expect("an answer")).await })
                })
                .collect();
            let mut answers = Vec::new();
            for answer in asked {
                answers.push(answer.await.expect("no panic"));
            }
            answers
        })
    }

    /// Whether the server has ended it.
    pub fn has_ended(&self) -> bool {
        self.driver.is_finished()
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Request<Full<Bytes>> {
        let request = Request::builder().method(method).header("authorization", format!("Bearer {TOKEN}"));
        // HTTP/1 names the host in a header, HTTP/2 in the target.
        let request = match self.sender {
            Sender::Http1(_) => request.uri(path).header("host", "localhost"),
            Sender::Http2(_) => request.uri(format!("http://{}{path}", self.address)),
        };
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        request.body(Full::from(body.to_owned())).expect("a request")
    }
}

async fn read(answer: Response<Incoming>) -> Response<Bytes> {
    let (head, body) = answer.into_parts();
    Response::from_parts(head, body.collect().await.expect("a body").to_bytes())
}
