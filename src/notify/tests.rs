//! Whole payloads of each kind of target; and the office with targets that hear, refuse, hang and are
//! slow.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::json;

use super::{notification::About, payload, *};
use crate::{
    config,
    engine::{Scope, Verdict},
    journal::{FORMAT, Head, Journal, Ledger, Record, RunStatus},
};

fn started() -> Record {
    Record::RunStarted {
        format: FORMAT,
        program: "test".into(),
        run: "01JD0000000000000000000000".into(),
        playbook: "ec2-compromise".into(),
        drill: None,
        playbook_sha256: String::new(),
        plan_sha256: "c2".repeat(32),
        inputs_sha256: None,
        scope: Scope {
            account: "111122223333".into(),
            region: "eu-central-1".into(),
            principal: "arn:aws:iam::111122223333:user/anna".into(),
        },
        endpoint: None,
        lab: None,
        operator: "anna".into(),
        who: crate::journal::Who::default(),
        clock: None,
    }
}

fn about() -> About {
    About::of(&started()).expect("a start")
}

fn presumed() -> Record {
    Record::Verdict {
        step: "isolate".into(),
        subject: "i-0a <!channel> & `co`\u{202e}".into(),
        verdict: Verdict::Presumed { reason: "packets were not seen\u{1b}[2J".into() },
        facts: json!({}),
    }
}

/// One of each, at a fixed time.
fn every() -> Vec<Notification> {
    let about = about();
    let ledger = Ledger::fold(&[
        started(),
        presumed(),
        Record::RunFinished { status: RunStatus::Succeeded },
    ]);
    let score = Score {
        outcome: "late".into(),
        passed: false,
        rows: vec![
            ("fault use-key".into(), "pass".into()),
            ("detection finding".into(), "late after 1200.0 s".into()),
        ],
    };
    let drill = About { drill: true, lab: true, playbook: "leaked-key".into(), ..about.clone() };
    let mut all = missed(&about, &[started(), presumed()]);
    let role = Some("commander: +49 30 5550100");
    all.insert(1, Notification::approval_wanted(&about, "stop", role, "stop the instance?"));
    all.push(Notification::run_end(&about, RunStatus::Succeeded, &ledger, ledger.ends));
    all.push(Notification::drill_score(&drill, &score, 1));
    for told in &mut all {
        told.at = "2026-11-24T10:41:57Z".parse().expect("a time");
    }
    all
}

fn whole(form: impl Fn(&Notification) -> String) -> String {
    every().iter().map(|told| format!("=== {}\n{}\n", told.event, form(told))).collect()
}

#[test]
fn whole_webhook_payloads() {
    let form = |told: &Notification| serde_json::to_string_pretty(&payload::webhook(told));
    insta::assert_snapshot!(whole(|told| form(told).expect("JSON")));
}

#[test]
fn whole_slack_payloads() {
    let form = |told: &Notification| serde_json::to_string_pretty(&payload::slack(told));
    let all = whole(|told| form(told).expect("JSON"));
    assert!(!all.contains("\"text\": \"! ec2-compromise: containment is presumed, not proven: <"));
    insta::assert_snapshot!(all);
}

#[test]
fn whole_mails() {
    insta::assert_snapshot!(whole(|told| {
        let (subject, text) = payload::mail(told);
        assert!(subject.is_ascii() && subject.len() < 100);
        format!("{subject}\n---\n{text}")
    }));
}

#[test]
fn the_same_thing_has_the_same_id_and_another_has_another() {
    let ids = |all: Vec<Notification>| all.into_iter().map(|told| told.id).collect::<Vec<_>>();
    let once = ids(every());
    assert_eq!(once, ids(every()));
    let different: std::collections::HashSet<_> = once.iter().collect();
    assert_eq!(different.len(), once.len());
}

