//! TCP segments in IP packets, with their checksums (RFC 9293 §3.1, RFC 791 §3.1, RFC 8200 §3).

use std::net::{IpAddr, SocketAddr};

/// The most bytes in one segment: with both headers they fill an IPv4 packet, which has 65,535 bytes at most. So the kernel
/// cuts on loopback, and so nearly every record is one packet, which reads best: where a record is what one read gave, a
/// smaller segment would be made up.
pub const MAX_PAYLOAD: usize = 65_495;

/// What the receiver says it has room for, in units of [`WINDOW_SCALE`]: 8 MiB, which nobody fills.
const WINDOW: u16 = u16::MAX;

/// The window counts 128 bytes (RFC 7323 §2).
const WINDOW_SCALE: u8 = 7;

/// The options of a SYN: MSS (RFC 9293 §3.7.1), no operation, window scale.
const SYN_OPTIONS: [u8; 8] = {
    let [high, low] = (MAX_PAYLOAD as u16).to_be_bytes();
    [2, 4, high, low, 1, 3, 3, WINDOW_SCALE]
};

/// The protocol number of TCP.
const TCP: u8 = 6;

/// How far a packet may travel, as most systems have it.
const TIME_TO_LIVE: u8 = 64;

/// Control bits (RFC 9293 §3.1).
pub mod flags {
    /// The sender has finished.
    pub const FIN: u8 = 0x01;
    /// The first sequence number of a direction.
    pub const SYN: u8 = 0x02;
    /// The connection is broken.
    pub const RST: u8 = 0x04;
    /// To be handed on at once.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement counts.
    pub const ACK: u8 = 0x10;
}

/// A segment from one address to another.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Who sends it. Both addresses are of one version of IP, as [`of_one_version`] gives them.
    pub from: SocketAddr,
    /// Who is to get it.
    pub to: SocketAddr,
    /// The number of its first byte.
    pub sequence: u32,
    /// The number of the byte that is expected from the other side; 0 where [`flags::ACK`] is not set.
    pub acknowledged: u32,
    /// The control bits.
    pub flags: u8,
    /// What it carries, at most [`MAX_PAYLOAD`] bytes.
    pub payload: &'a [u8],
}

impl Segment<'_> {
    /// The IP packet.
    pub fn packet(&self) -> Vec<u8> {
        let tcp = self.tcp();
        let mut packet = match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => v4_header(tcp.len(), from.octets(), to.octets()).to_vec(),
            (from, to) => v6_header(tcp.len(), v6_octets(from), v6_octets(to)).to_vec(),
        };
        packet.extend_from_slice(&tcp);
        packet
    }

    /// The TCP header and the payload.
    fn tcp(&self) -> Vec<u8> {
        let options = if self.flags & flags::SYN == 0 { &[][..] } else { &SYN_OPTIONS };
        let words = (20 + options.len()) / 4;
        let mut tcp = Vec::with_capacity(4 * words + self.payload.len());
        tcp.extend_from_slice(&self.from.port().to_be_bytes());
        tcp.extend_from_slice(&self.to.port().to_be_bytes());
        tcp.extend_from_slice(&self.sequence.to_be_bytes());
        tcp.extend_from_slice(&self.acknowledged.to_be_bytes());
        tcp.extend_from_slice(&[(words as u8) << 4, self.flags]);
        tcp.extend_from_slice(&WINDOW.to_be_bytes());
        // The checksum's place, and no urgent data.
        tcp.extend_from_slice(&[0; 4]);
        tcp.extend_from_slice(options);
        tcp.extend_from_slice(self.payload);
        let sum = checksum(&[&self.pseudo_header(tcp.len()), &tcp]);
        put(&mut tcp, 16, sum);
        tcp
    }

    /// What the checksum covers of IP (RFC 9293 §3.1). All of it are 32-bit words, so their order does not matter, and
    /// both versions have the same ones.
    fn pseudo_header(&self, length: usize) -> Vec<u8> {
        let mut header = Vec::with_capacity(40);
        for address in [self.from.ip(), self.to.ip()] {
            match address {
                IpAddr::V4(address) => header.extend_from_slice(&address.octets()),
                IpAddr::V6(address) => header.extend_from_slice(&address.octets()),
            }
        }
        header.extend_from_slice(&(length as u32).to_be_bytes());
        header.extend_from_slice(&[0, 0, 0, TCP]);
        header
    }
}

/// The addresses as they are on the wire, where both are of one version: an IPv4 address in an IPv6 one is an IPv4 address,
/// unless the other is truly IPv6.
pub fn of_one_version(ends: [SocketAddr; 2]) -> [SocketAddr; 2] {
    let ends = ends.map(|end| SocketAddr::new(end.ip().to_canonical(), end.port()));
    if ends.iter().all(SocketAddr::is_ipv4) {
        return ends;
    }
    ends.map(|end| SocketAddr::new(v6_octets(end.ip()).into(), end.port()))
}

