//! Interrupts: no new call starts, what runs ends, and a resumed run ends as if nothing had been.

use std::time::{Duration, Instant};

use crate::engine::unit::{Policy, Unit};
use crate::journal::RunStatus;

use super::{
    cuts::plain,
    harness::Stage,
    script::{Act, Script, set, unit, with},
    world::Memory,
};

fn units() -> Vec<Unit<Memory>> {
    let retried = Script { acts: vec![Act::FailOnce, set("r", 1)], ..Script::default() };
    let twice = Policy { attempts: 2, ..Policy::default() };
    vec![
        unit("a", &[], vec![set("x", 1), Act::Wait(3), set("y", 1)]),
        unit("b", &[], vec![Act::Start("job".into()), set("z", 1)]),
        unit("c", &[], vec![Act::Expose("door".into()), set("w", 1)]),
        with("d", &[0], retried, twice),
        unit("e", &[1, 2, 3], vec![set("x", 2)]),
    ]
}

#[test]
fn a_stop_at_any_moment() {
    let whole = Stage::new(units());
    let began = Instant::now();
    assert_eq!(whole.run().status, RunStatus::Succeeded);
    let took = began.elapsed();
    let mut interrupted = 0;
    for nth in 0..28 {
        let moment = took * nth / 28;
        let mut stage = Stage::new(units());
        let stopper = stage.stopper();
        std::thread::spawn(move || {
            std::thread::sleep(moment);
            stopper.send_replace(true);
        });
        let end = stage.run();
        assert_ne!(stage.world.state().gates.get("door").map(|s| &**s), Some("open"));
        if end.status == RunStatus::Interrupted {
            interrupted += 1;
            assert!(!end.walked.interrupted.is_empty());
            assert_eq!(stage.resume().status, RunStatus::Succeeded);
        } else {
            assert_eq!(end.status, RunStatus::Succeeded);
        }
        assert_eq!(plain(stage.world.state()), plain(whole.world.state()));
        assert_eq!(stage.outputs(), whole.outputs());
    }
    assert!(interrupted > 0);
}

#[test]
fn a_stop_before_the_start_and_one_after_the_end() {
    let mut stage = Stage::new(units());
    stage.stop();
    let end = stage.run();
    assert_eq!(end.status, RunStatus::Interrupted);
    assert_eq!(end.walked.interrupted, ["a", "b", "c"]);
    assert!(stage.world.calls().is_empty());
    assert_eq!(stage.resume().status, RunStatus::Succeeded);

    // The stop comes while the last call of the last step is under way.
    let stage = Stage::new(vec![unit("a", &[], vec![set("slow", 1)])]);
    let (stopper, called) = (stage.stopper(), stage.world.called.clone());
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(called.notified());
        stopper.send_replace(true);
    });
    assert_eq!(stage.run().status, RunStatus::Succeeded);
}

#[test]
fn a_timeout_ends_a_wait_but_not_an_open_gate() {
    let script = |acts| Script { acts, ..Script::default() };
    let short = Policy { timeout: Some(Duration::from_millis(2)), ..Policy::default() };
    let stage = Stage::new(vec![
        with("wait", &[], script(vec![Act::Wait(5000)]), short.clone()),
        with(
            "gate",
            &[],
            script(vec![Act::Expose("door".into()), Act::Wait(9), set("x", 1)]),
            short,
        ),
    ]);
    let end = stage.run();
    let words: Vec<_> = end.walked.failed.iter().map(|(_, e)| e.word()).collect();
    assert_eq!(words, ["timed-out", "timed-out"]);
    assert_eq!(stage.world.state().gates["door"], "shut");
}
