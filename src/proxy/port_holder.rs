//! Who listens on a port that is taken, where the operating system tells.

use std::fmt;
use std::net::SocketAddr;

/// A program that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its command name, without the characters that a terminal would act on.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The program that listens on `addr`, or on the same port of all addresses. `None` where that cannot be
/// known: on systems other than Linux, or where the program belongs to another user.
pub fn of(addr: SocketAddr) -> Option<Holder> {
    #[cfg(target_os = "linux")]
    return linux::of(addr);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = addr;
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! `/proc/net/tcp` says which socket listens, `/proc/PID/fd` whose it is; see proc(5).

    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    use super::Holder;

    /// The state of a listening socket in `/proc/net/tcp` (`TCP_LISTEN` of the kernel's tcp_states.h).
    const LISTEN: &str = "0A";

    pub fn of(addr: SocketAddr) -> Option<Holder> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let inode = tables.iter().find_map(|table| inode(&fs::read_to_string(table).ok()?, addr))?;
        let socket = format!("socket:[{inode}]");
        for process in fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
            let holds = |file: fs::DirEntry| {
                fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket.as_str())
            };
            if files.flatten().any(holds) {
                let name = fs::read_to_string(process.path().join("comm")).ok()?;
                return Some(Holder { pid, name: name.trim_end().escape_debug().to_string() });
            }
        }
        None
    }

    /// The inode of the socket that keeps `addr` from being listened on, from the text of `/proc/net/tcp`
    /// or `/proc/net/tcp6`.
    pub(super) fn inode(table: &str, addr: SocketAddr) -> Option<u64> {
        table.lines().skip(1).find_map(|line| {
            let mut columns = line.split_ascii_whitespace();
            let local = columns.nth(1)?;
            let state = columns.nth(1)?;
            let inode = columns.nth(5)?;
            let (ip, port) = local.split_once(':')?;
            let (ip, port) = (address(ip)?, u16::from_str_radix(port, 16).ok()?);
            let same = ip == addr.ip() || ip.is_unspecified() || addr.ip().is_unspecified();
            (state == LISTEN && port == addr.port() && same).then(|| inode.parse().ok())?
        })
    }

    /// Reads an address as the kernel prints it: each 32-bit word in the byte order of this machine.
    fn address(hex: &str) -> Option<IpAddr> {
        let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
        match hex.len() {
            8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
            32 => {
                let mut octets = [0; 16];
                for (at, four) in (0..).step_by(8).zip(octets.chunks_exact_mut(4)) {
                    four.copy_from_slice(&word(at)?);
                }
                Some(Ipv6Addr::from(octets).to_canonical())
            }
            _ => None,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn finds_this_very_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of(listener.local_addr().unwrap()).unwrap();
        assert_eq!(holder.pid, std::process::id());
        assert!(!holder.name.is_empty());
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn reads_the_tables_of_the_kernel() {
        let v4 = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 x\n   \
             1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 x\n";
        let v6 = "header\n   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A \
                  00000000:00000000 00:00000000 00000000     0        0 4713 1 x\n";
        let addr = |text: &str| text.parse().unwrap();
        assert_eq!(linux::inode(v4, addr("127.0.0.1:8080")), Some(4711));
        assert_eq!(linux::inode(v4, addr("0.0.0.0:8080")), Some(4711), "all addresses include that one");
        assert_eq!(linux::inode(v4, addr("127.0.0.1:8081")), None, "connected, not listening");
        assert_eq!(linux::inode(v4, addr("127.0.0.2:8080")), None);
        assert_eq!(linux::inode(v6, addr("[::1]:8080")), Some(4713));
        assert_eq!(linux::inode("cut\n 0: 01", addr("127.0.0.1:8080")), None);
    }
}
