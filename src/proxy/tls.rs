//! TLS towards the upstream: which certificates are trusted, and what was agreed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::connect::Unreachable;
use super::{ProxyError, Upstream};
use crate::wire;

/// How the certificate of an upstream that speaks TLS is checked. By default the system's certificate
/// authorities are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// Accept any certificate, also one of somebody else.
    pub insecure: bool,
    /// A PEM file of certificates that are trusted besides the system's: certificate authorities, or the
    /// very certificate of the upstream.
    pub ca: Option<PathBuf>,
}

/// Makes TLS connections to one upstream.
#[derive(Clone)]
pub struct Connector {
    inner: TlsConnector,
    name: ServerName<'static>,
    verified: bool,
}

/// A TLS handshake that takes longer has failed.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl Connector {
    /// Loads the trusted certificates, once.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Ca`] where the file of `--ca` cannot be used, [`ProxyError::NoRoots`] where nothing at
    /// all would be trusted, [`ProxyError::Tls`] where a host name cannot be one in TLS.
    pub fn new(upstream: &Upstream, options: &TlsOptions) -> Result<Connector, ProxyError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match options.insecure {
            true => Arc::new(AcceptAny(provider.clone())),
            false => trusted(options.ca.as_deref(), &provider)?,
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        // wirewalk decodes HTTP/1.1, so a server that could speak HTTP/2 must not choose it (RFC 7301).
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = match upstream.host() {
            Host::Domain(name) => ServerName::try_from(name.clone())
                .map_err(|_| Error::General(format!("{} cannot be a host name", name.escape_debug())))?,
            Host::Ipv4(ip) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(*ip))),
            Host::Ipv6(ip) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V6(*ip))),
        };
        Ok(Connector { inner: TlsConnector::from(Arc::new(config)), name, verified: !options.insecure })
    }

    /// Agrees on TLS over `tcp`, and says what was agreed.
    ///
    /// # Errors
    ///
    /// [`Unreachable`], which explains what is wrong with the certificate and what can be done.
    pub async fn handshake(&self, tcp: TcpStream) -> Result<(TlsStream<TcpStream>, wire::Tls), Unreachable> {
        let began = Instant::now();
        let stream = match tokio::time::timeout(HANDSHAKE, self.inner.connect(self.name.clone(), tcp)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(explain(&error)),
            Err(_) => {
                return Err(Unreachable {
                    error: format!("the TLS handshake was not complete within {} s", HANDSHAKE.as_secs()),
                    advice: format!("If your server does not speak TLS there, {USE_HTTP}."),
                });
            }
        };
        let (_, session) = stream.get_ref();
        // rustls names the suites of TLS 1.3 TLS13_…, where IANA writes TLS_….
        let suite = session.negotiated_cipher_suite().map(|s| format!("{:?}", s.suite())).unwrap_or_default();
        let tls = wire::Tls {
            version: match session.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
                other => format!("{other:?}"),
            },
            cipher_suite: suite.replacen("TLS13_", "TLS_", 1),
            alpn: session.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned()),
            server_name: self.name.to_str().into_owned(),
            verified: self.verified,
            took: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
        };
        Ok((stream, tls))
    }
}

const USE_HTTP: &str = "give wirewalk its address with http:// instead of https://";

/// Says in words why a handshake failed, and what to do.
fn explain(error: &io::Error) -> Unreachable {
    let because = |error: &str, advice: &str| Unreachable {
        error: format!("the TLS handshake failed: {error}"),
        advice: advice.to_owned(),
    };
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => because(
                "the server closed the connection before it was complete",
                &format!("If your server does not speak TLS there, {USE_HTTP}."),
            ),
            _ => because(&error.to_string(), "Look into the log of your server."),
        };
    };
    let trust = "If you trust this server, give its certificate authority with --ca FILE, or accept any certificate \
                 with --insecure.";
    match tls {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            because("its certificate is not signed by an authority that this machine trusts", trust)
        }
        Error::InvalidCertificate(CertificateError::BadSignature) => because(
            "its certificate claims an authority that this machine trusts, but was signed with another key",
            "Give the authority's present certificate with --ca FILE, or accept any certificate with --insecure.",
        ),
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => because(
            "its certificate is for another name",
            "Give wirewalk the upstream by the name in its certificate, or accept any certificate with --insecure.",
        ),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            because(
                "its certificate has expired",
                "Renew it, check the clock of this machine, or accept any certificate with --insecure.",
            )
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => because(
            "its certificate is not valid yet",
            "Check the clock of this machine, or accept any certificate with --insecure.",
        ),
        Error::InvalidCertificate(other) => {
            because(&format!("its certificate cannot be accepted: {other}"), trust)
        }
        Error::InvalidMessage(_) => because(
            "what the server sent is not TLS",
            &format!("If your server speaks HTTP without TLS there, {USE_HTTP}."),
        ),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => {
            because("the server refuses HTTP/1.1", "Let your server accept HTTP/1.1 beside newer versions.")
        }
        other => because(&other.to_string(), "Look into the log of your server."),
    }
}

/// Trusts the system's certificate authorities, and the certificates in `ca`.
fn trusted(
    ca: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ProxyError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    // What is not a certificate in the system's store is no fault of the user's, and trusts nobody.
    roots.add_parsable_certificates(system.certs);
    let own = ca.map(|path| read(path, &mut roots)).transpose()?.unwrap_or_default();
    if roots.is_empty() {
        return Err(ProxyError::NoRoots { detail: system.errors.first().map(ToString::to_string) });
    }
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    Ok(Arc::new(Trusted { chains, own }))
}

/// Adds the certificates of a PEM file to `roots`, and returns them.
fn read(path: &Path, roots: &mut RootCertStore) -> Result<Vec<CertificateDer<'static>>, ProxyError> {
    let refuse = |problem: String| ProxyError::Ca { path: path.to_owned(), problem };
    let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refuse(format!("is not a PEM file: {error}")))?;
    if certificates.is_empty() {
        let problem = "holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----";
        return Err(refuse(problem.to_owned()));
    }
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| refuse(format!("holds a certificate that cannot be used: {error}")))?;
    }
    Ok(certificates)
}

/// Checks chains as usual (RFC 5280 §6), and accepts the very certificates that the user named.
#[derive(Debug)]
struct Trusted {
    chains: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trusted {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let error = match self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        // `openssl req -x509` makes a certificate that signs itself and calls itself an authority. Chain
        // building refuses that as a server's, after it has checked its dates and before anything else.
        let is_authority = matches!(&error, Error::InvalidCertificate(CertificateError::Other(other)) if is_ca_as_server(other));
        if is_authority && self.own.iter().any(|own| own == end_entity) {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        Err(error)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Whether chain building refused a server's certificate because it is an authority's.
fn is_ca_as_server(error: &rustls::OtherError) -> bool {
    error.0.to_string() == "CaUsedAsEndEntity"
}

/// Accepts any certificate; that the server holds its key is still checked.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
