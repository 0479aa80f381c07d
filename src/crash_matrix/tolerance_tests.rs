//! Runs that went on without a step as they may, and runs that almost did.

use serde_json::json;

use super::*;

/// An instance that is protected, isolated and tagged; a user whose key is off.
fn account(protected: bool, group: &str, tags: &Value, key: &str) -> Value {
    json!({
        "ec2": {
            "instances": { "web": { "attributes": { "termination-protection": protected }, "tags": tags } },
            "interfaces": { "web/eni0": { "groups": [group] } },
        },
        "iam": { "users": { "ann": { "keys": { "leaked key": key } } } },
    })
}

fn before() -> Value {
    account(false, "open", &json!({}), "Active")
}

fn made(step: &str, kind: &str, target: &str) -> Made {
    Made { step: step.into(), kind: kind.into(), target: target.into() }
}

fn whole() -> Whole {
    Whole {
        account: account(true, "closed", &json!({ "case": "7" }), "Inactive"),
        made: vec![
            made("protect", "ec2.termination-protection", "web"),
            made("isolate", "ec2.eni-groups", "web/eni0"),
            made("tag", "ec2.tag", "web case"),
            made("key", "iam.access-key-status", "leaked key of ann"),
        ],
        finished: ["protect", "isolate", "tag", "key"].map(str::to_owned).into(),
    }
}

/// The playbook lets `protect` fail; `tag` comes after `isolate`.
fn steps() -> Steps {
    let one = |step: &str| BTreeSet::from([step.to_owned()]);
    Steps {
        lets_fail: one("protect"),
        lenient: BTreeSet::new(),
        after: BTreeMap::from([("tag".to_owned(), one("isolate"))]),
    }
}

fn done(steps: &[&str]) -> Vec<Value> {
    let one = |step: &&str| json!({ "record": "step-finished", "step": step });
    steps.iter().map(one).collect()
}

fn failed(step: &str, word: &str, class: Option<&str>, call: &str) -> Value {
    let error = format!("{call}: access denied");
    json!({ "record": "step-failed", "step": step, "word": word, "class": class, "error": error, "last": true })
}

fn judged(operation: &str, end: End, records: &[Value], now: &Value) -> Judged {
    let before = before();
    judge(&steps(), &whole(), &Broken { operation, end, records, before: &before, now })
}

const PROTECT: &str = "ModifyInstanceAttribute";

fn without_protect() -> Vec<Value> {
    let call = format!("ec2:{PROTECT}");
    [vec![failed("protect", "failed", Some("denied"), &call)], done(&["isolate", "tag", "key"])]
        .concat()
}

fn unprotected() -> Value {
    account(false, "closed", &json!({ "case": "7" }), "Inactive")
}

fn is_tolerated(judged: &Judged, steps: &[&str]) -> bool {
    matches!(judged, Judged::Tolerated { steps: named, .. } if named == steps)
}

#[test]
fn a_step_that_may_fail_costs_its_own_setting_alone() {
    let right = judged(PROTECT, Some(0), &without_protect(), &unprotected());
    assert!(is_tolerated(&right, &["protect"]), "{right:?}");
    assert_eq!(judged(PROTECT, Some(0), &done(&["protect"]), &whole().account), Judged::Right);
    // The instance is not isolated either, though the step says that it is.
    let open = account(false, "open", &json!({ "case": "7" }), "Inactive");
    let Judged::Wrong(wrong) = judged(PROTECT, Some(0), &without_protect(), &open) else {
        panic!("an open instance is tolerated")
    };
    assert_eq!(
        wrong.iter().map(|one| &*one.path).collect::<Vec<_>>(),
        ["ec2 > interfaces > web/eni0 > groups"]
    );
    // Nor is what another step sets on the same instance the failed step's own.
    let untagged = account(false, "closed", &json!({}), "Inactive");
    assert!(matches!(judged(PROTECT, Some(0), &without_protect(), &untagged), Judged::Wrong(_)));
    // Another value than before is not a step that did nothing.
    let mut odd = unprotected();
    odd["ec2"]["instances"]["web"]["attributes"]["termination-protection"] = json!("odd");
    assert!(matches!(judged(PROTECT, Some(0), &without_protect(), &odd), Judged::Wrong(_)));
}

#[test]
fn a_denied_call_of_another_step_excuses_nothing() {
    // What was denied is not what the step failed for.
    let other = judged("DescribeVolumes", Some(0), &without_protect(), &unprotected());
    assert_eq!(other, Judged::Failed);
    // It failed for something else than a denial.
    let call = format!("ec2:{PROTECT}");
    let records = [
        vec![failed("protect", "failed", Some("throttled"), &call)],
        done(&["isolate", "tag", "key"]),
    ]
    .concat();
    assert_eq!(judged(PROTECT, Some(0), &records, &unprotected()), Judged::Failed);
    // The playbook does not let this one fail.
    let records = [
        vec![failed("key", "failed", Some("denied"), "iam:UpdateAccessKey")],
        done(&["protect", "isolate", "tag"]),
    ]
    .concat();
    let active = account(true, "closed", &json!({ "case": "7" }), "Active");
    assert_eq!(judged("UpdateAccessKey", Some(0), &records, &active), Judged::Failed);
}

