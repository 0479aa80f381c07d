//! `iam.try-key` by the real binary in the lab: a leaked key that still works, then one that is refused. Its secret is in
//! nothing that the program prints or keeps.

use crate::binary::{Desk, wait_for};
use crate::support;

const PLAYBOOK: &str = "
playbook: try-key
title: What a leaked key can still do
version: 1.0.0
severity: high
roles:
  responder: { duty: runs this playbook }
inputs:
  access-key: { type: access-key }
  secret-key: { type: string, sensitive: true }
steps:
  try-it:
    uses: iam.try-key
    owner: responder
    with:
      access-key: ${{ inputs.access-key }}
      secret-key: ${{ inputs.secret-key }}
      calls: [iam:ListUsers]
      within: 8s
";

/// Every file below a folder that holds this text.
fn holding(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).contains(text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_leaked_key_is_tried_and_its_secret_is_kept_nowhere() {
    let (desk, _) = Desk::seeded();
    let iam = aws_sdk_iam::Client::new(&support::lab().lab.sdk_config(&desk.account));
    let (key, secret) = wait_for(async {
        iam.create_user().user_name("leaky").send().await.expect("a user");
        let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}]}"#;
        let call = iam.put_user_policy().user_name("leaky").policy_name("work");
        call.policy_document(allow).send().await.expect("a policy");
        let made = iam.create_access_key().user_name("leaky").send().await.expect("a key");
        let made = made.access_key.expect("a key");
        (made.access_key_id, made.secret_access_key)
    });
    let file = desk.path("try-key.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let (file, id) = (file.display().to_string(), format!("access-key={key}"));
    let run = |code: i32| {
        let args = ["run", &file, "--yes", "-i", &id, "-i", "secret-key=env:LEAKED_SECRET", "-v"];
        let done = desk.command(&args).env("LEAKED_SECRET", &secret).output().expect("it starts");
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(done.status.code(), Some(code), "{said}");
        said
    };
    let open = run(6);
    assert!(open.contains(&format!("`iam:ListUsers` as `access key {key}` still works")), "{open}");
    wait_for(async {
        let call = iam.update_access_key().user_name("leaky").access_key_id(&key);
        call.status(aws_sdk_iam::types::StatusType::Inactive).send().await.expect("inactive");
    });
    let refused = run(0);
    assert!(refused.contains("proven") && refused.contains(&key), "{refused}");
    let shown = desk.ends(0, &["runs", "show", "last"]).out;
    for said in [&open, &refused, &shown] {
        assert!(!said.contains(&secret), "{said}");
    }
    assert_eq!(holding(&desk.path(""), &secret), Vec::<String>::new());
}
