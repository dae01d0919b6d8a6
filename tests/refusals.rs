//! Upgrades that real servers refuse, each for a reason of its own: wirewalk says which.
//!
//! The peers are in `tests/peers`, their versions in `tests/peers/pins.toml`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;
#[allow(dead_code, reason = "only whole transcripts are checked here")]
#[path = "support/schema.rs"]
mod schema;
#[path = "support/wirewalk.rs"]
mod wirewalk;

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::{Value, json};

use wirewalk::{Seen, Wirewalk};

const FLASK: &str = "flask_server.py";
const NPM: &str = "sio_server.cjs";

/// The path and query of a Socket.IO client that begins with a WebSocket.
const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

/// A refusal, and what wirewalk must say of it.
struct Refusal {
    /// The server: a program of `tests/peers` and its options.
    server: (&'static str, Value),
    /// Where the client wants to connect.
    path: &'static str,
    /// The header fields that it adds.
    headers: Value,
    /// Where a proxy stands that removes what asks for the upgrade.
    stripped: Stripped,
    /// The status code that client and wirewalk see.
    status: u16,
    /// The rule of the finding.
    rule: &'static str,
}

#[derive(PartialEq)]
enum Stripped {
    Nowhere,
    BeforeWirewalk,
    BehindWirewalk,
}

impl Default for Refusal {
    fn default() -> Refusal {
        Refusal {
            server: (FLASK, json!({})),
            path: SOCKET_IO,
            headers: json!({}),
            stripped: Stripped::Nowhere,
            status: 400,
            rule: "",
        }
    }
}

/// Has a server refuse an upgrade through wirewalk, and holds what wirewalk said against what the client saw.
fn refused(refusal: Refusal) {
    let Some(peers) = peers::installed() else { return };
    let mut server = peers.start(refusal.server.0, &refusal.server.1);
    let mut upstream = SocketAddr::from(([127, 0, 0, 1], server.port()));
    if refusal.stripped == Stripped::BehindWirewalk {
        upstream = strip_upgrades(upstream);
    }
    let wirewalk = Wirewalk::start(upstream);
    let mut address = wirewalk.address;
    if refusal.stripped == Stripped::BeforeWirewalk {
        address = strip_upgrades(address);
    }
    let url = format!("ws://{address}{}", refusal.path);
    let client = peers.start("ws_client.cjs", &json!({ "url": url, "headers": refusal.headers })).finish();
    server.finish();
    assert_eq!(client, [json!({ "refused": refusal.status })]);
    assert_finding(&wirewalk.stop(), refusal.status, refusal.rule);
}

/// An exchange has a finding of this rule, and an answer with this status code, also in the recording.
fn assert_finding(seen: &Seen, status: u16, rule: &str) {
    let all = seen.units.iter().filter_map(|unit| unit["findings"].as_array()).flatten();
    let rules: Vec<&str> = all.filter_map(|finding| finding["rule"].as_str()).collect();
    assert!(rules.contains(&rule), "no finding {rule}, only {rules:?}");
    let answers = seen.units.iter().filter(|unit| unit["kind"] == "http-response");
    let codes: Vec<&Value> =
        answers.filter_map(|unit| field(&unit["layers"][0], "http.response.code")).collect();
    assert!(codes.contains(&&json!(status)), "no answer {status}, only {codes:?}");
    let status_line = format!("HTTP/1.1 {status} ");
    let recorded = seen.received.values().any(|[_, to_client]| to_client.starts_with(status_line.as_bytes()));
    assert!(recorded, "{status} in the recording");
}

/// The value of the field with this key, of those of a layer or field and below.
fn field<'a>(within: &'a Value, key: &str) -> Option<&'a Value> {
    let fields = within["fields"].as_array()?;
    fields.iter().find_map(|part| if part["key"] == key { part.get("value") } else { field(part, key) })
}

/// A proxy to `upstream` that passes on neither Upgrade nor Connection, as many do unless told otherwise
/// (RFC 9110 §7.6.1). Its thread ends with the test program.
fn strip_upgrades(upstream: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, mut server) = (client.unwrap(), TcpStream::connect(upstream).unwrap());
            let mut answer = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || pass_stripped(client, &mut server).unwrap());
            // Fails where the client leaves before the server has said all.
            thread::spawn(move || io::copy(&mut answer.0, &mut answer.1).is_ok());
        }
    });
    address
}