#[test]
fn a_run_that_ends_otherwise_is_not_tolerated() {
    for end in [Some(1), Some(5), Some(7), Some(9), None] {
        assert_eq!(
            judged(PROTECT, end, &without_protect(), &unprotected()),
            Judged::Failed,
            "{end:?}"
        );
    }
    // A step is missing that nothing excuses, whatever the account says.
    let call = format!("ec2:{PROTECT}");
    let records =
        [vec![failed("protect", "failed", Some("denied"), &call)], done(&["isolate", "tag"])]
            .concat();
    assert_eq!(judged(PROTECT, Some(0), &records, &unprotected()), Judged::Failed);
}

#[test]
fn a_refused_step_costs_itself_and_what_waits_for_it() {
    let records = [
        vec![failed("isolate", "refused", None, "ec2:DescribeNetworkInterfaces")],
        done(&["protect", "key"]),
    ]
    .concat();
    let call = "DescribeNetworkInterfaces";
    let held = account(true, "open", &json!({}), "Inactive");
    let right = judged(call, Some(5), &records, &held);
    assert!(is_tolerated(&right, &["isolate"]), "{right:?}");
    assert_eq!(judged(call, Some(0), &records, &held), Judged::Failed, "it is no success");
    // The key is still active, and no refused step would have turned it off.
    let active = account(true, "open", &json!({}), "Active");
    assert!(matches!(judged(call, Some(5), &records, &active), Judged::Wrong(_)));
    // What does not wait for it has to run.
    let fewer = [
        vec![failed("isolate", "refused", None, "ec2:DescribeNetworkInterfaces")],
        done(&["protect"]),
    ]
    .concat();
    assert_eq!(judged(call, Some(5), &fewer, &active), Judged::Failed);
    // A refusal for another reason than the denied call is not its.
    let other =
        [vec![failed("isolate", "refused", None, "protected")], done(&["protect", "key"])].concat();
    assert_eq!(judged(call, Some(5), &other, &held), Judged::Failed);
}

/// The groups of an isolation: the one that is closed, and the one that only cuts connections.
fn groups(closed: &Value, open: &Value) -> Value {
    let mut account = whole().account;
    account["ec2"]["groups"] = json!({ "backburn-closed-RUN of vpc": closed });
    if !open.is_null() {
        account["ec2"]["groups"]["backburn-open-RUN of vpc"] = open.clone();
    }
    account
}

fn judged_groups(operation: &str, notes: &[Value], now: &Value) -> Judged {
    let mut whole = whole();
    let tags = json!({ "backburn:run": "RUN" });
    let (closed, open) =
        (json!({ "tags": tags, "outbound": [] }), json!({ "tags": tags, "outbound": ["all"] }));
    whole.account = groups(&closed, &open);
    for name in ["vpc/backburn-closed-RUN", "vpc/backburn-open-RUN"] {
        whole.made.push(made("isolate", "ec2.security-group", name));
    }
    let (before, done) = (before(), done(&["protect", "isolate", "tag", "key"]));
    let records = [notes, &done].concat();
    judge(
        &steps(),
        &whole,
        &Broken { operation, end: Some(0), records: &records, before: &before, now },
    )
}

#[test]
fn what_is_made_without_tags_lacks_its_tags_alone() {
    let tags = json!({ "backburn:run": "RUN" });
    let open = json!({ "tags": tags, "outbound": ["all"] });
    let bare = groups(&json!({ "tags": {}, "outbound": [] }), &open);
    assert!(is_tolerated(&judged_groups("CreateSecurityGroup", &[], &bare), &[]));
    assert!(matches!(
        judged_groups("ModifyNetworkInterfaceAttribute", &[], &bare),
        Judged::Wrong(_)
    ));
    let wide = groups(&json!({ "tags": {}, "outbound": ["all"] }), &open);
    let Judged::Wrong(wrong) = judged_groups("CreateSecurityGroup", &[], &wide) else {
        panic!("a closed group that lets everything out is tolerated")
    };
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn a_containment_without_its_open_group_says_so_and_lacks_nothing_else() {
    let tags = json!({ "backburn:run": "RUN" });
    let closed = json!({ "tags": tags, "outbound": [] });
    let text = "connections persist: the open group of `vpc` cannot be made: `ec2:AuthorizeSecurityGroupEgress` was denied";
    let said = json!({ "record": "note", "step": "isolate", "text": text });
    let call = "AuthorizeSecurityGroupEgress";
    for half in [json!(null), json!({ "tags": tags, "outbound": ["some"] })] {
        let now = groups(&closed, &half);
        assert!(is_tolerated(&judged_groups(call, std::slice::from_ref(&said), &now), &[]));
        assert!(matches!(judged_groups(call, &[], &now), Judged::Wrong(_)), "nobody said so");
    }
    let neither = groups(&json!(null), &json!(null));
    assert!(matches!(judged_groups(call, &[said], &neither), Judged::Wrong(_)));
}

/// A refused step that may fail does not make the run fail.
#[test]
fn a_refused_step_that_may_fail_is_a_success_all_the_same() {
    let refused = vec![failed("protect", "refused", None, "ec2:DescribeInstances")];
    let records = [refused, done(&["isolate", "tag", "key"])].concat();
    assert!(is_tolerated(
        &judged("DescribeInstances", Some(0), &records, &unprotected()),
        &["protect"]
    ));
    assert_eq!(judged("DescribeInstances", Some(5), &records, &unprotected()), Judged::Failed);
}
