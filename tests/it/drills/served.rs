//! A drill with its page.

use super::{Drill, HURRY, replaced};
use crate::live::Served;

/// One that fails early: its target's tags are known only when it is there.
#[test]
fn a_drill_shows_its_page() {
    let Drill { desk, lab, file, before } = Drill::edited("az-network-loss", |text| {
        replaced(text, "  network:", "      tags: { \"backburn:drill\": az-network-loss }\n", "")
    });
    let mut command = desk.command(&["drill", "run", &file, "--yes", "--serve"]);
    command.env(HURRY.0, HURRY.1);
    let served = Served::by(desk, command);
    let page = served.page(&served.open());
    assert!(page.contains("Live, as of"), "{page}");
    let (code, said, desk) = served.ended();
    assert_eq!(code, Some(5), "{said}");
    let drill = Drill { desk, lab, file, before };
    drill.scores("failed", "fault", "experiment");
    drill.left_nothing();
}
