//! What an answer is bound to: forged, late, second and repeated ones.

use super::*;
use crate::{engine::Place, journal::SystemUser};

const RUN: &str = "01JD0000000000000000000000";

fn desk() -> (tempfile::TempDir, Desk) {
    let home = tempfile::tempdir().expect("a directory");
    let dir = RunDir::create(home.path(), RUN).expect("a run directory");
    std::fs::write(dir.journal(), "").expect("a journal");
    let seal = Seal::new([7; 32], home.path().join("heads"));
    let desk = Desk::of(&dir, "plan-1", Some(&seal));
    (home, desk)
}

/// As the `failures + 1`st attempt of a step asks it.
fn question(text: &str, failures: u32) -> Question {
    let place = Place { kind: "core.answer".into(), target: text.into(), nth: 0 };
    let role = Some("commander: +00 000".into());
    let question = Question { role, ..Question::new("stop", text.into()) };
    question.identified(RUN, &place, failures)
}

fn me() -> Who {
    let name = tempfile::NamedTempFile::new().expect("a file");
    let uid = std::os::unix::fs::MetadataExt::uid(&name.path().metadata().expect("a file"));
    Who { callers: Vec::new(), system: Some(SystemUser { uid, name: None, login: None }) }
}

fn yes(asked: &Asked) -> Given {
    Given {
        step: asked.step.clone(),
        question: asked.id.clone(),
        plan: asked.plan.clone(),
        role: "commander".into(),
        by: "anna".into(),
        who: me(),
        at: Timestamp::now(),
        via: Some("approve".into()),
        yes: true,
        reason: "go".into(),
        mac: None,
    }
}

fn counts(found: &Found) -> Option<&Given> {
    match found {
        Found::Answer(given) => Some(given),
        _ => None,
    }
}

/// What lies there without having been given in the usual way, by whoever has the key.
fn forge(desk: &Desk, asked: &Asked, given: &Given) {
    let name = RunDir::answer(&asked.step, &asked.id);
    desk.dir.write_json(&name, &desk.signed(given)).expect("a disk");
}

