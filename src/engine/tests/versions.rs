//! A setting whose writes name the version that they replace: what someone else changed between the
//! read and the write is never overwritten, in a run, in its resume and in a release.

use serde_json::json;

use crate::{
    engine::{
        Class,
        release::{Request, is_left_over},
    },
    journal::{Released, RunStatus},
};

use super::{
    harness::{Cut, Stage},
    script::{Act, unit},
    world::{Fault, State},
};

/// What someone else writes, as version and number.
const THEIRS: (u64, i64) = (8, 9);

/// The reads after which someone else comes: the engine's own, then that of the swap.
const READS: [usize; 2] = [1, 2];

fn stage() -> Stage {
    let stage = Stage::new(vec![unit("a", &[], vec![Act::SetVersioned("acl".into(), 1)])]);
    stage.world.poke(|state| state.versioned.extend([("acl".into(), (1, 0))]));
    stage
}

fn theirs(state: &mut State) {
    state.versioned.extend([("acl".into(), THEIRS)]);
}

fn now(stage: &Stage) -> (u64, i64) {
    stage.world.state().versioned["acl"]
}

#[test]
fn it_is_swapped_and_given_back() {
    let mut stage = stage();
    assert_eq!(stage.run().status, RunStatus::Succeeded);
    assert_eq!(now(&stage), (2, 1));
    assert_eq!(stage.release()[0].outcome, Released::GivenBack);
    assert_eq!(now(&stage), (3, 0));
    assert_eq!(stage.world.calls(), ["swap acl = 1", "swap acl = 0"], "never a plain write");
}

#[test]
fn a_run_never_overwrites_what_it_has_not_seen() {
    for reads in READS {
        let mut stage = stage();
        stage.world.after_reads(reads, theirs);
        assert_eq!(stage.run().status, RunStatus::Failed, "after read {reads}");
        assert_eq!(now(&stage), THEIRS);
        // Nobody knows whose change is wanted: neither a resume nor a release takes it away.
        assert_eq!(stage.resume().status, RunStatus::Failed, "after read {reads}");
        let items = stage.release();
        let values = Released::Conflict { before: json!(0), after: json!(1), now: json!(9) };
        assert_eq!(items[0].outcome, values);
        assert_eq!(now(&stage), THEIRS);
    }
}

#[test]
fn a_release_never_overwrites_what_it_has_not_seen() {
    for reads in READS {
        let mut stage = stage();
        assert_eq!(stage.run().status, RunStatus::Succeeded);
        stage.world.after_reads(reads, theirs);
        let first = &stage.release()[0].outcome;
        assert!(
            matches!(first, Released::Failed { error } if error.contains("meanwhile")),
            "{first:?}"
        );
        assert_eq!(now(&stage), THEIRS, "after read {reads}");
        let again = stage.release();
        assert!(again.iter().all(is_left_over), "{again:?}");
        assert_eq!(now(&stage), THEIRS);
    }
}

#[test]
fn a_swap_that_was_cut_off_is_taken_up_again() {
    for effect in [false, true] {
        let mut stage = stage();
        stage.world.fuse(0, Fault::Die { effect });
        assert!(stage.run_cut(Cut::None).is_none());
        assert_eq!(stage.resume().status, RunStatus::Succeeded);
        assert_eq!(now(&stage), (2, 1), "once, with or without an effect before the cut");
        stage.world.fuse(0, Fault::Answer { class: Class::Unreachable, effect });
        stage.release_cut(Cut::None, &Request::default());
        stage.release();
        assert_eq!(now(&stage), (3, 0));
    }
}
