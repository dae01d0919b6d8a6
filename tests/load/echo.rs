//! A server that sends each short message back, and a client that holds it to that.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::frame::{self, MASK, TEXT};
use crate::websocket;

/// Binds a server on a free port.
pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Sends back whatever it gets, on every connection.
pub async fn serve(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(echo(stream));
    }
}

/// Upgrades, then sends back the text messages of one connection, each at most 125 bytes long, until the client has gone.
pub async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    websocket::accept(&mut stream).await?;
    loop {
        let mut header = [0; 6];
        stream.read_exact(&mut header).await?;
        let [first, length, key @ ..] = header;
        assert_eq!((first, length & 0x80), (0x80 | TEXT, 0x80), "a whole, masked text message");
        let mut payload = vec![0; usize::from(length & 0x7f)];
        stream.read_exact(&mut payload).await?;
        payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        let mut reply = Vec::new();
        frame::encode(TEXT, &payload, None, &mut reply);
        stream.write_all(&reply).await?;
    }
}

/// A client of the echoing server.
pub struct Client {
    stream: TcpStream,
}

impl Client {
    /// Connects and upgrades.
    pub async fn connect(addr: SocketAddr) -> io::Result<Client> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        websocket::upgrade(&mut stream).await?;
        Ok(Client { stream })
    }

    /// Sends a text message of at most 125 bytes, and checks that it comes back.
    pub async fn say(&mut self, text: &str) -> io::Result<()> {
        let (mut request, mut expected) = (Vec::new(), Vec::new());
        frame::encode(TEXT, text.as_bytes(), Some(MASK), &mut request);
        frame::encode(TEXT, text.as_bytes(), None, &mut expected);
        self.stream.write_all(&request).await?;
        let mut reply = vec![0; expected.len()];
        self.stream.read_exact(&mut reply).await?;
        assert_eq!(reply, expected);
        Ok(())
    }
}
