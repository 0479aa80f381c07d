//! The safety belts with the real binary: limits in plan and run, what is protected, old plans, and
//! approvals from another terminal.

use backburn::lab::seed::Seed;
use serde_json::Value;

use crate::binary::{Desk, Ended, wait_for};
use crate::playbooks::leaked;
use crate::support;

const LEAK: &str = "playbooks/iam-key-leak.yaml";

/// A playbook that tags two instances; the second only in the run, when `late`.
fn two(desk: &Desk, limits: &str, late: bool) -> String {
    let late = match late {
        true => "    if: ${{ steps.snapshot.snapshots[0] != 'none' }}\n",
        false => "",
    };
    let text = format!(
        "playbook: two\ntitle: Two instances\nversion: 1.0.0\nseverity: low\n\
         inputs:\n  first: {{ type: instance }}\n  second: {{ type: instance }}\n\
         limits: {{ volumes: 9{limits} }}\nsteps:\n  \
         snapshot:\n    uses: ec2.snapshot-volumes\n    with: {{ instance: '${{{{ inputs.first }}}}' }}\n  \
         second:\n    needs: [snapshot]\n{late}    uses: ec2.tag-resource\n    with:\n      \
         resource: ${{{{ inputs.second }}}}\n      tags: {{ case: IR-7 }}\n"
    );
    let file = desk.path("two.yaml");
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

fn both(seed: &Seed) -> [String; 2] {
    [format!("first={}", seed.instance), format!("second={}", seed.neighbours[0])]
}

fn args<'a>(command: &[&'a str], inputs: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let inputs = inputs.iter().flat_map(|input| ["-i", input.as_str()]);
    command.iter().copied().chain(inputs).chain(more.iter().copied()).collect()
}

#[test]
fn a_plan_over_its_limit_is_refused_and_says_how_to_raise_it() {
    let (desk, seed) = Desk::seeded();
    let (file, inputs) = (two(&desk, "", false), both(&seed));
    let refused = desk.ends(4, &args(&["plan", &file], &inputs, &[]));
    for part in ["2 of 1 instances", "`limits: { instances: 2 }`", &seed.neighbours[0]] {
        assert!(refused.out.contains(part), "{part}\n{}", refused.out);
    }
    desk.ends(4, &args(&["run", &file], &inputs, &["--yes"]));
    let raised = two(&desk, ", instances: 2", false);
    let plan = desk.ends(0, &args(&["plan", &raised], &inputs, &["--json"])).out;
    let plan: Value = serde_json::from_str(&plan).expect("JSON");
    assert_eq!(plan["belts"]["limits"][0]["touched"].as_array().map(Vec::len), Some(2));
    assert_eq!(plan["belts"]["permissions"][0]["answer"], "allowed", "the lab's root user may");
    let unasked = desk.ends(0, &args(&["plan", &raised], &inputs, &["--no-probe", "--json"])).out;
    let unasked: Value = serde_json::from_str(&unasked).expect("JSON");
    assert_eq!(unasked["belts"]["permissions"], Value::Null);
    assert_eq!(plan["sha256"], unasked["sha256"], "belts are no part of what is done");
}

#[test]
fn a_run_stops_at_its_limit_and_a_resumed_one_still_does() {
    let (desk, seed) = Desk::seeded();
    let (file, inputs) = (two(&desk, "", true), both(&seed));
    let before = desk.state();
    for command in [args(&["run", &file], &inputs, &["--yes"]), vec!["resume", "last"]] {
        let ended = desk.ends(5, &command);
        let why = format!("`{}` on top of `{}`", seed.neighbours[0], seed.instance);
        assert!(ended.out.contains(&why), "{}", ended.out);
    }
    let of = |state: &Value| state["ec2"]["instances"][&seed.neighbours[0]].clone();
    assert_eq!(of(&before), of(&desk.state()));
}