#[test]
fn slack_markup_cannot_come_from_names() {
    let mut told = every().remove(0);
    told.text = "<!channel> <https://evil.example|click> &".into();
    let text = payload::slack(&told)["text"].as_str().expect("a text").to_owned();
    assert!(!text.contains('<') && text.contains("&lt;!channel&gt;"), "{text}");
    told.facts = (0..40).map(|n| (n.to_string(), "x".repeat(9000))).collect();
    told.title = "t".repeat(900);
    let slack = payload::slack(&told);
    assert!(slack["blocks"][0]["text"]["text"].as_str().expect("a text").chars().count() <= 150);
    assert_eq!(slack["blocks"][2]["fields"].as_array().expect("fields").len(), 10);
}

fn targets(text: &str, lab: bool) -> (Vec<Resolved>, Vec<String>) {
    let checked = config::parse(Path::new("backburn.toml"), text);
    assert!(!checked.has_errors(), "{}", checked.render(false, 100));
    resolve(&checked.config, Path::new("."), lab)
}

const TARGETS: &str = r#"
[accounts.production]
id = "111122223333"
[notifications.targets.far]
webhook = "https://soc.example.com/x"
on = ["run-end"]
accounts = ["production"]
[notifications.targets.lost]
slack = { env = "BACKBURN_TEST_NO_SUCH_NAME" }
[notifications.targets.near]
webhook = "http://127.0.0.1:1/x"
playbooks = ["other"]
[notifications.targets.topic]
sns = "arn:aws:sns:eu-central-1:111122223333:incident"
"#;

#[test]
fn a_target_hears_what_it_asked_for() {
    let (told, left) = targets(TARGETS, false);
    assert!(left.is_empty());
    let wants = |name: &str, kind, playbook, account| {
        let target = told.iter().find(|target| target.name == name).expect("a target");
        target.wants(Some(kind), playbook, account)
    };
    use config::Kind::{RunEnd, RunStart};
    assert!(wants("far", RunEnd, "x", "111122223333"));
    assert!(!wants("far", RunStart, "x", "111122223333"));
    assert!(!wants("far", RunEnd, "x", "444455556666"));
    assert!(wants("near", RunStart, "other", "444455556666"));
    assert!(!wants("near", RunStart, "x", "444455556666"));
    assert!(wants("topic", RunStart, "x", "444455556666"));
    let lost = told.iter().find(|target| target.name == "lost").expect("a target");
    let why = lost.address.as_ref().expect_err("unset");
    assert_eq!(why, "the environment variable `BACKBURN_TEST_NO_SUCH_NAME` is not set");
}

#[test]
fn a_run_in_the_lab_tells_only_this_machine() {
    let (told, left) = targets(TARGETS, true);
    assert_eq!(left, ["far"]);
    assert_eq!(told.len(), 3);
    let (told, left) = targets(&format!("[notifications]\nfrom-lab = true\n{TARGETS}"), true);
    assert_eq!((told.len(), left.len()), (4, 0));
}

/// A target that answers by a script: how long it takes, and what comes of it.
struct Scripted {
    calls: AtomicUsize,
    takes: Duration,
    answer: fn(usize) -> Result<(), Refusal>,
}

impl Scripted {
    fn new(takes: u64, answer: fn(usize) -> Result<(), Refusal>) -> Arc<Self> {
        Arc::new(Self { calls: AtomicUsize::new(0), takes: Duration::from_millis(takes), answer })
    }
}

impl Deliver for Scripted {
    fn deliver<'a>(&'a self, _: &'a Notification) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(self.takes).await;
            (self.answer)(call)
        })
    }
}

fn brief() -> Rhythm {
    let ms = Duration::from_millis;
    Rhythm { first: ms(5), longest: ms(10), total: ms(1_000) }
}

fn named(name: &str) -> Resolved {
    let text = format!("[notifications.targets.{name}]\nwebhook = \"http://127.0.0.1:1/x\"\n");
    targets(&text, false).0.remove(0)
}