/// Whoever may write to the directory of a run can put any file there.
#[test]
fn an_answer_that_nobody_signed_is_none_and_keeps_nobody_from_answering() {
    let (home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    let planted = yes(&asked);
    let other = Seal::new([8; 32], home.path().join("heads"));
    let theirs = Desk { seal: Some(other), ..desk.clone() };
    let name = RunDir::answer(&planted.step, &planted.question);
    for planted in [planted.clone(), theirs.signed(&planted)] {
        desk.dir.write_json(&name, &planted).expect("a disk");
        let Found::Unfit(late) = desk.look(&asked) else { panic!("{planted:?} was taken") };
        assert!(late.text.contains("no key of this user signed it"), "{}", late.text);
    }
    desk.dir.write_json(&name, &planted).expect("a disk");
    desk.give(&Given { yes: false, by: "ben".into(), ..planted }).expect("nobody was first");
    let found = desk.look(&asked);
    assert!(counts(&found).is_some_and(|given| !given.yes && given.by == "ben"));
}

#[test]
fn an_answer_fits_one_question_of_one_step_under_one_plan() {
    let (_home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    assert_eq!(asked.role.as_deref(), Some("commander"));
    let mut other = me();
    other.system.as_mut().expect("a user").uid += 1;
    let wrong = [
        (Given { plan: "plan-2".into(), ..yes(&asked) }, "another plan"),
        (Given { role: "responder".into(), ..yes(&asked) }, "another role"),
        (Given { question: "another".into(), ..yes(&asked) }, "another question"),
        (Given { step: "go".into(), ..yes(&asked) }, "another question"),
        (Given { reason: " \n".into(), ..yes(&asked) }, "no reason"),
        (Given { who: other, ..yes(&asked) }, "another system user"),
        (Given { who: Who::default(), ..yes(&asked) }, "another system user"),
    ];
    for (wrong, why) in wrong {
        forge(&desk, &asked, &wrong);
        let Found::Unfit(late) = desk.look(&asked) else { panic!("{wrong:?} counts") };
        assert!(late.text.contains(why) && late.text.contains("ignored"), "{late:?}");
        assert!(matches!(desk.look(&asked), Found::Nothing), "it is gone");
    }
    std::fs::write(desk.dir.path().join(RunDir::answer("stop", &asked.id)), "{").expect("a disk");
    assert!(matches!(desk.look(&asked), Found::Unfit(_)));
    assert!(desk.asked("stop").expect("a disk").is_some(), "it still waits");
    desk.give(&yes(&asked)).expect("a disk");
    assert_eq!(counts(&desk.look(&asked)).map(|given| &*given.by), Some("anna"));
    assert!(counts(&desk.look(&asked)).is_some(), "one that was not journaled is found again");
    desk.settled(&question("stop it?", 0));
    assert_eq!(desk.asked("stop").expect("a disk"), None);
    let again = desk.put(&question("stop it?", 0));
    assert!(counts(&desk.look(&again)).is_none(), "a journaled yes answers nothing more");
}

#[test]
fn an_answer_to_an_earlier_attempt_is_not_taken_by_the_next() {
    let (_home, desk) = desk();
    let first = desk.put(&question("stop it?", 0));
    desk.give(&yes(&first)).expect("a disk");
    // The attempt failed before it saw the answer.
    let second = desk.put(&question("stop it?", 1));
    assert!(counts(&desk.look(&second)).is_none());
    let late = desk.late();
    assert_eq!(late.len(), 1);
    assert!(late[0].text.contains("approved by anna") && late[0].text.contains("ignored"));
    assert!(desk.late().is_empty(), "it is journaled once");
    // Nor is one that comes later still.
    let refused = desk.give(&yes(&first)).expect_err("it is late");
    assert_eq!(refused.exit, Exit::Refused);
    assert!(refused.message.contains("does not wait for this answer any more"), "{refused:?}");
    assert!(desk.late()[0].text.contains("its question did not wait any more"));
    assert!(counts(&desk.look(&second)).is_none());
}

/// Two people may answer between two looks of the run.
#[test]
fn the_first_answer_stands_and_the_second_is_told_so_and_journaled() {
    let (_home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    desk.give(&Given { yes: false, by: "ben".into(), ..yes(&asked) }).expect("a disk");
    let refused = desk.give(&yes(&asked)).expect_err("it was denied");
    assert_eq!(refused.exit, Exit::Refused);
    assert!(refused.message.contains("`ben` as commander, who denied it at"), "{refused:?}");
    assert_eq!(counts(&desk.look(&asked)).map(|given| given.yes), Some(false));
    let late = desk.late();
    assert_eq!(late.len(), 1, "{late:?}");
    assert!(late[0].text.contains("already answered by `ben`"), "{late:?}");
    assert!(counts(&desk.look(&asked)).is_some(), "the answer that counts stays");
}

#[test]
fn an_answer_that_is_typed_later_gives_way_to_the_first() {
    let (_home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    desk.give(&Given { yes: false, by: "ben".into(), ..yes(&asked) }).expect("a disk");
    let reply = Reply { by: "anna".into(), who: me(), reason: "go".into(), ..Reply::default() };
    let typed = || Answer::Yes(reply.clone());
    assert_eq!(counts(&desk.decide(&asked, typed())).map(|given| &*given.by), Some("ben"));
    let other = desk.put(&question("really?", 0));
    assert_eq!(counts(&desk.decide(&other, typed())).map(|given| &*given.by), Some("anna"));
    assert!(desk.give(&yes(&other)).is_err(), "it is answered");
}

#[test]
fn what_an_earlier_process_journaled_is_forgotten_and_nothing_else() {
    let (_home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    let given = yes(&asked);
    desk.give(&given).expect("a disk");
    let record = |by: &str| Record::Answer {
        step: "stop".into(),
        place: Place { kind: "ask".into(), target: "stop".into(), nth: 0 },
        question: "stop it?".into(),
        role: None,
        asked: asked.id.clone(),
        by: by.into(),
        who: Who::default(),
        at: Some(given.at),
        via: None,
        yes: true,
        reason: "go".into(),
    };
    desk.forget(&[record("ben")]);
    assert!(counts(&desk.look(&asked)).is_some(), "not the one that is in the journal");
    desk.forget(&[record("anna")]);
    assert!(counts(&desk.look(&asked)).is_none());
    assert_eq!(desk.asked("stop").expect("a disk"), None);
}

#[test]
fn what_does_not_count_cannot_fill_the_disk() {
    let (_home, desk) = desk();
    let asked = desk.put(&question("stop it?", 0));
    for n in 0..2 * MOST_IGNORED {
        desk.leave(&Given { by: n.to_string(), ..yes(&asked) }, "it is one of many");
    }
    assert_eq!(desk.late().len(), MOST_IGNORED);
}