#[test]
fn what_is_tagged_as_protected_is_refused() {
    let (desk, seed) = Desk::seeded();
    let config = support::lab().lab.sdk_config(&seed.account);
    let ec2 = aws_sdk_ec2::Client::new(&config);
    let tag = aws_sdk_ec2::types::Tag::builder().key("backburn:protected").value("true").build();
    wait_for(ec2.create_tags().resources(&seed.instance).tags(tag).send()).expect("tagged");
    let iam = aws_sdk_iam::Client::new(&config);
    let tag = aws_sdk_iam::types::Tag::builder().key("backburn:protected").value("true").build();
    let tagged = iam.tag_user().user_name(&seed.user).tags(tag.expect("a tag")).send();
    wait_for(tagged).expect("tagged");
    let before = desk.state();

    let inputs = crate::playbooks::compromised(&seed);
    // Only the denial of its role does not touch the instance.
    let isolate =
        desk.ends(5, &args(&["run", "playbooks/ec2-compromise.yaml"], &inputs, &["--yes"]));
    let why = format!("instance `{}` has the tag `backburn:protected=true`", seed.instance);
    assert!(isolate.err.contains(&why), "{}", isolate.err);
    assert_eq!(desk.state()["ec2"], before["ec2"]);
    desk.ends(0, &["release", "last", "--yes"]);
    let leak = desk.ends(4, &args(&["run", LEAK], &leaked(&seed), &["--yes"]));
    let why = format!("user `{}` has the tag `backburn:protected=true`", seed.user);
    assert!(leak.err.contains(&why), "{}", leak.err);
    assert_eq!(desk.state(), before);
}

/// Somebody protected the second of two instances: the first is contained all the same.
#[test]
fn a_refused_step_keeps_no_other_from_running() {
    let (desk, seed) = Desk::seeded();
    let (file, inputs) = (two(&desk, ", instances: 2", false), both(&seed));
    let ec2 = aws_sdk_ec2::Client::new(&support::lab().lab.sdk_config(&seed.account));
    let tag = aws_sdk_ec2::types::Tag::builder().key("backburn:protected").value("true").build();
    let second = &seed.neighbours[0];
    wait_for(ec2.create_tags().resources(second).tags(tag).send()).expect("tagged");
    let before = desk.state();
    let plan = desk.ends(4, &args(&["plan", &file], &inputs, &[]));
    for part in ["refused: ", "1 step refused", "does the others"] {
        assert!(plan.out.contains(part), "{part}\n{}", plan.out);
    }
    desk.ends(0, &args(&["plan", &file], &inputs, &["--accept-refused"]));
    let saved = desk.path("plan.json").display().to_string();
    desk.ends(4, &args(&["plan", &file], &inputs, &["--out", &saved]));
    // The hash is that of a plan which shows the refusal.
    let run = desk.ends(5, &args(&["run", &file], &inputs, &["--plan", &saved, "--yes"]));
    assert!(run.err.contains("partial: "), "{}", run.err);
    let records = desk.records();
    let of = |kind: &str, step: &str| {
        records.iter().filter(|one| one["record"] == kind && one["step"] == step).count()
    };
    assert_eq!((of("step-finished", "snapshot"), of("step-started", "second")), (1, 0));
    let failed = records.iter().find(|one| one["record"] == "step-failed").expect("a failure");
    assert_eq!((&failed["step"], &failed["word"]), (&"second".into(), &"refused".into()));
    desk.ends(5, &["resume", "last"]);
    let of = |state: &Value| state["ec2"]["instances"][second].clone();
    assert_eq!(of(&before), of(&desk.state()), "what is refused is never touched");
    desk.ends(0, &["release", "last", "--yes"]);
}

