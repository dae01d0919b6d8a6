//! A peer that goes away in the middle of a frame, with and without saying so.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wirewalk::wire::{ConnId, Direction, How, Peer, What};

use crate::echo::{self, Client};
use crate::frame::{self, MASK, TEXT};
use crate::websocket;
use crate::wirewalk::{Output, Wirewalk};
use crate::within;

/// How a peer goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vanish {
    /// Its connection is reset, as when its process is killed with bytes unread.
    Reset,
    /// Its process ends, and its operating system closes the connection for it.
    Fin,
    /// It says nothing more, as when its cable is pulled.
    Silence,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_reset() {
    within(120, vanishes(Peer::Client, Vanish::Reset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reset() {
    within(120, vanishes(Peer::Server, Vanish::Reset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_gone() {
    within(120, vanishes(Peer::Client, Vanish::Fin)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_gone() {
    within(120, vanishes(Peer::Server, Vanish::Fin)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_falls_silent() {
    within(120, vanishes(Peer::Client, Vanish::Silence)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_falls_silent() {
    within(120, vanishes(Peer::Server, Vanish::Silence)).await;
}

async fn vanishes(who: Peer, vanish: Vanish) {
    let (listener, server) = echo::listen().await;
    let wirewalk = Wirewalk::start(server, Output::Discarded);
    let mut client = TcpStream::connect(wirewalk.addr()).await.unwrap();
    let (upgraded, accepted) = tokio::join!(websocket::upgrade(&mut client), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        websocket::accept(&mut stream).await.unwrap();
        stream
    });
    upgraded.unwrap();
    tokio::spawn(echo::serve(listener));
    let mut bystander = Client::connect(wirewalk.addr()).await.unwrap();

    let (dir, mask) =
        if who == Peer::Client { (Direction::ToServer, Some(MASK)) } else { (Direction::ToClient, None) };
    let (mut leaves, mut stays) = if who == Peer::Client { (client, accepted) } else { (accepted, client) };
    let mut frame = Vec::new();
    frame::encode(TEXT, &[b'x'; 100], mask, &mut frame);
    let half = &frame[..50];
    leaves.write_all(half).await.unwrap();
    let mut arrived = [0; 50];
    stays.read_exact(&mut arrived).await.unwrap();
    assert_eq!(arrived, half, "half a frame passes at once");

    if vanish == Vanish::Reset {
        leaves.set_zero_linger().unwrap();
    }
    // Whoever is not silent is closed here.
    let silent = (vanish == Vanish::Silence).then_some(leaves);
    match vanish {
        Vanish::Reset => {
            let error = stays.read(&mut arrived).await.unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the reset is passed on");
        }
        Vanish::Fin => assert_eq!(stays.read(&mut arrived).await.unwrap(), 0, "the end is passed on"),
        Vanish::Silence => {}
    }
    bystander.say("still here").await.unwrap();

    // It ends in time although one peer is silent: stopping fails otherwise.
    let ended = wirewalk.stop().await;
    drop(silent);
    assert_eq!(ended.received().frames(1, dir), half);
    let expected = match vanish {
        Vanish::Reset => (who, How::Reset),
        Vanish::Fin => (who, How::Fin),
        Vanish::Silence => (Peer::Wirewalk, How::Stopped),
    };
    let mut of_the_first = ended.records().filter(|record| record.conn == ConnId(1));
    let closed = of_the_first.find_map(|record| match record.what {
        What::Closed { by, how, .. } => Some((by, how)),
        _ => None,
    });
    assert_eq!(closed, Some(expected));
}
