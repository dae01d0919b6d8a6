//! The demo's server: a page, the chat, and the echo, on one port of loopback.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::{Service, service_fn};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::Instrument as _;

use super::watched::Watched;
use super::{DemoError, chat, echo};

const PAGE: &str = include_str!("page.html");

/// How long the chat may take to say good-bye when the server stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// The demo's chat server, listening on 127.0.0.1. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    /// Dropping it tells every task of the server to end.
    running: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts the server on a free port. Must be called within a tokio runtime that has I/O and time.
    ///
    /// # Errors
    /// [`DemoError::Listen`] where loopback has no port to give.
    pub async fn start() -> Result<Server, DemoError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(DemoError::Listen)?;
        let addr = listener.local_addr().map_err(DemoError::Listen)?;
        let (running, stopped) = watch::channel(());
        let task = tokio::spawn(serve(listener, stopped));
        Ok(Server { addr, running, task })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Stops the server, and returns when its port is closed and everyone in the chat has been told. A WebSocket of
    /// the chat that is in no namespace lives on until its client leaves, or misses a heartbeat.
    pub async fn stop(self) {
        drop(self.running);
        // The task can only fail by a panic, which tokio has reported by then.
        let _ = self.task.await;
    }
}

/// Accepts connections until `stopped` says that the [`Server`] is gone.
async fn serve(listener: TcpListener, mut stopped: watch::Receiver<()>) {
    let for_site = stopped.clone();
    let site = service_fn(move |request| site(request, for_site.clone()));
    let (service, chat) = chat::service(site);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stopped.changed() => break,
            // Connections that have ended are let go of here, so that a demo that loops does not collect them.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let service = service.clone();
                connections.spawn(connection(stream, service));
            }
            // One connection that failed before it was accepted, or no file handle left: the others go on.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    drop(listener);
    // The chat's WebSockets outlive the HTTP connections that they came by.
    let _ = tokio::time::timeout(FAREWELL, chat.close()).await;
    connections.shutdown().await;
}

/// Serves one connection until either side closes it. What goes wrong on it is for the client to find out.
async fn connection<S, B>(stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let port = stream.peer_addr().map(|peer| peer.port()).unwrap_or_default();
    let told = service_fn(move |request: Request<Incoming>| {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let span = tracing::info_span!(
            "connection",
            port,
            method = request.method().as_str(),
            target,
            status = tracing::field::Empty
        );
        let answer = service.call(request);
        async move {
            let answer = answer.await;
            if let Ok(answer) = &answer {
                tracing::Span::current().record("status", answer.status().as_u16());
            }
            answer
        }
        .instrument(span)
    });
    let http = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(Watched::new(stream, port)), told);
    let _ = http.with_upgrades().await;
}

/// Answers what is not the chat's.
async fn site(
    request: Request<Incoming>,
    stopped: watch::Receiver<()>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => answer(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        (&Method::GET, "/echo") => echo::accept(request, stopped),
        _ => {
            answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "The demo server has no such page.\n")
        }
    })
}

/// A response with a fixed body.
pub(super) fn answer(status: StatusCode, kind: &'static str, body: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
