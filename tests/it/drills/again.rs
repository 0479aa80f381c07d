//! The attacker tries again after the response: refused in the shipped drill, and twins whose response leaves a way open.

use serde_json::Value;

use super::{Drill, replaced};

/// The leaked key's drill with a short wait, as `edit` leaves it.
fn twin(edit: impl Fn(&str) -> String) -> Drill {
    Drill::edited("leaked-key", |text| {
        edit(&replaced(text, "refused:", "within: 2m", "within: 8s"))
    })
}

/// The calls of the attacker that came out so.
fn calls(drill: &Drill, outcome: &str) -> Vec<String> {
    let one = drill.objective("refused", "leaked-key");
    let calls = one["calls"].as_array().expect("calls").iter();
    let calls = calls.filter(|call| call["outcome"] == outcome);
    calls.map(|call| call["call"].as_str().expect("a name").to_owned()).collect()
}

fn still_works(drill: &Drill, user: &str) -> String {
    let ended = drill.ends(11);
    drill.scores("still-works", "refused", "leaked-key");
    let open = calls(drill, "still-works");
    assert_eq!(open[0], "iam:ListUsers", "{open:?}");
    assert!(open[1].starts_with("s3:PutBucketPublicAccessBlock on backburn-"), "{open:?}");
    let one = drill.objective("refused", "leaked-key");
    let note = one["note"].as_str().expect("a note");
    let principal = one["calls"][0]["principal"].as_str().expect("an ARN");
    assert!(principal.contains(user), "{principal}");
    assert!(note.contains(&format!("`iam:ListUsers` as `{principal}` still works")), "{note}");
    drill.left_nothing();
    ended.out
}

#[test]
fn whoever_is_contained_is_refused() {
    let drill = twin(str::to_owned);
    drill.ends(0);
    let one = drill.objective("refused", "leaked-key");
    assert_eq!(one["outcome"], "pass", "{one:#}");
    assert!(one["took"].as_f64().is_some() && one["budget"] == 8.0, "{one:#}");
    assert_eq!(calls(&drill, "refused").len(), 2, "{one:#}");
    let call = &one["calls"][0];
    assert_eq!(call["call"], "iam:ListUsers");
    assert_eq!(call["code"], "InvalidClientTokenId", "the key is inactive: {call:#}");
    assert_eq!(drill.card()["contradiction"], Value::Null);
    assert_eq!(drill.card()["said"]["failed"], 0);
    drill.left_nothing();
}

/// Every verdict of the response is right, and about somebody else.
#[test]
fn a_response_that_contains_another_user_is_worse_than_none() {
    let drill = twin(|text| {
        let other = "arrange:\n  other:\n    uses: iam.create-user\n  other-key:\n    uses: iam.create-access-key\n    with: { user: \"${{ steps.other.user }}\" }\n";
        let text = text.replacen("arrange:\n", other, 1);
        let text = replaced(&text, "respond:", "steps.user.user", "steps.other.user");
        replaced(&text, "respond:", "steps.key.access-key-id", "steps.other-key.access-key-id")
    });
    let out = still_works(&drill, "user/backburn/backburn-");
    let card = drill.card();
    let said = card["contradiction"].as_str().expect("a contradiction");
    assert!(said.starts_with("the response says `proven`, and `iam:ListUsers` as `arn:"), "{said}");
    assert_eq!(drill.objective("response", "../playbooks/iam-key-leak.yaml")["outcome"], "pass");
    let card = out.trim_start();
    assert!(card.starts_with("NOT CONTAINED: the response says `proven`"), "{out}");
    let page = std::fs::read_to_string(drill.desk.run_dir().join("report.html")).expect("a page");
    assert!(page.contains("Not contained: the response says") && page.contains("still-works"));
    assert!(page.contains("The attacker tried again"));
    let digest = drill.desk.ends(0, &["report", "last", "--format", "md"]).out;
    assert!(digest.contains("still-works") && digest.contains("Not contained"), "{digest}");
    let file = drill.desk.path("ci.xml");
    let report = format!("junit={}", file.display());
    let again = drill.commands(11, &["drill", "run", &drill.file, "--yes", "--report", &report]);
    let junit = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{}", again.err));
    assert!(junit.contains("refused: leaked-key") && junit.contains("still works"), "{junit}");
}

#[test]
fn a_playbook_without_the_step_leaves_the_way_open() {
    let drill = twin(str::to_owned);
    let playbook = drill.desk.path("playbooks").join("iam-key-leak.yaml");
    let text = std::fs::read_to_string(&playbook).expect("the playbook");
    let cut = |text: &str, from: &str, to: &str| {
        let (at, end) = (text.find(from).expect(from), text.find(to).expect(to));
        format!("{}{}", &text[..at], &text[end..])
    };
    // What is left takes the password away, which the user does not have.
    let text = cut(&text, "  disable-key:\n", "  console:\n");
    let text = cut(&text, "  other-keys:\n", "  new-credentials:\n");
    let text = text.replace("needs: [disable-key, deny-sessions, console]", "needs: [console]");
    std::fs::write(&playbook, text).expect("written");
    still_works(&drill, "user/backburn/backburn-");
}

/// It was refused before anybody responded, so its refusal says nothing of the response.
#[test]
fn what_the_attacker_never_could_shows_nothing() {
    let drill = twin(|text| {
        let steps = "    steps: [look-around, open-bucket]";
        replaced(text, "refused:", steps, "    calls: [iam:ListUsers, ec2:DescribeInstances]")
    });
    drill.ends(11);
    drill.scores("unknown", "refused", "leaked-key");
    assert_eq!(calls(&drill, "refused"), ["iam:ListUsers"]);
    assert_eq!(calls(&drill, "unknown"), ["ec2:DescribeInstances"]);
    drill.left_nothing();
}

/// The instance is off the network and stopped, and its stolen credentials are elsewhere.
#[test]
fn an_instance_that_is_cut_off_without_its_role_leaves_the_way_open() {
    let drill = Drill::edited("instance-crypto-mining", |text| {
        replaced(text, "refused:", "within: 2m", "within: 8s")
    });
    let playbook = drill.desk.path("playbooks").join("ec2-crypto-mining.yaml");
    let text = std::fs::read_to_string(&playbook).expect("the playbook");
    let (at, end) = (text.find("  revoke-role:\n"), text.find("  # A miner that shuts its host"));
    let text = format!("{}{}", &text[..at.expect("a step")], &text[end.expect("the next")..]);
    std::fs::write(&playbook, text).expect("written");
    drill.ends(11);
    drill.scores("still-works", "refused", "stolen-credentials");
    let one = drill.objective("refused", "stolen-credentials");
    let principal = one["calls"][0]["principal"].as_str().expect("an ARN");
    assert!(
        principal.contains(":assumed-role/backburn-") && principal.contains("/i-"),
        "{principal}"
    );
    assert!(drill.card()["contradiction"].is_string(), "{:#}", drill.card());
    drill.left_nothing();
}