fn v6_octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// RFC 791 §3.1: version 4 and five words of header, which is not to be fragmented.
fn v4_header(payload: usize, from: [u8; 4], to: [u8; 4]) -> [u8; 20] {
    let mut header = [0x45, 0, 0, 0, 0, 0, 0x40, 0, TIME_TO_LIVE, TCP, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    put(&mut header, 2, (20 + payload) as u16);
    header[12..16].copy_from_slice(&from);
    header[16..20].copy_from_slice(&to);
    let sum = checksum(&[&header]);
    put(&mut header, 10, sum);
    header
}

/// RFC 8200 §3: version 6, without extensions.
fn v6_header(payload: usize, from: [u8; 16], to: [u8; 16]) -> [u8; 40] {
    let mut header = [0; 40];
    header[0] = 0x60;
    put(&mut header, 4, payload as u16);
    header[6] = TCP;
    header[7] = TIME_TO_LIVE;
    header[8..24].copy_from_slice(&from);
    header[24..40].copy_from_slice(&to);
    header
}

fn put(header: &mut [u8], at: usize, value: u16) {
    header[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// The Internet checksum over all parts (RFC 1071). Each but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u64 =
        words.map(|word| u64::from(word[0]) << 8 | word.get(1).map_or(0, |low| u64::from(*low))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment from port 1000 to port 80.
    fn segment<'a>(from: &str, to: &str, payload: &'a [u8]) -> Segment<'a> {
        let address = |text: &str, port| SocketAddr::new(text.parse().unwrap(), port);
        Segment {
            from: address(from, 1000),
            to: address(to, 80),
            sequence: 0x0102_0304,
            acknowledged: 7,
            flags: flags::PSH | flags::ACK,
            payload,
        }
    }

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The example of §3, whose sum is ddf2.
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x00, 0x01], &[0xf2, 0x03, 0xf4]]), !0xe605);
        assert_eq!(checksum(&[]), 0xffff);
    }

    #[test]
    fn an_ipv4_header_sums_up_to_nothing() {
        let packet = segment("127.0.0.1", "192.0.2.7", b"odd").packet();
        assert_eq!(packet.len(), 43);
        assert_eq!(packet[..4], [0x45, 0, 0, 43]);
        assert_eq!(packet[8..10], [64, 6]);
        assert_eq!(packet[12..20], [127, 0, 0, 1, 192, 0, 2, 7]);
        assert_eq!(checksum(&[&packet[..20]]), 0);
        let pseudo = [127, 0, 0, 1, 192, 0, 2, 7, 0, 6, 0, 23];
        assert_eq!(checksum(&[&pseudo, &packet[20..]]), 0);
    }

    #[test]
    fn an_ipv6_packet_has_no_checksum_but_that_of_tcp() {
        let packet = segment("2001:db8::1", "2001:db8::2", b"four").packet();
        assert_eq!(packet[..8], [0x60, 0, 0, 0, 0, 24, 6, 64]);
        assert_eq!(checksum(&[&packet[8..40], &[0, 0, 0, 24, 0, 0, 0, 6], &packet[40..]]), 0);
    }

    #[test]
    fn a_tcp_header_says_ports_numbers_and_flags() {
        let tcp = segment("127.0.0.1", "127.0.0.1", b"x").tcp();
        assert_eq!(tcp[..16], [3, 232, 0, 80, 1, 2, 3, 4, 0, 0, 0, 7, 0x50, 0x18, 0xff, 0xff]);
        assert_eq!(tcp[18..], [0, 0, b'x']);
    }

    #[test]
    fn a_syn_has_options_of_whole_words() {
        let syn = Segment { flags: flags::SYN, ..segment("127.0.0.1", "127.0.0.1", b"") };
        let tcp = syn.tcp();
        assert_eq!((tcp.len(), tcp[12]), (28, 0x70));
        assert_eq!(tcp[20..], [2, 4, 0xff, 0xd7, 1, 3, 3, 7]);
    }

    #[test]
    fn the_longest_segment_just_fits() {
        let payload = [0; MAX_PAYLOAD];
        let four = segment("127.0.0.1", "127.0.0.1", &payload).packet();
        assert_eq!((four.len(), &four[2..4]), (65_535, &[0xff, 0xff][..]));
        let six = segment("::1", "::1", &payload).packet();
        assert_eq!(six[4..6], 65_515_u16.to_be_bytes());
    }

    #[test]
    fn both_addresses_are_of_one_version() {
        let cases = [
            (["127.0.0.1:1", "127.0.0.1:2"], ["127.0.0.1:1", "127.0.0.1:2"]),
            (["[::ffff:127.0.0.1]:1", "127.0.0.1:2"], ["127.0.0.1:1", "127.0.0.1:2"]),
            (["[::1]:1", "[::1]:2"], ["[::1]:1", "[::1]:2"]),
            (["127.0.0.1:1", "[::1]:2"], ["[::ffff:127.0.0.1]:1", "[::1]:2"]),
        ];
        for (given, expected) in cases {
            let ends = of_one_version(given.map(|end| end.parse().unwrap()));
            assert_eq!(ends.map(|end| end.to_string()), expected);
        }
    }
}
