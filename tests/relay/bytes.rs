//! Every byte passes as it is, at once and in order.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use wirewalk::wire::{Connected, Direction, What};

use crate::kit::*;

const UPGRADE: &[u8] = b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[tokio::test]
async fn bytes_of_no_protocol_are_the_same_at_both_ends() {
    let Pair { client, server, proxy } = pair().await;
    let (up, down) = (noise(3_000_000, 1), noise(2_000_000, 2));
    let (mut client_read, mut client_write) = client.into_split();
    let (mut server_read, mut server_write) = server.into_split();
    let (to_server, to_client, _, _) = tokio::join!(
        read(&mut server_read, up.len()),
        read(&mut client_read, down.len()),
        client_write.write_all(&up),
        server_write.write_all(&down),
    );
    assert!(to_server == up && to_client == down);
    assert!(proxy.log.received(Direction::ToServer) == up && proxy.log.received(Direction::ToClient) == down);
}

#[tokio::test]
async fn an_opening_is_recorded_first_with_all_addresses() {
    let Pair { mut client, mut server, proxy } = pair().await;
    client.write_all(b"x").await.unwrap();
    read(&mut server, 1).await;
    let records = proxy.log.records();
    let What::Opened(opened) = &records[0].what else { panic!("{records:?}") };
    assert_eq!(opened.client, client.local_addr().unwrap());
    assert_eq!(opened.listen, proxy.addr);
    assert_eq!(opened.upstream, format!("http://{}", server.local_addr().unwrap()));
    let Connected::Yes { local, server: at, took } = &opened.connected else { panic!("{opened:?}") };
    assert_eq!((*local, *at), (server.peer_addr().unwrap(), server.local_addr().unwrap()));
    assert!(*took > 0 && records[0].at <= records[1].at);
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn half_a_frame_passes_at_once_and_is_recorded_before_it_does() {
    let Pair { mut client, mut server, proxy } = pair().await;
    client.write_all(UPGRADE).await.unwrap();
    assert_eq!(read(&mut server, UPGRADE.len()).await, UPGRADE);
    server.write_all(SWITCHING).await.unwrap();
    assert_eq!(read(&mut client, SWITCHING.len()).await, SWITCHING);
    let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    for (at, byte) in frame.iter().enumerate() {
        client.write_all(&[*byte]).await.unwrap();
        assert_eq!(read(&mut server, 1).await, [*byte]);
        assert_eq!(proxy.log.received(Direction::ToServer).len(), UPGRADE.len() + at + 1);
    }
}

#[tokio::test]
async fn frames_in_the_segment_of_the_handshake_are_neither_lost_nor_late() {
    let Pair { mut client, mut server, proxy: _proxy } = pair().await;
    let request = [UPGRADE, &[0x89, 0x80, 1, 2, 3, 4]].concat();
    client.write_all(&request).await.unwrap();
    assert_eq!(read(&mut server, request.len()).await, request, "before any answer");
    let response = [SWITCHING, &[0x81, 0x01, b'0']].concat();
    server.write_all(&response).await.unwrap();
    assert_eq!(read(&mut client, response.len()).await, response);
}

#[tokio::test]
async fn nothing_of_a_loopback_upstream_is_rewritten() {
    let Pair { mut client, mut server, proxy } = pair().await;
    let request = b"GET / HTTP/1.1\r\nhOST:  wirewalk:8080 \r\nOrigin: http://wirewalk:8080\r\n\r\n";
    client.write_all(request).await.unwrap();
    assert_eq!(read(&mut server, request.len()).await, request);
    assert!(!proxy.log.all().iter().any(|what| matches!(what, What::Sent { .. })));
}

#[tokio::test]
async fn ipv6_on_both_sides() {
    let Ok(upstream) = TcpListener::bind("[::1]:0").await else {
        eprintln!("this machine has no IPv6");
        return;
    };
    let mut config = config(&format!("http://{}", upstream.local_addr().unwrap()));
    config.listen = "[::1]:0".to_owned();
    let proxy = run(config).await;
    assert!(proxy.addr.is_ipv6());
    let mut client = TcpStream::connect(proxy.addr).await.unwrap();
    let (mut server, _) = within(upstream.accept()).await.unwrap();
    client.write_all(b"over six").await.unwrap();
    assert_eq!(read(&mut server, 8).await, b"over six");
}

#[tokio::test]
async fn a_name_is_tried_at_all_its_addresses() {
    // On most machines localhost is [::1] first, where nothing listens on this port.
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = run(config(&format!("ws://localhost:{}", upstream.local_addr().unwrap().port()))).await;
    let mut client = TcpStream::connect(proxy.addr).await.unwrap();
    let (mut server, _) = within(upstream.accept()).await.unwrap();
    server.write_all(b"here").await.unwrap();
    assert_eq!(read(&mut client, 4).await, b"here");
}