/// Whoever fills the quota of inline policies does not keep the deny off the user.
#[test]
fn a_full_quota_of_inline_policies_does_not_keep_a_deny_off() {
    let (desk, seed) = Desk::seeded();
    let iam = aws_sdk_iam::Client::new(&support::lab().lab.sdk_config(&seed.account));
    let buckets: Vec<_> = (0..68).map(|n| format!("arn:aws:s3:::bucket-{n:03}/*")).collect();
    let full = serde_json::json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": buckets }] });
    let put = iam.put_user_policy().user_name(&seed.user).policy_name("full");
    wait_for(put.policy_document(full.to_string()).send()).expect("written");
    let before = desk.state();
    let user = |state: &Value| state["iam"]["users"][&seed.user].clone();
    let plan = desk.ends(0, &args(&["plan", LEAK], &leaked(&seed), &[]));
    for part in ["iam.managed-policy", "iam.user-attachment", "goes as the managed policy"] {
        assert!(plan.out.contains(part), "{part}\n{}", plan.out);
    }
    desk.ends(0, &args(&["run", LEAK], &leaked(&seed), &["--yes", "--accept-presumed"]));
    let held = desk.state();
    let attached = user(&held)["attached"].as_array().expect("a list").len();
    assert_eq!(attached, user(&before)["attached"].as_array().expect("a list").len() + 1);
    assert_eq!(
        user(&held)["inline"],
        user(&before)["inline"],
        "nothing was put beside the full one"
    );
    desk.ends(0, &["release", "last", "--yes"]);
    let after = desk.state();
    assert_eq!(user(&after)["attached"], user(&before)["attached"]);
    assert_eq!(after["iam"]["policies"], before["iam"]["policies"]);
}

#[test]
fn a_step_is_left_out_and_stays_so() {
    let (desk, seed) = Desk::seeded();
    let (file, inputs) = (two(&desk, ", instances: 2", false), both(&seed));
    let hash = |more: &[&str]| {
        let plan =
            desk.ends(0, &args(&["plan", &file], &inputs, &[&["--json"], more].concat())).out;
        serde_json::from_str::<Value>(&plan).expect("JSON")
    };
    let (whole, without) = (hash(&[]), hash(&["--skip", "snapshot"]));
    assert_ne!(whole["sha256"], without["sha256"]);
    assert_eq!(without["skip"], serde_json::json!(["snapshot"]));
    let plan = desk.ends(0, &args(&["plan", &file], &inputs, &["--skip", "snapshot"]));
    assert!(plan.out.contains("left out by `--skip`"), "{}", plan.out);
    let saved = desk.path("plan.json").display().to_string();
    desk.ends(0, &args(&["plan", &file], &inputs, &["--skip", "snapshot", "--out", &saved]));
    desk.ends(0, &args(&["run", &file], &inputs, &["--plan", &saved, "--yes"]));
    let skipped: Vec<_> =
        desk.records().into_iter().filter(|one| one["record"] == "step-skipped").collect();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert_eq!(skipped[0]["why"], "left out by `--skip`");
    let state = desk.state();
    assert_eq!(state["ec2"]["snapshots"], serde_json::json!({}), "none was taken");
    assert_eq!(state["ec2"]["instances"][&seed.neighbours[0]]["tags"]["case"], "IR-7");
}

#[test]
fn a_step_that_others_read_is_left_out_with_them_and_names_are_checked() {
    let (desk, seed) = Desk::seeded();
    let (file, inputs) = (two(&desk, ", instances: 2", true), both(&seed));
    let plan = desk.ends(4, &args(&["plan", &file], &inputs, &["--skip", "snapshot"]));
    assert!(plan.out.contains("`second` read outputs"), "{}", plan.out);
    assert!(plan.out.contains("add `--skip second`"), "{}", plan.out);
    desk.ends(4, &args(&["run", &file], &inputs, &["--skip", "snapshot", "--yes"]));
    let wrong = desk.ends(2, &args(&["plan", &file], &inputs, &["--skip", "snapshto"]));
    assert!(wrong.err.contains("did you mean `snapshot`?"), "{}", wrong.err);
}

