//! An upstream that speaks TLS.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wirewalk::proxy::{Config, TlsOptions};
use wirewalk::wire::{Connected, Direction, How, Peer, Tls, What};

use crate::kit::*;

/// A server with a certificate for `name`, and what `--ca` must hold for it to be trusted.
struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    acceptor: TlsAcceptor,
    ca: NamedTempFile,
}

/// Signed by an authority of our own.
async fn server(name: &str) -> Server {
    server_of("Our Authority", name).await
}

async fn server_of(authority: &str, name: &str) -> Server {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, authority);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    start(cert.der().clone(), &key, &ca.pem()).await
}

/// As `openssl req -x509` makes it: one certificate that is the server's and its own authority's.
async fn self_signed_authority(name: &str) -> Server {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let cert = params.self_signed(&key).unwrap();
    start(cert.der().clone(), &key, &cert.pem()).await
}

async fn start(cert: CertificateDer<'static>, key: &KeyPair, trusted: &str) -> Server {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(trusted.as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    Server { listener, addr, acceptor: TlsAcceptor::from(Arc::new(config)), ca }
}

impl Server {
    fn url(&self) -> String {
        format!("https://localhost:{}", self.addr.port())
    }

    fn trusted(&self) -> Config {
        Config {
            tls: TlsOptions { insecure: false, ca: Some(self.ca.path().to_owned()) },
            ..config(&self.url())
        }
    }

    fn insecure(&self) -> Config {
        Config { tls: TlsOptions { insecure: true, ca: None }, ..config(&self.url()) }
    }

    async fn accept(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let (tcp, _) = within(self.listener.accept()).await?;
        within(self.acceptor.accept(tcp)).await
    }

    async fn connect(&self, config: Config) -> (Running, TcpStream, TlsStream<TcpStream>) {
        let proxy = run(config).await;
        let client = TcpStream::connect(proxy.addr).await.unwrap();
        let server = self.accept().await.unwrap();
        (proxy, client, server)
    }

