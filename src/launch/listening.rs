//! Where the processes of a terminal listen, for servers that cannot be asked.

/// A port of this machine on which a process of the session that `leader` leads listens.
#[cfg(target_os = "linux")]
pub fn port(leader: u32) -> Option<u16> {
    use std::collections::HashMap;
    use std::fs;

    let mut ports: HashMap<String, u16> = HashMap::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(table).unwrap_or_default();
        for line in table.lines().skip(1) {
            // The columns are documented in proc_net_tcp: local address, state (0A listens) and inode are what matters here.
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let [_, local, _, "0A", ..] = fields[..]
                && let Some(inode) = fields.get(9)
                && let Some(port) =
                    local.rsplit(':').next().and_then(|port| u16::from_str_radix(port, 16).ok())
            {
                ports.insert(format!("socket:[{inode}]"), port);
            }
        }
    }
    let is_of_session = |stat: &str| {
        // Behind the name, which may hold anything: state, parent, process group, session.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(3).is_some_and(|session| *session == leader.to_string())
    };
    for process in fs::read_dir("/proc").ok()?.flatten() {
        if !fs::read_to_string(process.path().join("stat")).is_ok_and(|stat| is_of_session(&stat)) {
            continue;
        }
        for file in fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten() {
            let found = fs::read_link(file.path()).ok().and_then(|to| ports.get(to.to_str()?).copied());
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// Elsewhere it is not known.
#[cfg(not(target_os = "linux"))]
pub fn port(_leader: u32) -> Option<u16> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_another_session_is_not_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let own = std::fs::read_to_string("/proc/self/stat").unwrap();
        let session: u32 =
            own.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap().parse().unwrap();
        assert!(port(session).is_some(), "this process listens on {}", listener.local_addr().unwrap());
        assert_eq!(port(u32::MAX), None);
    }
}