/// Passes on the head of a request without what asks for an upgrade.
fn pass_stripped(client: TcpStream, server: &mut TcpStream) -> io::Result<()> {
    for line in BufReader::new(client).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if line.is_empty() {
            return server.write_all(b"Connection: close\r\n\r\n");
        }
        if name != "upgrade" && name != "connection" {
            server.write_all(format!("{line}\r\n").as_bytes())?;
        }
    }
    Ok(())
}

/// One test for each refusal.
macro_rules! refusals {
    ($($name:ident: $refusal:expr;)+) => {
        $(#[test]
        fn $name() {
            refused($refusal);
        })+
    };
}

refusals! {
    the_origin_is_not_allowed: Refusal {
        headers: json!({ "Origin": "http://elsewhere.example" }),
        rule: "http.refused_origin",
        ..Refusal::default()
    };
    nothing_is_at_the_path: Refusal {
        path: "/somewhere/?EIO=4&transport=websocket",
        status: 404,
        rule: "http.refused_path",
        ..Refusal::default()
    };
    flask_does_not_know_the_sid: Refusal {
        path: "/socket.io/?EIO=4&transport=websocket&sid=nobody",
        rule: "http.refused_sid",
        ..Refusal::default()
    };
    npm_does_not_know_the_sid: Refusal {
        server: (NPM, json!({})),
        path: "/socket.io/?EIO=4&transport=websocket&sid=nobody",
        rule: "http.refused_sid",
        ..Refusal::default()
    };
    a_proxy_before_flask_strips_the_upgrade: Refusal {
        stripped: Stripped::BehindWirewalk,
        rule: "http.refused_stripped",
        ..Refusal::default()
    };
    a_proxy_before_npm_strips_the_upgrade: Refusal {
        server: (NPM, json!({})),
        stripped: Stripped::BehindWirewalk,
        rule: "http.refused_stripped",
        ..Refusal::default()
    };
    a_proxy_before_wirewalk_strips_the_upgrade: Refusal {
        stripped: Stripped::BeforeWirewalk,
        rule: "http.upgrade_no_websocket",
        ..Refusal::default()
    };
    a_proxy_before_ws_strips_the_upgrade: Refusal {
        server: ("ws_server.cjs", json!({})),
        path: "/",
        stripped: Stripped::BehindWirewalk,
        status: 426,
        rule: "http.refused_stripped",
        ..Refusal::default()
    };
    not_authenticated: Refusal {
        server: ("ws_server.cjs", json!({ "deny": 401 })),
        path: "/",
        status: 401,
        rule: "http.refused_authentication",
        ..Refusal::default()
    };
    forbidden: Refusal {
        server: ("websockets_server.py", json!({ "deny": 403 })),
        path: "/",
        status: 403,
        rule: "http.refused_forbidden",
        ..Refusal::default()
    };
    redirected: Refusal {
        path: "/members",
        status: 302,
        rule: "http.refused_redirect",
        ..Refusal::default()
    };
    answered_with_a_page: Refusal {
        path: "/login",
        status: 200,
        rule: "http.refused_plain_answer",
        ..Refusal::default()
    };
}

/// Has a server refuse a Socket.IO client that speaks Engine.IO 3; the client itself is not told why.
fn refused_engineio_3(server: &str, transport: &str, status: u16, rule: &str) {
    let Some(peers) = peers::installed() else { return };
    let mut server = peers.start(server, &json!({}));
    let wirewalk = Wirewalk::start(SocketAddr::from(([127, 0, 0, 1], server.port())));
    let options = json!({ "url": format!("http://{}", wirewalk.address), "transports": [transport] });
    let client = peers.start("eio3_client.cjs", &options).finish();
    server.finish();
    assert!(client.iter().any(|line| line.get("connectError").is_some()), "{client:?}");
    assert_finding(&wirewalk.stop(), status, rule);
}

#[test]
fn flask_refuses_engineio_3_over_polling() {
    refused_engineio_3(FLASK, "polling", 400, "http.refused_engineio_version");
}

#[test]
fn flask_refuses_engineio_3_over_a_websocket() {
    refused_engineio_3(FLASK, "websocket", 400, "http.refused_engineio_version");
}

#[test]
fn npm_refuses_engineio_3_over_polling() {
    refused_engineio_3(NPM, "polling", 400, "http.refused_engineio_version");
}

#[test]
fn a_bare_websocket_server_refuses_polling() {
    refused_engineio_3("ws_server.cjs", "polling", 426, "http.refused_upgrade_required");
}
