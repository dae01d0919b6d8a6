//! What keeps a proxy from working at all is said before it begins.

use tokio::net::TcpListener;
use wirewalk::proxy::{Config, Proxy, ProxyError};

use crate::kit::config;

async fn refusal(config: Config) -> ProxyError {
    match Proxy::bind(config).await {
        Ok(proxy) => panic!("it listens on {}", proxy.local_addr()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = other.local_addr().unwrap();
    let error = refusal(Config { listen: addr.to_string(), ..config(":1") }).await;
    let text = error.to_string();
    assert!(text.contains(&addr.to_string()) && text.contains("--listen"), "{text}");
    if cfg!(target_os = "linux") {
        assert!(text.contains(&format!("(process {})", std::process::id())), "{text}");
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_listened_on() {
    // An address for documentation (RFC 5737), which no machine has.
    let error = refusal(Config { listen: "192.0.2.1:0".to_owned(), ..config(":1") }).await;
    assert!(matches!(error, ProxyError::Bind { .. }) && error.to_string().contains("--listen"), "{error}");
    let error = refusal(Config { listen: "no-such-host.invalid:0".to_owned(), ..config(":1") }).await;
    assert!(matches!(error, ProxyError::Listen { .. }), "{error}");
    let error = refusal(Config { listen: "nonsense".to_owned(), ..config(":1") }).await;
    assert!(error.to_string().contains("names no port"), "{error}");
}

#[tokio::test]
async fn where_it_listens_and_who_can_reach_it() {
    for (listen, exposed) in [(":0", false), ("0", false), ("localhost:0", false), ("0.0.0.0:0", true)] {
        let proxy = Proxy::bind(Config { listen: listen.to_owned(), ..config(":1") }).await.unwrap();
        assert_ne!(proxy.local_addr().port(), 0);
        assert_eq!(proxy.is_exposed(), exposed, "{listen}");
        assert!(proxy.local_addr().is_ipv4(), "{listen}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_wirewalk_itself() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let upstream = format!("http://{free}");
    let error = refusal(Config { listen: free.to_string(), ..config(&upstream) }).await;
    assert!(error.to_string().contains("wirewalk's own address"), "{error}");
}

#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let with = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut config = config("https://127.0.0.1:1");
        config.tls.ca = Some(path);
        config
    };
    let mut missing = with("missing.pem", "");
    std::fs::remove_file(missing.tls.ca.take().unwrap()).unwrap();
    missing.tls.ca = Some(directory.path().join("missing.pem"));
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (config, says) in [
        (missing, "missing.pem: No such file"),
        (with("empty.pem", "hello"), "holds no certificate"),
        (with("broken.pem", "-----BEGIN CERTIFICATE-----\n!!!\n"), "is not a PEM file"),
        (with("bad.pem", not_der), "cannot be used"),
    ] {
        let error = refusal(config).await.to_string();
        assert!(error.starts_with("--ca ") && error.contains(says), "{error}");
    }
}
