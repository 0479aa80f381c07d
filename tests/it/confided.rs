//! Sensitive inputs from where other users of the machine cannot see them: a file, the environment, the account.

use std::{io::Write, process::Stdio};

use crate::binary::Desk;
use crate::secrets::{HOST, PLAYBOOK, TOKEN, Watch};
use crate::support;

/// Read where it is kept, by the acting principal, and hidden like any other.
#[test]
fn a_secret_is_read_from_the_account() {
    const PUT: &str = "\
import boto3, json, sys
endpoint, account, token = sys.argv[1:]
of = lambda name: boto3.client(name, endpoint_url=endpoint, region_name='us-east-1',
                               aws_access_key_id=account, aws_secret_access_key='x')
of('ssm').put_parameter(Name='/ir/token', Value=token, Type='SecureString')
of('ssm').put_parameter(Name='/ir/both', Value=json.dumps({'token': token}), Type='SecureString')
of('secretsmanager').create_secret(Name='ir/token', SecretString=token)
";
    let (desk, seed) = Desk::seeded();
    let python = support::lab().lab.python.as_ref().expect("the lab installed its upstream");
    let mut put = std::process::Command::new(python);
    let done = put.args(["-c", PUT, &desk.endpoint, &desk.account, TOKEN]).output();
    let done = done.expect("python starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let file = desk.path("secrets.yaml");
    let text = PLAYBOOK.split("  ask:").next().expect("a part").replace("  host: {", "  # host: {");
    std::fs::write(&file, text).expect("written");
    let (file, instance) = (file.display().to_string(), format!("instance={}", seed.instance));
    let mut watch = Watch { desk, said: Vec::new() };
    let plain = format!("token={TOKEN}");
    let plan = ["plan", "--json", &file, "-i", &instance, "-i"];
    let hash = |watch: &mut Watch, token: &str| {
        let ended = watch.run(Some(0), &[&plan[..], &[token]].concat(), Some("trace"));
        let plan: serde_json::Value = serde_json::from_str(&ended.out).expect("a plan");
        (plan["sha256"].clone(), ended.err)
    };
    let (whole, _) = hash(&mut watch, &plain);
    for kept in ["ssm:/ir/token", "ssm:/ir/both#token", "secretsmanager:ir/token"] {
        let (same, said) = hash(&mut watch, &format!("token={kept}"));
        assert_eq!(same, whole, "{kept}");
        assert!(!said.contains("other users of this machine"), "{said}");
    }
    let kept = ["-i", "token=ssm:/ir/token"];
    watch.run(Some(0), &[&["run", &file, "-i", &instance, "--yes"][..], &kept].concat(), None);
    watch.run(Some(0), &[&["release", "last", "--yes"][..], &kept].concat(), None);
    let refused = ["plan", &file, "-i", &instance, "-i", "token=ssm:/ir/other"];
    let ended = watch.run(Some(4), &refused, None);
    assert!(ended.err.contains("sensitive input `token`: `ssm:/ir/other` cannot be read"));
    let ended = watch.run(Some(4), &[&plan[..], &["token=ssm:/ir/token#key"]].concat(), None);
    assert!(ended.err.contains("no JSON object with the key `key`"), "{}", ended.err);
    let ended = watch.run(Some(2), &["plan", &file, "-i", "instance=ssm:/ir/token"], None);
    assert!(ended.err.contains("is not sensitive"), "{}", ended.err);
    watch.is_clean();

    let of = |kept: &str| {
        let args = ["policy", &file, "-i", kept, "--account", "111122223333"];
        watch.desk.ends(0, &args).out
    };
    let parameter = of("token=ssm:/ir/token");
    assert!(parameter.contains(":parameter/ir/token\""), "{parameter}");
    assert!(!parameter.contains("secretsmanager"), "{parameter}");
    assert!(of("token=secretsmanager:ir/token").contains(":secret:ir/token-??????\""));
}

/// Where other users of the machine cannot see it.
#[test]
fn a_secret_is_read_from_a_file_or_the_environment() {
    let (desk, seed) = Desk::seeded();
    let file = desk.path("secrets.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let secret = desk.path("token");
    std::fs::write(&secret, format!("{TOKEN}\n")).expect("written");
    let (instance, token) = (format!("instance={}", seed.instance), format!("token={TOKEN}"));
    let at = format!("token=@{}", secret.display());
    let plan = |token: &str| {
        let mut command = desk.command(&["plan", "--json", &file, "-i", &instance, "-i", token]);
        command.args(["-i", "host=env:HIDDEN_HOST"]).env("HIDDEN_HOST", HOST);
        let done = command.output().expect("it starts");
        let plan: serde_json::Value = serde_json::from_slice(&done.stdout).expect("a plan");
        (plan["sha256"].clone(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (hash, said) = plan(&at);
    assert!(!said.contains("other users of this machine"), "{said}");
    let (same, said) = plan(&token);
    assert_eq!(hash, same);
    assert!(said.contains("other users of this machine can see `token` on the command line"));

    let instance_and_host = ["-i", &instance, "-i", "host=env:HIDDEN_HOST"];
    let mut command = desk.command(&["plan", "--json", &file, "-i", "token=@-"]);
    command.args(instance_and_host).env("HIDDEN_HOST", HOST);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut piped = command.spawn().expect("it starts");
    piped.stdin.take().expect("a pipe").write_all(format!("{TOKEN}\n").as_bytes()).expect("heard");
    let done = piped.wait_with_output().expect("it ends");
    let plan: serde_json::Value = serde_json::from_slice(&done.stdout).expect("a plan");
    assert_eq!(plan["sha256"], hash, "from standard input");
    assert!(!String::from_utf8_lossy(&done.stderr).contains("can see `token`"));
}
