//! Ports of this machine: a free one, and who holds a taken one. Sends nothing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::LabError;

/// Ports that [`free`] chose for this process, the latest last: whoever is given one has not bound it yet.
static CHOSEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
/// As many as could wait to be bound at once.
const REMEMBERED: usize = 64;

/// A port that is free now: `wanted`, or any when that is 0. Two labs that this process starts at once get two.
///
/// # Errors
/// [`LabError::PortTaken`], with the owner if the system reports it.
pub(super) fn free(wanted: u16) -> Result<u16, LabError> {
    loop {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wanted));
        let found = TcpListener::bind(address).and_then(|listener| listener.local_addr());
        let taken = |_| LabError::PortTaken { port: wanted, by: owner(wanted).unwrap_or_default() };
        let port = found.map_err(taken)?.port();
        let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted != 0 || is_chosen(port, &mut chosen) {
            return Ok(port);
        }
    }
}

/// Chooses a port unless it was chosen before and may not be bound yet.
fn is_chosen(port: u16, before: &mut Vec<u16>) -> bool {
    if before.contains(&port) {
        return false;
    }
    if before.len() == REMEMBERED {
        before.remove(0);
    }
    before.push(port);
    true
}

/// ` by NAME (process PID)` of the process listening on `port`, if `/proc` shows it.
fn owner(port: u16) -> Option<String> {
    let tcp = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let inodes: Vec<String> = tcp.iter().flat_map(|table| listeners(table, port)).collect();
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds(&entry.path().join("fd"), &inodes).then(|| {
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            format!(" by {} (process {pid})", name.trim())
        })
    })
}

fn holds(fds: &Path, inodes: &[String]) -> bool {
    std::fs::read_dir(fds).into_iter().flatten().flatten().any(|fd| {
        std::fs::read_link(fd.path()).is_ok_and(|target| {
            inodes.iter().any(|inode| target.as_os_str() == format!("socket:[{inode}]").as_str())
        })
    })
}

/// Socket inodes of the listeners on `port` in a table of `/proc/net` (proc(5)).
fn listeners(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.len() > 9 && fields[1].ends_with(&suffix) && fields[3] == LISTEN)
        .map(|fields| fields[9].to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_told_with_its_owner() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let error = free(port).expect_err("it is taken").to_string();
        assert!(error.contains(&port.to_string()), "{error}");
        if cfg!(target_os = "linux") {
            assert!(error.contains(&format!("(process {})", std::process::id())), "{error}");
        }
    }

    #[test]
    fn any_port_is_a_free_one() {
        assert_ne!(free(0).expect("a free port"), 0);
    }

    #[test]
    fn a_port_that_may_not_be_bound_yet_is_not_chosen_again() {
        let mut before = Vec::new();
        assert!(is_chosen(1, &mut before));
        assert!(!is_chosen(1, &mut before));
        assert!((2..=64).all(|port| is_chosen(port, &mut before)));
        assert!(!is_chosen(1, &mut before));
        assert!(is_chosen(65, &mut before) && is_chosen(1, &mut before), "long ago");
        assert_eq!(before.len(), REMEMBERED);
    }
}
