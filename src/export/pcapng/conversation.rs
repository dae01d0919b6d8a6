//! One connection as TCP segments between the client and wirewalk.

use std::io::{self, Write};
use std::net::{Ipv6Addr, SocketAddr};

use super::Packets;
use super::answers::Answers;
use super::tcp::{self, MAX_PAYLOAD, Segment, flags};
use crate::escape;
use crate::wire::{ConnId, Connected, Direction, How, Opened, Peer, Record, Tls, What};
use crate::words;

/// So many comments wait for a packet. A transcript is a stranger's, and readers refuse blocks of more than 16 MiB.
const MAX_REMARKS: usize = 100;

/// The client and wirewalk, each with where its stream stands.
#[derive(Debug)]
pub struct Conversation {
    /// By the direction in which they send: the client, then wirewalk.
    sides: [Side; 2],
    answers: Answers,
    is_broken: bool,
}

/// Who sends in one direction.
#[derive(Debug)]
struct Side {
    address: SocketAddr,
    /// The sequence number of the next byte; wraps at 2^32.
    next: u32,
    has_finished: bool,
    /// Comments for the next packet, at most [`MAX_REMARKS`].
    remarks: Vec<String>,
}

impl Conversation {
    /// A connection between the addresses that a record tells; its handshake is still to come.
    pub fn opened(conn: ConnId, opened: &Opened) -> Conversation {
        Conversation::between(conn, tcp::of_one_version([opened.client, opened.listen]))
    }