    /// The 502 that a client gets, and the recorded reason.
    async fn refusal(&self, config: Config) -> (String, String) {
        let proxy = run(config).await;
        let mut client = TcpStream::connect(proxy.addr).await.unwrap();
        assert!(self.accept().await.is_err());
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let answer = String::from_utf8(read_all(&mut client).await.unwrap()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
        let all = proxy.log.all();
        assert!(!all.iter().any(|what| matches!(what, What::Tls(_))));
        let Some(What::Opened(opened)) = all.first() else { panic!("{all:?}") };
        let Connected::No { error } = &opened.connected else { panic!("{opened:?}") };
        (answer, error.clone())
    }
}

fn agreed(log: &Log) -> Tls {
    let all = log.all();
    assert!(matches!(all[0], What::Opened(_)));
    let What::Tls(tls) = &all[1] else { panic!("{all:?}") };
    tls.clone()
}

#[tokio::test]
async fn bytes_pass_and_what_was_agreed_is_recorded() {
    let server = server("localhost").await;
    let (proxy, mut client, mut peer) = server.connect(server.trusted()).await;
    let tls = agreed(&proxy.log);
    assert_eq!(tls.version, "TLSv1.3");
    assert!(tls.cipher_suite.starts_with("TLS_"), "{tls:?}");
    assert_eq!(
        (tls.alpn.as_deref(), tls.server_name.as_str(), tls.verified),
        (Some("http/1.1"), "localhost", true)
    );
    assert!(tls.took > 0);
    assert_eq!(peer.get_ref().1.server_name(), Some("localhost"));

    let (up, down) = (noise(1_000_000, 3), noise(1_000_000, 4));
    client.write_all(b"small").await.unwrap();
    assert_eq!(read(&mut peer, 5).await, b"small", "passes at once");
    let (mut client_read, mut client_write) = client.split();
    let (mut peer_read, mut peer_write) = tokio::io::split(peer);
    let (to_server, to_client, _, _) = tokio::join!(
        read(&mut peer_read, up.len()),
        read(&mut client_read, down.len()),
        client_write.write_all(&up),
        async {
            peer_write.write_all(&down).await.unwrap();
            peer_write.flush().await.unwrap();
        },
    );
    assert!(to_server == up && to_client == down);
    assert!(proxy.log.received(Direction::ToClient) == down);
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_trusted_when_named() {
    let server = self_signed_authority("localhost").await;
    let (proxy, ..) = server.connect(server.trusted()).await;
    assert!(agreed(&proxy.log).verified);
    // Not for another name, though.
    let other = self_signed_authority("elsewhere.example").await;
    let (_, error) = other.refusal(other.trusted()).await;
    assert!(error.contains("for another name"), "{error}");
}

#[tokio::test]
async fn any_certificate_is_accepted_when_asked_for() {
    let server = server("elsewhere.example").await;
    let (proxy, ..) = server.connect(server.insecure()).await;
    assert!(!agreed(&proxy.log).verified);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_explained() {
    let (theirs, ours) = (server_of("Their Authority", "localhost").await, server("localhost").await);
    // Trusts another authority than the one that signed.
    let (answer, error) =
        theirs.refusal(Config { upstream: config(&theirs.url()).upstream, ..ours.trusted() }).await;
    assert!(error.contains("not signed by an authority that this machine trusts"), "{error}");
    assert!(answer.contains(&error) && answer.contains("--ca") && answer.contains("--insecure"), "{answer}");
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_was_made_anew_is_refused_and_explained() {
    let (new, old) = (server("localhost").await, server("localhost").await);
    let (_, error) = new.refusal(Config { upstream: config(&new.url()).upstream, ..old.trusted() }).await;
    assert!(error.contains("signed with another key"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_explained() {
    let server = server("elsewhere.example").await;
    let (answer, error) = server.refusal(server.trusted()).await;
    assert!(error.contains("for another name") && answer.contains("--insecure"), "{answer}");
}

#[tokio::test]
async fn a_server_without_tls_is_recognised() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(&format!("https://{}", plain.local_addr().unwrap()));
    config.tls.insecure = true;
    let proxy = run(config).await;
    let mut client = TcpStream::connect(proxy.addr).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let (mut server, _) = within(plain.accept()).await.unwrap();
    server.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(read_all(&mut client).await.unwrap()).unwrap();
    assert!(answer.contains("is not TLS") && answer.contains("http://"), "{answer}");
}

#[tokio::test]
async fn the_end_of_one_direction_passes_both_ways() {
    let server = server("localhost").await;
    let (proxy, mut client, mut peer) = server.connect(server.trusted()).await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut peer).await.unwrap(), b"question");
    peer.write_all(b"answer").await.unwrap();
    peer.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), b"answer");
    let ends: Vec<_> =
        proxy.log.all().into_iter().filter(|what| matches!(what, What::Closed { .. })).collect();
    let fin = |by| What::Closed { by, how: How::Fin, error: None };
    assert_eq!(ends, [fin(Peer::Client), fin(Peer::Server)]);
}

#[tokio::test]
async fn an_end_without_close_notify_is_recorded_as_such() {
    let server = server("localhost").await;
    let (proxy, mut client, mut peer) = server.connect(server.trusted()).await;
    peer.write_all(b"cut").await.unwrap();
    peer.flush().await.unwrap();
    peer.get_mut().0.shutdown().await.unwrap();
    assert_eq!(read_all(&mut client).await.unwrap(), b"cut");
    let error = proxy.log.wait(|all| match all.last() {
        Some(What::Closed { by: Peer::Server, how: How::Fin, error }) => Some(error.clone()),
        _ => None,
    });
    assert!(error.await.unwrap().contains("close_notify"));
}

#[tokio::test]
async fn a_reset_of_the_client_resets_the_connection_below_tls() {
    let server = server("localhost").await;
    let (proxy, client, mut peer) = server.connect(server.trusted()).await;
    client.set_zero_linger().unwrap();
    drop(client);
    let error = read_all(&mut peer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(proxy.log.endings(), [(Peer::Client, How::Reset)]);
}
