//! A relay of its own kind, that keeps what passes through it: the independent witness on both sides of wirewalk.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::process::DEADLINE;

/// All bytes of one connection.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Streams {
    /// From the client to the server.
    pub to_server: Vec<u8>,
    /// From the server to the client.
    pub to_client: Vec<u8>,
}

impl From<[Vec<u8>; 2]> for Streams {
    fn from([to_server, to_client]: [Vec<u8>; 2]) -> Streams {
        Streams { to_server, to_client }
    }
}

/// A listening relay. Its thread ends with the test program.
pub struct Tap {
    /// Where to connect.
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: Mutex<Connections>,
    changed: Condvar,
}

#[derive(Default)]
struct Connections {
    streams: Vec<Streams>,
    /// How many directions of all connections have not ended yet.
    running: usize,
}

impl Tap {
    /// Starts a relay to `upstream`.
    pub fn start(upstream: SocketAddr) -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let kept = seen.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                relay(client.unwrap(), TcpStream::connect(upstream).unwrap(), &kept);
            }
        });
        Tap { address, seen }
    }

    /// Waits until every connection has ended, and gives their bytes, sorted: the order in which connections
    /// are accepted is not the same on both sides of a proxy.
    pub fn finish(&self) -> Vec<Streams> {
        let guard = self.seen.connections.lock().unwrap();
        let (guard, timeout) =
            self.seen.changed.wait_timeout_while(guard, DEADLINE, |all| all.running > 0).unwrap();
        assert!(!timeout.timed_out(), "{} directions of a tapped connection did not end", guard.running);
        let mut streams = guard.streams.clone();
        streams.sort();
        streams
    }
}

/// Relays both directions of a connection, each in a thread of its own.
fn relay(client: TcpStream, server: TcpStream, seen: &Arc<Seen>) {
    for socket in [&client, &server] {
        socket.set_nodelay(true).unwrap();
    }
    let number = {
        let mut all = seen.connections.lock().unwrap();
        all.streams.push(Streams::default());
        all.running += 2;
        all.streams.len() - 1
    };
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (seen_too, seen) = (seen.clone(), seen.clone());
    thread::spawn(move || copy(client, server, &seen, |all| &mut all.streams[number].to_server));
    thread::spawn(move || copy(server_too, client_too, &seen_too, |all| &mut all.streams[number].to_client));
}

/// Copies one direction until it ends, and keeps what was read. A reset is passed on as an end.
fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    seen: &Seen,
    kept: impl Fn(&mut Connections) -> &mut Vec<u8>,
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        kept(&mut seen.connections.lock().unwrap()).extend_from_slice(bytes);
        if to.write_all(bytes).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
    }
    // Fails where the other side is gone already.
    let _ = to.shutdown(Shutdown::Write);
    seen.connections.lock().unwrap().running -= 1;
    seen.changed.notify_all();
}