    /// A connection whose beginning is not in the records, of which this is the first. Its addresses are those of
    /// documentation (RFC 3849), the client's with the connection's number in it; there is no handshake.
    pub fn unknown(first: &Record) -> Conversation {
        let conn = first.conn;
        let [high, low] = [(conn.0 >> 16) as u16, conn.0 as u16];
        let client = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0xc, high, low);
        let listen = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        let ends = [SocketAddr::from((client, 49_152)), SocketAddr::from((listen, 80))];
        let mut conversation = Conversation::between(conn, ends);
        let remark =
            "the beginning of this connection was not recorded: its addresses are made up from its number";
        conversation.remark(direction(&first.what), format!("{remark}, {conn}"));
        conversation
    }

    /// The initial sequence numbers follow from the connection's number, so that the same records give the same file; they are
    /// spread, so that connections that use a port again are told apart.
    fn between(conn: ConnId, addresses: [SocketAddr; 2]) -> Conversation {
        let spread = conn.0.wrapping_mul(0x9e37_79b1);
        let side = |address, next| Side { address, next, has_finished: false, remarks: Vec::new() };
        let [client, listen] = addresses;
        let sides = [side(client, spread), side(listen, spread.rotate_left(16) ^ 0x5bd1_e995)];
        Conversation { sides, answers: Answers::default(), is_broken: false }
    }

    /// Writes what a record shows.
    pub fn record<W: Write>(
        &mut self,
        what: &What,
        comment: Option<&str>,
        out: &mut Packets<W>,
    ) -> io::Result<()> {
        if let Some(comment) = comment {
            let lines: Vec<_> = comment.lines().map(escape::line).collect();
            self.remark(direction(what), lines.join("\n"));
        }
        if self.is_broken {
            return Ok(());
        }
        match what {
            What::Opened(opened) => self.open(opened, out),
            What::Tls(tls) => {
                self.remark(Direction::ToServer, told(tls));
                Ok(())
            }
            What::Received { dir: Direction::ToServer, bytes } => self.send(Direction::ToServer, bytes, out),
            What::Received { dir: Direction::ToClient, bytes } => {
                let sent = self.answers.receive(bytes);
                self.send(Direction::ToClient, &sent, out)
            }
            What::Sent { dir: Direction::ToClient, replaces, bytes, .. } if replaces.is_empty() => {
                let sent = self.answers.insert(bytes);
                self.send(Direction::ToClient, &sent, out)
            }
            What::Sent { dir: Direction::ToClient, replaces, bytes, .. } => {
                self.answers.replace(replaces.clone(), bytes.clone());
                Ok(())
            }
            What::Lost { dir, bytes, why } => self.lose(*dir, *bytes, why, out),
            What::Closed { by, how, error } => {
                if let Some(error) = error {
                    self.remark(side_of(*by), escape::line(error).into_owned());
                }
                self.close(side_of(*by), *how, out)
            }
            // What was sent to the server is not on the client's side.
            What::Sent { dir: Direction::ToServer, .. } => Ok(()),
            What::Told { .. }
            | What::Note { .. }
            | What::Trace { .. }
            | What::Output { .. }
            | What::Exited { .. } => Ok(()),
        }
    }

    /// Writes what waits for something that will not come any more.
    pub fn finish<W: Write>(&mut self, out: &mut Packets<W>) -> io::Result<()> {
        if !self.is_broken {
            self.release(out)?;
        }
        Direction::BOTH.into_iter().try_for_each(|dir| match self.side(dir).remarks.is_empty() {
            true => Ok(()),
            false => self.segment(dir, flags::ACK, &[], out),
        })
    }

    /// The three steps of the handshake (RFC 9293 §3.5).
    fn open<W: Write>(&mut self, opened: &Opened, out: &mut Packets<W>) -> io::Result<()> {
        self.remark(Direction::ToServer, passed_on(opened));
        let syn = Segment { acknowledged: 0, ..self.next(Direction::ToServer, flags::SYN, &[]) };
        self.write(Direction::ToServer, syn, out)?;
        self.segment(Direction::ToClient, flags::SYN | flags::ACK, &[], out)?;
        self.segment(Direction::ToServer, flags::ACK, &[], out)
    }

    /// Bytes, in as many segments as they need, and the acknowledgement of the last.
    fn send<W: Write>(&mut self, dir: Direction, bytes: &[u8], out: &mut Packets<W>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        for payload in bytes.chunks(MAX_PAYLOAD) {
            self.segment(dir, flags::PSH | flags::ACK, payload, out)?;
        }
        self.segment(dir.reverse(), flags::ACK, &[], out)
    }

    /// A gap in the sequence numbers, so that a dissector says that something is missing.
    fn lose<W: Write>(
        &mut self,
        dir: Direction,
        bytes: u64,
        why: &str,
        out: &mut Packets<W>,
    ) -> io::Result<()> {
        if dir == Direction::ToClient {
            self.release(out)?;
            self.answers.lose(bytes);
        }
        let side = self.side(dir);
        side.next = side.next.wrapping_add(bytes as u32);
        let lost = words::count(bytes, "byte");
        self.remark(
            dir,
            format!("before this, {lost} passed that could not be captured: {}", escape::line(why)),
        );
        Ok(())
    }

    fn close<W: Write>(&mut self, dir: Direction, how: How, out: &mut Packets<W>) -> io::Result<()> {
        self.release(out)?;
        match how {
            How::Fin => self.end(dir, out),
            How::Reset => {
                self.is_broken = true;
                self.segment(dir, flags::RST | flags::ACK, &[], out)
            }
            How::Stopped => {
                self.end(Direction::ToClient, out)?;
                self.end(Direction::ToServer, out)
            }
        }
    }

    fn end<W: Write>(&mut self, dir: Direction, out: &mut Packets<W>) -> io::Result<()> {
        if std::mem::replace(&mut self.side(dir).has_finished, true) {
            return Ok(());
        }
        self.segment(dir, flags::FIN | flags::ACK, &[], out)?;
        self.segment(dir.reverse(), flags::ACK, &[], out)
    }

    /// Sends the beginning of a head whose end does not come.
    fn release<W: Write>(&mut self, out: &mut Packets<W>) -> io::Result<()> {
        let held = self.answers.release();
        self.send(Direction::ToClient, &held, out)
    }

    fn segment<W: Write>(
        &mut self,
        dir: Direction,
        flags: u8,
        payload: &[u8],
        out: &mut Packets<W>,
    ) -> io::Result<()> {
        self.write(dir, self.next(dir, flags, payload), out)
    }

    /// The next segment of a direction, which acknowledges all that the other one sent.
    fn next<'a>(&self, dir: Direction, flags: u8, payload: &'a [u8]) -> Segment<'a> {
        let [client, listen] = &self.sides;
        let (from, to) = if dir == Direction::ToServer { (client, listen) } else { (listen, client) };
        Segment {
            from: from.address,
            to: to.address,
            sequence: from.next,
            acknowledged: to.next,
            flags,
            payload,
        }
    }

    /// Writes a segment, with the comments that waited for one. SYN and FIN count as a byte each (RFC 9293 §3.4).
    fn write<W: Write>(
        &mut self,
        dir: Direction,
        segment: Segment<'_>,
        out: &mut Packets<W>,
    ) -> io::Result<()> {
        let side = self.side(dir);
        let counted =
            segment.payload.len() as u32 + u32::from(segment.flags & (flags::SYN | flags::FIN) != 0);
        side.next = side.next.wrapping_add(counted);
        out.write(&segment, &std::mem::take(&mut side.remarks))
    }

    fn remark(&mut self, dir: Direction, remark: String) {
        let remarks = &mut self.side(dir).remarks;
        if remarks.len() < MAX_REMARKS {
            remarks.push(remark);
        }
    }

    fn side(&mut self, dir: Direction) -> &mut Side {
        let [client, listen] = &mut self.sides;
        if dir == Direction::ToServer { client } else { listen }
    }
}

/// The direction whose packets show a record.
fn direction(what: &What) -> Direction {
    match what {
        What::Received { dir, .. } | What::Sent { dir, .. } | What::Lost { dir, .. } => *dir,
        What::Closed { by, .. } => side_of(*by),
        _ => Direction::ToServer,
    }
}

/// The side on which a closing is seen: what the server did reaches the client through wirewalk.
fn side_of(by: Peer) -> Direction {
    by.direction().unwrap_or(Direction::ToClient)
}

/// Where the bytes of a connection went from here.
fn passed_on(opened: &Opened) -> String {
    let upstream = escape::line(&opened.upstream);
    match &opened.connected {
        Connected::Yes { local, server, .. } => {
            format!("wirewalk passed this connection on to {upstream}, from {local} to {server}")
        }
        Connected::No { error } => {
            format!("wirewalk could not pass this connection on to {upstream}: {}", escape::line(error))
        }
    }
}

/// What was agreed with the server and cannot be seen between the client and wirewalk.
fn told(tls: &Tls) -> String {
    let Tls { version, cipher_suite, server_name, verified, .. } = tls;
    let checked = if *verified { "was checked" } else { "was not checked" };
    let text = format!(
        "TLS to the server was ended here by wirewalk: {version}, {cipher_suite}, \
        with {server_name}, whose certificate {checked}"
    );
    escape::line(&text).into_owned()
}