/// One step in a playbook of its own.
fn one(desk: &Desk, uses: &str, with: &str) -> String {
    let text = format!(
        "playbook: one\ntitle: One step\nversion: 1.0.0\nseverity: low\nsteps:\n  only:\n    uses: {uses}\n    with: {with}\n"
    );
    let file = desk.path(&format!("{uses}.yaml"));
    std::fs::write(&file, text).expect("written");
    file.display().to_string()
}

/// A bucket, a trail that does not log, a table with an item, and a function's limit, all with this tag.
async fn tagged(config: &aws_config::SdkConfig, name: &str, key: &str, value: &str) {
    let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    s3.create_bucket().bucket(name).send().await.expect("a bucket");
    let tag = aws_sdk_s3::types::Tag::builder().key(key).value(value).build().expect("a tag");
    let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag).build().expect("tags");
    s3.put_bucket_tagging().bucket(name).tagging(tags).send().await.expect("tagged");
    let tag = aws_sdk_cloudtrail::types::Tag::builder().key(key).value(value).build();
    let trail = aws_sdk_cloudtrail::Client::new(config).create_trail().name(name);
    let trail = trail.s3_bucket_name(name).tags_list(tag.expect("a tag"));
    trail.send().await.expect("a trail");
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let attribute = aws_sdk_dynamodb::types::AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(aws_sdk_dynamodb::types::ScalarAttributeType::S);
    let schema = aws_sdk_dynamodb::types::KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(aws_sdk_dynamodb::types::KeyType::Hash);
    let tags = [(key, value), ("drill", "yes")].map(|(key, value)| {
        aws_sdk_dynamodb::types::Tag::builder().key(key).value(value).build().expect("a tag")
    });
    let table = dynamodb.create_table().table_name(name);
    let table = table.billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest);
    let table = table.attribute_definitions(attribute.build().expect("an attribute"));
    let table = table.key_schema(schema.build().expect("a key")).set_tags(Some(tags.into()));
    table.send().await.expect("a table");
    let id = aws_sdk_dynamodb::types::AttributeValue::S("1".into());
    dynamodb.put_item().table_name(name).item("id", id).send().await.expect("an item");
}

/// What the belts hold outside of EC2 and IAM, with the binary: a bucket, a trail, a table.
#[test]
fn a_protected_bucket_trail_and_table_are_refused_and_free_ones_count() {
    let (desk, seed) = Desk::seeded();
    let config = support::lab().lab.sdk_config(&seed.account);
    let name = |what: &str| format!("{what}-{}", seed.account);
    wait_for(tagged(&config, &name("kept"), "backburn:protected", "true"));
    wait_for(tagged(&config, &name("free"), "team", "payments"));
    let steps = |what: &str| {
        let name = name(what);
        [
            ("bucket", "s3.block-public-access", format!("{{ bucket: {name} }}")),
            ("trail", "cloudtrail.start-logging", format!("{{ trail: {name} }}")),
            (
                "table",
                "dynamodb.overwrite-items",
                format!("{{ table: {name}, required-tag: drill=yes }}"),
            ),
        ]
    };
    for (class, uses, with) in steps("kept") {
        let file = one(&desk, uses, &with);
        for command in [vec!["plan", &file], vec!["run", &file, "--yes"]] {
            let ended = desk.ends(4, &command);
            let said = format!("{}{}", ended.out, ended.err);
            let why = format!("{class} `{}` has the tag `backburn:protected=true`", name("kept"));
            assert!(said.contains(&why), "{uses}: {said}");
        }
    }
    for (_, uses, with) in steps("free") {
        let file = one(&desk, uses, &with);
        let plan = desk.json(&["plan", &file, "--json"]);
        let limit = &plan["belts"]["limits"][3];
        assert_eq!(limit["what"], "resources", "{limit}");
        assert_eq!(limit["touched"], serde_json::json!([name("free")]), "{uses}: {limit}");
    }
}

