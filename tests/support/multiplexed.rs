//! A connection of HTTP/2, or of TLS with whatever the two sides choose there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use redstart_host::TlsFiles;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
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

    /// The same of a client that takes no byte of any body.
    ///
    /// # Panics
    /// As [`Self::clear`].
    pub fn that_takes_nothing(address: SocketAddr) -> Self {
        RUNTIME.block_on(async {
            let stream = TcpStream::connect(address).await.expect("the host listens");
            let mut http2 = http2::Builder::new(TokioExecutor::new());
            let begun = http2.initial_stream_window_size(0).handshake(TokioIo::new(stream)).await;
            let (sender, connection) = begun.expect("a connection");
            Self { sender: Sender::Http2(sender), address, driver: tokio::spawn(connection) }
        })
    }

    /// One of TLS, for which the client offers these protocols; the first is HTTP/2's or HTTP/1's, as the server chooses.
    ///
    /// # Panics
    /// When there can be none.
    pub fn tls(address: SocketAddr, protocols: &[&str]) -> Self {
        RUNTIME.block_on(async {
            let stream = TcpStream::connect(address).await.expect("the host listens");
            let stream = encrypted(stream, protocols).await;
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
        self.send_request(request)
    }

    /// The same without a body, and with headers of these names.
    ///
    /// # Panics
    /// As [`Self::send`].
    pub fn send_with(&mut self, names: &[String], method: &str, path: &str) -> Response<Bytes> {
        let mut request = self.request(method, path, "");
        for name in names {
            request.headers_mut().insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_static("x"));
        }
        self.send_request(request)
    }

    fn send_request(&mut self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        RUNTIME.block_on(async {
            let answer = match &mut self.sender {
                Sender::Http1(sender) => {
                    // Until it has put the last answer behind it.
                    sender.ready().await.expect("a connection");
                    sender.send_request(request).await
                }
                Sender::Http2(sender) => sender.send_request(request).await,
            };
            read(answer.expect("an answer")).await
        })
    }

    /// Asks for something, and does not wait for the answer.
    ///
    /// # Panics
    /// When this is not HTTP/2.
    pub fn ask(&self, path: &str) {
        let Sender::Http2(sender) = &self.sender else { panic!("HTTP/1 has one request at a time") };
        let (mut sender, request) = (sender.clone(), self.request("GET", path, ""));
        RUNTIME.spawn(async move {
            let answer = sender.send_request(request).await;
            // It is held, and nothing of it is taken.
            std::future::pending::<()>().await;
            drop(answer);
        });
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

/// A connection of TLS whose client speaks HTTP/2, and says nothing: waits until the server ends it.
///
/// # Panics
/// When it does not in time.
pub fn wait_for_the_end_of_a_silent_one(address: SocketAddr, time: Duration) {
    RUNTIME.block_on(async {
        let stream = TcpStream::connect(address).await.expect("the host listens");
        let mut stream = encrypted(stream, &["h2"]).await;
        // Whatever the server says, and how it ends it.
        let _ = tokio::time::timeout(time, stream.read_to_end(&mut Vec::new())).await.expect("it ends in time");
    });
}

/// Begins an upload, waits for its answer, and goes on with it: the answer's status, and what became of the rest.
///
/// # Panics
/// When there is no answer.
pub fn upload_beyond_the_answer(address: SocketAddr, path: &str) -> (u16, Result<(), h2::Error>) {
    RUNTIME.block_on(async {
        let stream = TcpStream::connect(address).await.expect("the host listens");
        let (sender, connection) = h2::client::handshake(stream).await.expect("a connection");
        tokio::spawn(connection);
        let request = Request::put(format!("http://{address}{path}")).header("content-type", "application/json");
        let mut sender = sender.ready().await.expect("a connection");
        let (answer, mut body) = sender.send_request(request.body(()).expect("a request"), false).expect("it is sent");
        body.send_data(Bytes::from_static(b"{"), false).expect("it is sent");
        let (head, mut answered) = answer.await.expect("an answer").into_parts();
        while answered.data().await.is_some() {}
        body.reserve_capacity(1);
        let rest = match std::future::poll_fn(|cx| body.poll_capacity(cx)).await {
            Some(Ok(_)) => body.send_data(Bytes::from_static(b"}"), true),
            Some(Err(error)) => Err(error),
            None => Err(h2::Reason::STREAM_CLOSED.into()),
        };
        (head.status.as_u16(), rest)
    })
}

/// TLS over a connection, for which the client offers these protocols.
async fn encrypted(stream: TcpStream, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let trusted = CertificateDer::from_pem_file(certificate().certificate).expect("a certificate");
    roots.add(trusted).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("versions of TLS");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS")
}

async fn read(answer: Response<Incoming>) -> Response<Bytes> {
    let (head, body) = answer.into_parts();
    Response::from_parts(head, body.collect().await.expect("a body").to_bytes())
}
