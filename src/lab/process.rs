//! Background processes: start one that outlives us, distinguish it from a namesake, end it. Independent of AWS.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::LabError;
use super::state::Process;

/// When a process started, in the system's own format: it distinguishes a process from a later one with the same pid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Birth(pub String);

/// The start of a running process. `None` when there is none, or only its remains (a zombie).
pub(super) fn birth(pid: u32) -> Option<Birth> {
    if cfg!(target_os = "linux") {
        // proc_pid_stat(5): the name may hold spaces and parentheses; field 3 is the state, field 22 the start.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // A zombie with threads is a process that is still closing its files and ports (field 20 counts them).
        let threads: u32 = fields.get(17)?.parse().ok()?;
        let dead = matches!(*fields.first()?, "Z" | "X") && threads <= 1;
        return (!dead).then(|| fields.get(19).map(|start| Birth((*start).into())))?;
    }
    let ps =
        Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
    let (state, start) = line.split_once(char::is_whitespace)?;
    (!state.starts_with('Z')).then(|| Birth(start.trim().into()))
}

/// Starts `command` in a process group of its own, without a terminal, its output in `log`.
pub(super) fn start(mut command: Command, log: &Path) -> Result<Child, LabError> {
    let output = File::create(log).map_err(LabError::io("cannot write the log", log))?;
    let errors = output.try_clone().map_err(LabError::io("cannot write the log", log))?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let program = command.get_program().to_owned();
    command.spawn().map_err(LabError::io("cannot start", Path::new(&program)))
}

/// Asks our process to end, insists after five seconds, and returns when it has ended. Nothing is done to a process that is not ours.
pub(super) async fn end(process: &Process) -> Result<(), LabError> {
    if !process.is_ours() {
        return Ok(());
    }
    for (signal, patience) in [(Force::Ask, 5), (Force::Insist, 5)] {
        let deadline = Instant::now() + Duration::from_secs(patience);
        send(process.pid, signal);
        while process.is_ours() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
            reap(process.pid);
        }
        if !process.is_ours() {
            return Ok(());
        }
    }
    Err(LabError::WillNotEnd { pid: process.pid })
}

#[derive(Clone, Copy)]
enum Force {
    Ask,
    Insist,
}

#[cfg(unix)]
fn send(pid: u32, force: Force) {
    use rustix::process::{Pid, Signal, kill_process, kill_process_group};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    // Gone in between is what we want; whether it is gone is read, not concluded from here.
    let _ = match force {
        Force::Ask => kill_process(pid, Signal::TERM),
        Force::Insist => kill_process_group(pid, Signal::KILL),
    };
}

/// Takes the exit status of a child of ours, which else stays as a zombie until this process ends.
#[cfg(unix)]
fn reap(pid: u32) {
    use rustix::process::{Pid, WaitOptions, waitpid};
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    // Not our child: an error that changes nothing.
    let _ = waitpid(Some(pid), WaitOptions::NOHANG);
}

#[cfg(not(unix))]
fn send(_: u32, _: Force) {}

#[cfg(not(unix))]
fn reap(_: u32) {}

/// The last lines of a text, for an error.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// The last lines of a log file.
pub(super) fn log_tail(log: &Path) -> String {
    tail(&String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()), 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_with_another_birth_is_never_signalled() {
        let mut stranger = Command::new("sleep").arg("30").spawn().expect("spawned");
        let process = Process { pid: stranger.id(), birth: Birth("1".into()) };
        end(&process).await.expect("nothing to do");
        assert!(stranger.try_wait().expect("waited").is_none(), "it still runs");
        stranger.kill().expect("killed");
        stranger.wait().expect("waited");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_process_that_ignores_us_is_killed() {
        let log = tempfile::NamedTempFile::new().expect("temporary file");
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; while :; do sleep 1; done"]);
        let mut child = start(command, log.path()).expect("started");
        let process = Process { pid: child.id(), birth: birth(child.id()).expect("it runs") };
        end(&process).await.expect("ended");
        assert!(!process.is_ours());
        // Taken already by `end`.
        let _ = child.wait();
    }
}
