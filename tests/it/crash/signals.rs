//! A run that is asked to stop while its interfaces are open to everything: by each signal, by several, and by
//! a terminal that goes away. However it ends, they are closed then.

use std::os::fd::OwnedFd;
use std::time::Duration;

use super::{Play, differences, is, uninterrupted};
use crate::binary::Running;

/// In the open group: both ways, everything.
fn open() -> impl Fn(&serde_json::Value) -> bool {
    is("outcome", "ec2.eni-groups", 0)
}

/// Runs every case at once, each on a desk of its own.
fn each<T: Sync>(cases: &[T], test: impl Fn(&T) + Sync) {
    std::thread::scope(|threads| {
        for case in cases {
            threads.spawn(|| test(case));
        }
    });
}

fn send(running: &Running, signals: &[(&str, u64)]) {
    for (signal, after) in signals {
        std::thread::sleep(Duration::from_millis(*after));
        running.signal(signal);
    }
}

#[test]
fn every_signal_closes_what_is_open_and_says_how_to_go_on() {
    each(&["INT", "TERM", "HUP"], |signal| {
        let play = Play::new();
        let running = play.until(open());
        running.signal(signal);
        let ended = running.ended();
        assert_eq!(ended.code, Some(9), "{signal}: {ended:?}");
        assert!(play.is_closed(), "{signal}");
        for said in ["was stopped", "backburn resume", "backburn release"] {
            assert!(ended.err.contains(said), "{signal}, {said}: {}", ended.err);
        }
        play.desk.ends(0, &["resume", "last", "--accept-presumed"]);
        assert_eq!(differences(uninterrupted(), &play.end()), "");
    });
}

#[test]
fn no_second_signal_leaves_it_open() {
    let cases: [&[(&str, u64)]; 4] = [
        &[("TERM", 0), ("TERM", 0)],
        &[("TERM", 0), ("TERM", 200), ("TERM", 200)],
        &[("HUP", 0), ("TERM", 1300)],
        &[("INT", 0), ("INT", 50), ("TERM", 1200), ("HUP", 100)],
    ];
    each(&cases, |signals| {
        let play = Play::new();
        let running = play.until(open());
        send(&running, signals);
        let ended = running.ended();
        assert_eq!(ended.code, Some(9), "{signals:?}: {ended:?}");
        assert!(play.is_closed(), "{signals:?}");
        assert!(ended.err.contains("backburn resume"), "{signals:?}: {}", ended.err);
        play.desk.ends(0, &["release", "last", "--yes"]);
        play.released();
    });
}

/// `backburn run … | head -1`.
#[test]
fn a_closed_pipe_does_not_end_a_run() {
    each(&[true, false], |from_the_start| {
        let play = Play::new();
        let args = play.args();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let ended = match from_the_start {
            true => {
                let shell = ["sh", "-c", "exec \"$0\" \"$@\" >&- 2>&-"];
                play.desk.watched(&mut play.desk.command_by(&shell, &args), open()).ended()
            }
            false => {
                let mut running = play.until(open());
                running.unheard();
                running.ended()
            }
        };
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(differences(uninterrupted(), &play.end()), "");
        // Stopped without anybody to hear of it.
        play.desk.ends(0, &["release", "last", "--yes"]);
        let mut running = play.until(open());
        running.unheard();
        send(&running, &[("TERM", 0), ("TERM", 100)]);
        assert_eq!(running.ended().code, Some(9));
        assert!(play.is_closed());
    });
}

/// Starts the program as the first process of a session whose terminal this is, as `sshd` does.
pub(crate) fn in_a_session(
    desk: &crate::binary::Desk,
    args: &[&str],
    seen: impl Fn(&serde_json::Value) -> bool,
) -> (Running, OwnedFd) {
    let pty = rustix_openpty::openpty(None, None).expect("a terminal");
    let user = || pty.user.try_clone().expect("a descriptor");
    let mut command = desk.command_by(&["setsid", "--ctty"], args);
    command.env("TERM", "xterm-256color").stdin(user()).stdout(user()).stderr(user());
    (desk.watched(&mut command, seen), pty.controller)
}

/// Nobody reads this terminal, so that it soon takes nothing more, as after Ctrl-S. Then it goes away.
#[test]
fn a_terminal_that_takes_nothing_and_goes_away() {
    each(&[true, false], |at_once| {
        let play = Play::new();
        let args = play.args();
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let (running, terminal) = in_a_session(&play.desk, &args, open());
        if !*at_once {
            let finished = |line: &serde_json::Value| line["record"] == "run-finished";
            crate::binary::wait_for(crate::support::until("the end", async || {
                play.desk.records().iter().any(finished).then_some(())
            }));
        }
        drop(terminal);
        let ended = running.ended();
        // Where the run had ended, only its summary was still to be written.
        assert!(
            matches!((at_once, ended.code), (true, Some(9)) | (false, Some(0 | 9))),
            "{ended:?}"
        );
        assert!(play.is_closed());
        play.desk.ends(0, &["release", "last", "--yes"]);
        play.released();
    });
}

/// A release stops between two changes, and the next one goes on there.
#[test]
fn a_release_is_asked_to_stop() {
    each(&["TERM", "HUP"], |signal| {
        let play = Play::new();
        play.run();
        let given_back = |line: &serde_json::Value| line["record"] == "release-outcome";
        let running = play.desk.until(&["release", "last", "--yes"], given_back);
        send(&running, &[(signal, 0), (signal, 20), (signal, 20)]);
        let ended = running.ended();
        // It may have been at its end.
        assert!(matches!(ended.code, Some(9 | 0)), "{ended:?}");
        assert!(ended.code == Some(0) || ended.err.contains("backburn release"), "{}", ended.err);
        play.desk.ends(0, &["release", "last", "--yes"]);
        play.released();
    });
}
