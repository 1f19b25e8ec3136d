//! A client's connection: which protocol it speaks, and how it is served until it ends.

use std::{
    convert::Infallible,
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use http::{HeaderName, HeaderValue, Request, Response};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::GracefulConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    activity::{Activity, Rest},
    outgoing::Outgoing,
    preface::Begun,
    service::Service,
    settings::Settings,
    stream::ClientStream,
};

/// The header in which Spin, too, tells the component who its client is, whatever the client says itself.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");
/// Requests at once on one connection of HTTP/2: the least that RFC 9113, section 6.5.2, recommends, as each may hold an answer.
const MAX_CONCURRENT_STREAMS: u32 = 100;
/// How long a client may take to hear that its connection ends, once nothing is under way there.
const FAREWELL: Duration = Duration::from_secs(1);

/// How connections are served.
pub(crate) struct Connections {
    service: Arc<Service>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    tls: Option<TlsAcceptor>,
    idle_timeout: Duration,
    write_timeout: Duration,
}

impl Connections {
    pub fn new(service: Arc<Service>, tls: Option<TlsAcceptor>, settings: &Settings) -> Self {
        // Twice the limit, so that a head beyond it is answered in words: from hyper, which gives up on what it has no
        // room for, a bare 431 or 414 is all that comes.
        // Without `pipeline_flush`: with it, hyper 1.12 closes a connection whose request it cannot read without sending
        // its 400, 414 or 431.
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_read_timeout)
            .max_buf_size(2 * settings.http1_max_buf_size)
            .max_headers(settings.max_headers);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
            .max_header_list_size(u32::try_from(2 * settings.http1_max_buf_size).unwrap_or(u32::MAX))
            // A client that has gone without a word is found out.
            .keep_alive_interval(settings.header_read_timeout)
            .keep_alive_timeout(settings.header_read_timeout);
        Self {
            service,
            http1,
            http2,
            tls,
            idle_timeout: settings.header_read_timeout,
            write_timeout: settings.write_timeout,
        }
    }

    /// Serves a connection until it ends, or until `ending` says so and its requests are answered. What goes wrong on it
    /// is between its client and hyper, which has answered it.
    pub async fn serve(&self, stream: TcpStream, client: SocketAddr, ending: watch::Receiver<bool>) {
        // It fails only on a connection that is gone already.
        let _ = self.try_serve(stream, client, ending).await;
    }

    async fn try_serve(&self, stream: TcpStream, client: SocketAddr, ending: watch::Receiver<bool>) -> io::Result<()> {
        // A response in two writes must not wait for the client's delayed acknowledgement.
        stream.set_nodelay(true)?;
        let stream = ClientStream::new(stream, self.write_timeout);
        match &self.tls {
            None => {
                let (stream, is_http2) = self.in_time(&ending, Begun::new(stream)).await?;
                self.speak(stream, is_http2, client, ending).await;
            }
            Some(tls) => {
                let handshake = async { Begun::new(tls.accept(stream).await?).await };
                let (stream, is_http2) = self.in_time(&ending, handshake).await?;
                self.speak(stream, is_http2, client, ending).await;
            }
        }
        Ok(())
    }

    /// Waits for what a client has to do before its first request; who has done nothing is owed nothing.
    async fn in_time<T>(
        &self,
        ending: &watch::Receiver<bool>,
        first: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        tokio::select! {
            first = timeout(self.idle_timeout, first) => first?,
            () = told(ending.clone()) => Err(ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        is_http2: bool,
        client: SocketAddr,
        ending: watch::Receiver<bool>,
    ) {
        let activity = is_http2.then(Arc::<Activity>::default);
        let begun = activity.clone();
        let service = Arc::clone(&self.service);
        let client = HeaderValue::try_from(client.to_string()).ok();
        let respond = service_fn(move |mut request: Request<Incoming>| {
            let (service, mut open) = (Arc::clone(&service), begun.as_ref().map(Activity::begin));
            if let Some(client) = &client {
                request.headers_mut().insert(CLIENT_ADDRESS, client.clone());
            }
            async move {
                let (head, body) = service.respond(request).await.into_parts();
                if let Some(open) = &mut open {
                    open.moves();
                }
                let body = Outgoing::new(body, &head.headers, open);
                Ok::<_, Infallible>(Response::from_parts(head, body))
            }
        });
        let (stream, ended) = (TokioIo::new(stream), told(ending));
        match activity {
            // hyper itself ends one that is idle.
            None => until_end(self.http1.serve_connection(stream, respond), ended).await,
            Some(activity) => {
                self.until_rest(self.http2.serve_connection(stream, respond), ended, &activity).await;
            }
        }
    }

    /// Serves a connection of HTTP/2 until it ends or rests; once `ended` is done, only what it has begun.
    async fn until_rest(
        &self,
        connection: impl GracefulConnection,
        ended: impl Future<Output = ()>,
        activity: &Activity,
    ) {
        let mut connection = pin!(connection);
        let rests = || activity.rest(self.idle_timeout, self.write_timeout);
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = ended => {}
            rest = rests() => if rest == Rest::Stalled { return },
        }
        connection.as_mut().graceful_shutdown();
        let farewell = async {
            activity.quiet().await;
            sleep(FAREWELL).await;
        };
        // Where it ends before the client has heard all, the client is one that does not listen.
        tokio::select! {
            _ = connection => {}
            _ = rests() => {}
            () = farewell => {}
        }
    }
}

/// Waits until the server ends.
async fn told(mut ending: watch::Receiver<bool>) {
    // The sender goes with the thread that serves.
    let _ = ending.wait_for(|is_ending| *is_ending).await;
}

/// Serves a connection; once `ended` is done, only what it has begun.
async fn until_end(connection: impl GracefulConnection, ended: impl Future<Output = ()>) {
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = ended => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