/// A limit on other resources holds for a run that would touch two.
#[test]
fn a_second_bucket_is_one_too_many() {
    let (desk, seed) = Desk::seeded();
    let config = support::lab().lab.sdk_config(&seed.account);
    let names = ["first", "second"].map(|what| format!("{what}-{}", seed.account));
    for name in &names {
        wait_for(tagged(&config, name, "team", "payments"));
    }
    let text = |limits: &str| {
        let step = |id: &str, bucket: &str| {
            format!("  {id}:\n    uses: s3.block-public-access\n    with: {{ bucket: {bucket} }}\n")
        };
        let head = "playbook: two\ntitle: Two buckets\nversion: 1.0.0\nseverity: low\n";
        format!("{head}{limits}steps:\n{}{}", step("a", &names[0]), step("b", &names[1]))
    };
    let file = desk.path("two.yaml");
    let shown = file.display().to_string();
    std::fs::write(&file, text("")).expect("written");
    let refused = desk.ends(4, &["plan", &shown]);
    for part in ["2 of 1 resources", "`limits: { resources: 2 }`"] {
        assert!(refused.out.contains(part), "{part}\n{}", refused.out);
    }
    desk.ends(4, &["run", &shown, "--yes"]);
    std::fs::write(&file, text("limits: { resources: 2 }\n")).expect("written");
    desk.ends(0, &["plan", &shown]);
}

#[test]
fn an_old_plan_is_refused() {
    let (desk, seed) = Desk::seeded();
    let (inputs, kept) = (leaked(&seed), desk.path("plan.json"));
    let kept = kept.to_str().expect("UTF-8");
    desk.ends(0, &args(&["plan", LEAK], &inputs, &["--out", kept]));
    let mut plan: Value =
        serde_json::from_slice(&std::fs::read(kept).expect("a plan")).expect("JSON");
    let hour = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    plan["created"] = hour.to_string().into();
    std::fs::write(kept, plan.to_string()).expect("written");
    let run = |more: &[&str], code| {
        let more = [&["--plan", kept, "--yes", "--accept-presumed"], more].concat();
        desk.ends(code, &args(&["run", LEAK], &inputs, &more))
    };
    let old = run(&[], 4);
    assert!(old.err.contains("may be at most 15 min 00 s old"), "{}", old.err);
    assert!(!desk.path("home").exists(), "what is refused leaves no run behind");
    run(&["--max-age", "2h"], 0);
    desk.ends(2, &args(&["run", LEAK], &inputs, &["--max-age", "soon"]));
}

/// Waits until the run has left its question.
pub(crate) fn asked(desk: &Desk, step: &str) {
    let file = desk.run_dir().join(format!("approval-{step}.asked.json"));
    wait_for(support::until("a question", async || file.exists().then_some(())));
}

fn answer(desk: &Desk) -> Value {
    let found = desk.records().into_iter().find(|line| line["record"] == "answer");
    found.expect("an answer in the journal")
}

const STEP: &str = "new-credentials";

fn approve(desk: &Desk, code: i32, step: &str, more: &[&str]) -> Ended {
    let command = ["approve", "last", step, "--reason", "ticket 7"];
    desk.ends(code, &[&command, more].concat())
}

