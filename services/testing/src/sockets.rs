//! Listening sockets of a process, from `/proc`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The state LISTEN in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Returns the TCP addresses on which a process listens.
///
/// # Panics
/// If the process has ended, or the system has no `/proc` of Linux.
#[must_use]
pub fn listening_sockets(process: u32) -> Vec<SocketAddr> {
    let folder = format!("/proc/{process}");
    let files = fs::read_dir(format!("{folder}/fd")).unwrap();
    // A file may be closed while its folder is read.
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    let open: Vec<String> = targets.map(|target| target.to_string_lossy().into_owned()).collect();
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("{folder}/net/{table}")));
    // A machine without IPv6 has no table of it.
    let rows = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    rows.filter_map(|row| {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let is_open = open.contains(&format!("socket:[{}]", columns[9]));
        (columns[3] == LISTEN && is_open).then(|| parse_address(columns[1]))
    })
    .collect()
}

/// Parses `0100007F:1F90`: the address in words of the machine's byte order, and the port.
fn parse_address(text: &str) -> SocketAddr {
    let (address, port) = text.split_once(':').unwrap();
    let words = (0..address.len()).step_by(8).map(|start| &address[start..start + 8]);
    let bytes: Vec<u8> =
        words.flat_map(|word| u32::from_str_radix(word, 16).unwrap().to_ne_bytes()).collect();
    let ip = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(bytes) => IpAddr::V4(Ipv4Addr::from(bytes)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[..]).unwrap())),
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::listening_sockets;

    #[test]
    fn sockets_of_this_process_are_found() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            // A machine without IPv6 cannot open the last one.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let address = listener.local_addr().unwrap();
            assert!(listening_sockets(std::process::id()).contains(&address), "{address}");
        }
    }
}