#[tokio::test]
async fn a_dead_target_holds_up_no_other_and_nothing_waits_for_ever() {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("journal.jsonl");
    let journal = Journal::append_to(&path, Head::default(), Vec::new()).expect("a file");
    journal.append(started()).await.expect("a record");
    let good = Scripted::new(0, |_| Ok(()));
    let recovers = Scripted::new(0, |call| match call {
        0 | 1 => Err(Refusal::again("it answered 500")),
        _ => Ok(()),
    });
    let dead = Scripted::new(0, |_| Err(Refusal::again("it cannot be reached")));
    let refuses = Scripted::new(0, |_| Err(Refusal::final_("it answered 404")));
    let slow = Scripted::new(60_000, |_| Ok(()));
    let ways: [(&str, Arc<Scripted>); 5] = [
        ("good", good),
        ("recovers", recovers.clone()),
        ("dead", dead.clone()),
        ("refuses", refuses.clone()),
        ("slow", slow),
    ];
    let ways = ways.map(|(name, way)| (named(name), Some(way as Arc<dyn Deliver>)));
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = said.clone();
    let say = move |text: &str| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    };
    let office = Office::open(ways.into(), Some(journal.clone()), &[], brief(), say);
    office.tell(|about| Notification::run_start(about, "nobody said yet which run it is"));
    office.begin(&started());
    for _ in 0..2 {
        office.tell(|about| Notification::run_start(about, "plan"));
    }
    let mut outcomes = office.finish(Duration::from_secs(2)).await;
    outcomes.sort_by(|a, b| a.target.cmp(&b.target));
    let why: Vec<_> =
        outcomes.iter().map(|one| (&*one.target, one.why.as_deref().unwrap_or("told"))).collect();
    assert_eq!(
        why,
        [
            ("dead", "it cannot be reached"),
            ("good", "told"),
            ("recovers", "told"),
            ("refuses", "it answered 404"),
            ("slow", "it did not answer before the run had ended"),
        ]
    );
    assert_eq!(recovers.calls.load(Ordering::Relaxed), 3);
    assert!(dead.calls.load(Ordering::Relaxed) > 3);
    assert_eq!(
        refuses.calls.load(Ordering::Relaxed),
        1,
        "what is refused for good is not tried again"
    );
    assert_eq!(said.lock().unwrap_or_else(PoisonError::into_inner).len(), 3);
    // It waits for the disk, and so for the records before it.
    journal
        .append(Record::Resumed { operator: "me".into(), who: crate::journal::Who::default() })
        .await
        .expect("a record");
    let read = crate::journal::read(&path).expect("an intact journal");
    let records: Vec<_> = read.lines.into_iter().map(|line| line.record).collect();
    let count = |told: bool| {
        let is = |record: &&Record| match record {
            Record::Notified { .. } => told,
            Record::NotNotified { .. } => !told,
            _ => false,
        };
        records.iter().filter(is).count()
    };
    assert_eq!((count(true), count(false)), (2, 3));

    // A process that resumes tells only those that were not told.
    let again = Scripted::new(0, |_| Ok(()));
    let ways = ["good", "dead"].map(|name| (named(name), Some(again.clone() as Arc<dyn Deliver>)));
    let office = Office::open(ways.into(), Some(journal), &records, brief(), |_| ());
    office.begin(&started());
    office.tell(|about| Notification::run_start(about, "plan"));
    let outcomes = office.finish(Duration::from_mins(1)).await;
    let told: Vec<_> = outcomes.iter().map(|one| &*one.target).collect();
    assert_eq!(told, ["dead"]);
}

#[tokio::test]
async fn a_full_queue_drops_and_says_so() {
    let slow = Scripted::new(60_000, |_| Ok(()));
    let ways = vec![(named("slow"), Some(slow as Arc<dyn Deliver>))];
    let office = Office::open(ways, None, &[], brief(), |_| ());
    office.begin(&started());
    for n in 0..200 {
        office
            .tell(|about| Notification::not_proven(about, &format!("s{n}"), "x", "presumed", None));
    }
    tokio::task::yield_now().await;
    let outcomes = office.finish(Duration::from_millis(50)).await;
    assert_eq!(outcomes.len(), 200);
    let full = |one: &&Outcome| one.why.as_ref().is_some_and(|why| why.starts_with("too many"));
    assert!(outcomes.iter().filter(full).count() > 100);
}