#[test]
fn a_run_waits_for_an_answer_from_another_terminal() {
    let (desk, seed) = Desk::seeded();
    let inputs = [leaked(&seed), vec!["ask-owner=true".into()]].concat();
    let more = ["--yes", "--accept-presumed", "--wait-for-approval"];
    let running = desk.until(&args(&["run", LEAK], &inputs, &more), |line| {
        line["record"] == "step-started" && line["step"] == STEP
    });
    asked(&desk, STEP);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(desk.run_dir()).expect("a directory").permissions(),
    );
    assert_eq!(mode & 0o777, 0o700);

    let role = approve(&desk, 4, STEP, &["--as", "responder"]);
    assert!(role.err.contains("waits for the role `owner`, not for `responder`"), "{}", role.err);
    let unknown = approve(&desk, 2, "new-credential", &["--as", "owner"]);
    assert!(unknown.err.contains("has no step `new-credential`"), "{}", unknown.err);
    let ended = approve(&desk, 4, "disable-key", &["--as", "responder"]);
    assert!(ended.err.contains("is not waiting for an answer: it has finished"), "{}", ended.err);
    let plan = approve(&desk, 4, STEP, &["--as", "owner", "--plan", "0123456789"]);
    assert!(plan.err.contains("not `0123456789`"), "{}", plan.err);

    let plan: Value =
        serde_json::from_slice(&std::fs::read(desk.run_dir().join("plan.json")).expect("a plan"))
            .expect("JSON");
    let hash = plan["sha256"].as_str().expect("a hash");
    let done = approve(&desk, 0, STEP, &["--as", "owner", "--plan", &hash[..32]]);
    assert!(!done.out.contains("resume"), "{}", done.out);
    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    assert!(ended.err.contains("backburn approve"), "{}", ended.err);
    let answer = answer(&desk);
    assert_eq!((&answer["by"], &answer["yes"]), (&"tester".into(), &true.into()), "{answer:#}");
    assert_eq!(answer["reason"], "ticket 7");
    assert!(answer["role"].as_str().is_some_and(|role| role.starts_with("owner")), "{answer:#}");
    assert!(answer["at"].is_string(), "{answer:#}");
    let late = approve(&desk, 4, STEP, &["--as", "owner"]);
    assert!(late.err.contains("it has finished"), "{}", late.err);
}

#[test]
fn an_answer_given_while_nobody_ran_is_taken_up_by_resume() {
    let (desk, seed) = Desk::seeded();
    let inputs = [leaked(&seed), vec!["ask-owner=true".into()]].concat();
    desk.ends(10, &args(&["run", LEAK], &inputs, &["--yes", "--accept-presumed"]));
    let denied = approve(&desk, 0, STEP, &["--as", "owner", "--deny"]);
    assert!(denied.out.contains("denied") && denied.out.contains("resume"), "{}", denied.out);
    let ended = desk.ends(5, &["resume", "last", "--accept-presumed"]);
    assert!(ended.out.contains("declined by tester"), "{}", ended.out);
    // A no is used once: the step is asked again.
    desk.ends(10, &["resume", "last", "--accept-presumed"]);
    approve(&desk, 0, STEP, &["--as", "owner"]);
    desk.ends(0, &["resume", "last", "--accept-presumed"]);
    desk.ends(0, &["runs", "verify", "last"]);
}

#[test]
fn a_waiting_run_ends_with_ctrl_c() {
    let (desk, seed) = Desk::seeded();
    let inputs = [leaked(&seed), vec!["ask-owner=true".into()]].concat();
    let more = ["--yes", "--accept-presumed", "--wait-for-approval"];
    let running = desk.until(&args(&["run", LEAK], &inputs, &more), |line| {
        line["record"] == "step-started" && line["step"] == STEP
    });
    asked(&desk, STEP);
    running.interrupt();
    assert_eq!(running.ended().code, Some(9));
}

#[test]
fn hazards_are_warned_of_and_can_be_denied() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let file = "tests/fixtures/invalid/hazard.stop-before-snapshot.yaml";
    let warned = desk.ends(0, &["check", file]);
    assert!(warned.out.contains("hazard::stop-before-snapshot"), "{}", warned.out);
    desk.ends(3, &["check", file, "--deny", "hazards"]);
    for shipped in std::fs::read_dir(crate::binary::root().join("playbooks")).expect("a folder") {
        let shipped = shipped.expect("an entry").path();
        let shipped = shipped.to_str().expect("UTF-8");
        let checked = desk.ends(0, &["check", shipped, "--deny", "hazards"]);
        assert!(!checked.out.contains("hazard::"), "{}", checked.out);
    }
}
