//! A drill that is asked to stop in mid-experiment, by signals and by a terminal that goes away: it is given
//! back before the process ends, however often it is asked.

use std::time::Duration;

use super::{halted::endless, is_finished, side_by_side};
use crate::crash::in_a_session;

#[test]
fn a_drill_is_given_back_whatever_is_sent() {
    let cases: [&[(&str, u64)]; 4] = [
        &[("TERM", 0)],
        &[("HUP", 0)],
        &[("TERM", 0), ("TERM", 0), ("TERM", 150)],
        &[("INT", 0), ("TERM", 700), ("HUP", 700), ("TERM", 700), ("TERM", 700)],
    ];
    side_by_side(
        &cases,
        |case| format!("{case:?}"),
        |signals| {
            let drill = endless();
            let running = drill.until(|line| is_finished(line, "inject"));
            for (signal, after) in *signals {
                std::thread::sleep(Duration::from_millis(*after));
                running.signal(signal);
            }
            let ended = running.ended();
            assert_eq!(ended.code, Some(9), "{ended:?}");
            assert!(ended.err.contains("given everything back"), "{}", ended.err);
            assert_eq!(drill.experiments(), ["stopped"]);
            drill.left_nothing();
        },
    );
}

#[test]
fn a_drill_is_given_back_without_a_terminal() {
    side_by_side(
        &["pipe", "terminal"],
        |case| (*case).to_owned(),
        |case| {
            let drill = endless();
            let inject = |line: &serde_json::Value| is_finished(line, "inject");
            let running = if *case == "pipe" {
                let mut running = drill.until(inject);
                running.unheard();
                running.signal("TERM");
                running.signal("TERM");
                running
            } else {
                let args = ["drill", "run", &drill.file, "--yes"];
                let (running, terminal) = in_a_session(&drill.desk, &args, inject);
                drop(terminal);
                running
            };
            let ended = running.ended();
            assert_eq!(ended.code, Some(9), "{ended:?}");
            assert_eq!(drill.experiments(), ["stopped"]);
            drill.left_nothing();
        },
    );
}
