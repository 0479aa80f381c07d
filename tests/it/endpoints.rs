//! What is AWS and what is not, service by service; whose keys a profile brings; proxies and certificates. With the
//! real binary, whose answers come from the lab.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::binary::{Desk, Ended, LEAK};
use crate::playbooks::compromised;
use crate::support;

const COMPROMISE: &str = "playbooks/ec2-compromise.yaml";
/// Of an instance that is not there: what is looked at comes before it.
const PLAN: [&str; 6] = ["plan", COMPROMISE, "-i", "instance=i-0123456789abcdef0", "-i", "case=1"];

fn ended(command: &mut Command) -> Ended {
    let done = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

fn plan(inputs: &[String]) -> Vec<&str> {
    let given = inputs.iter().flat_map(|input| ["-i", input.as_str()]);
    ["plan", COMPROMISE].into_iter().chain(given).collect()
}

/// Each service's own variable and none for all: DryRun means nothing to the lab, which would stop the instance.
#[test]
fn a_plan_writes_nothing_where_only_the_services_have_endpoints() {
    let (desk, seed) = Desk::seeded();
    let inputs = compromised(&seed);
    let before = desk.state();
    let services = ["EC2", "IAM", "STS", "S3", "SSM", "CLOUDTRAIL", "FIS", "EBS", "GUARDDUTY"];
    let with = |services: &[&str]| {
        let mut command = desk.command(&plan(&inputs));
        command.env_remove("AWS_ENDPOINT_URL");
        for service in services {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &desk.endpoint);
        }
        ended(&mut command)
    };
    let planned = with(&services);
    assert_eq!(planned.code, Some(0), "{}\n{}", planned.out, planned.err);
    assert!(planned.out.contains("(a local endpoint, not AWS)"), "{}", planned.out);
    assert_eq!(desk.state(), before, "a plan writes nothing");

    // The same from the `services` section of a profile.
    let section: String = services
        .iter()
        .map(|name| format!("{} =\n  endpoint_url = {}\n", name.to_lowercase(), desk.endpoint))
        .collect();
    let config = desk.path("aws-config");
    let text = format!("[default]\nservices = lab\n\n[services lab]\n{section}");
    std::fs::write(&config, text).expect("written");
    let mut command = desk.command(&plan(&inputs));
    command.env_remove("AWS_ENDPOINT_URL").env("AWS_CONFIG_FILE", &config);
    let planned = ended(&mut command);
    assert_eq!(planned.code, Some(0), "{}\n{}", planned.out, planned.err);
    assert!(planned.out.contains("(a local endpoint, not AWS)"), "{}", planned.out);
    assert_eq!(desk.state(), before, "a plan writes nothing");
}

/// A proxy that takes connections, remembers what they ask for, and answers nothing.
struct Proxy {
    url: String,
    asked: Arc<Mutex<String>>,
    count: Arc<AtomicUsize>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (asked, count) = (Arc::new(Mutex::new(String::new())), Arc::new(AtomicUsize::new(0)));
        let (kept, counted) = (asked.clone(), count.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                counted.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 4096];
                let read = stream.read(&mut bytes).unwrap_or(0);
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                kept.lock().expect("whole").push_str(text.lines().next().unwrap_or_default());
            }
        });
        Self { url, asked, count }
    }

    fn on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
        command.envs(names.map(|name| (name, &self.url)))
    }
}

/// The mirror: all in the lab, but one service at AWS. It is neither "in the lab" nor local; AWS is reached through the
/// proxy and the lab past it.
#[test]
fn one_service_at_aws_makes_a_plan_not_local() {
    let (desk, seed) = Desk::seeded();
    let proxy = Proxy::start();
    let inputs = compromised(&seed);
    let mut command = desk.command(&plan(&inputs));
    command.env("AWS_ENDPOINT_URL_EC2", "https://ec2.us-east-1.amazonaws.com");
    command.env("AWS_MAX_ATTEMPTS", "1");
    let planned = ended(proxy.on(&mut command));
    assert!(!planned.out.contains("a local endpoint, not AWS"), "{}", planned.out);
    assert!(!planned.out.contains("lab       "), "{}", planned.out);
    assert!(
        planned.out.contains("https://ec2.us-east-1.amazonaws.com for ec2"),
        "{}\n{}",
        planned.out,
        planned.err
    );
    assert!(planned.out.contains(&format!("{} for ", desk.endpoint)), "{}", planned.out);
    let asked = proxy.asked.lock().expect("whole").clone();
    assert!(asked.contains("CONNECT ec2.us-east-1.amazonaws.com:443"), "{asked}");
    assert!(!asked.contains("127.0.0.1"), "the lab is not asked for through it: {asked}");
}

#[test]
fn what_goes_to_this_machine_passes_no_proxy() {
    let (desk, seed) = Desk::seeded();
    let proxy = Proxy::start();
    let inputs = compromised(&seed);
    let planned = ended(proxy.on(&mut desk.command(&plan(&inputs))));
    assert_eq!(planned.code, Some(0), "{}\n{}", planned.out, planned.err);
    assert_eq!(proxy.count.load(Ordering::SeqCst), 0);
}

#[test]
fn hosts_of_customers_are_refused_before_anything_is_sent() {
    let desk = Desk::new();
    for host in
        ["ec2-203-0-113-25.compute-1.amazonaws.com", "a.execute-api.us-east-1.amazonaws.com"]
    {
        let mut command = desk.command(&["plan", "playbooks/iam-key-leak.yaml", "-i", "user=x"]);
        command.env("AWS_ENDPOINT_URL_EC2", format!("https://{host}"));
        let refused = ended(command.args(["-i", "access-key=AKIAIOSFODNN7EXAMPLE"]));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(
            refused.err.contains(host) && refused.err.contains("neither AWS nor"),
            "{refused:?}"
        );
    }
}

/// Profiles in the home's own files, beside keys in the environment.
fn profiles(desk: &Desk, text: &str) {
    std::fs::create_dir_all(desk.path(".aws")).expect("made");
    std::fs::write(desk.path(".aws/config"), text).expect("written");
}

#[test]
fn a_profile_that_is_named_goes_before_the_environment() {
    let (desk, _) = Desk::seeded();
    let theirs = support::lab().account();
    let endpoint = &desk.endpoint;
    profiles(
        &desk,
        &format!(
            "[profile ir]\naws_access_key_id = {theirs}\naws_secret_access_key = test\nregion = eu-west-1\nendpoint_url = {endpoint}\n"
        ),
    );
    let shown = |edit: &dyn Fn(&mut Command)| {
        let mut command = desk.command(&LEAK);
        edit(&mut command);
        let done = ended(&mut command);
        done.out + &done.err
    };
    let named = shown(&|command| {
        command.args(["--profile", "ir"]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    });
    assert!(named.contains(&format!("account   {theirs} in eu-west-1")), "{named}");
    // `AWS_PROFILE` is the SDK's own: keys in the environment go before it.
    let by_environment = shown(&|command| {
        command.env("AWS_PROFILE", "ir");
    });
    assert!(by_environment.contains(&format!("account   {} in", desk.account)), "{by_environment}");
}

#[test]
fn an_unknown_profile_is_refused_with_those_there_are() {
    let desk = Desk::new();
    profiles(&desk, "[profile ir]\nregion = eu-west-1\n[profile audit]\nregion = eu-west-1\n");
    let refused = desk.ends(2, &[&PLAN[..], &["--profile", "typo"]].concat());
    assert!(refused.err.contains("no profile `typo`"), "{}", refused.err);
    assert!(refused.err.contains("audit, ir"), "{}", refused.err);
}

/// Nobody can be asked for the code here; `terminal.rs` has the one who can.
#[test]
fn a_profile_that_wants_a_code_says_what_to_do() {
    let desk = Desk::new();
    let account = &desk.account;
    profiles(
        &desk,
        &format!(
            "[profile base]\naws_access_key_id = {account}\naws_secret_access_key = test\n[profile ir]\nrole_arn = arn:aws:iam::{account}:role/ir\nsource_profile = base\nmfa_serial = arn:aws:iam::{account}:mfa/anna\n"
        ),
    );
    let refused = desk.ends(2, &[&PLAN[..], &["--profile", "ir"]].concat());
    for said in ["wants the code", "mfa/anna", "run it on a terminal", "get-session-token"] {
        assert!(refused.err.contains(said), "{said}: {}", refused.err);
    }
}

/// With the authority of the bundle the endpoint is trusted; without it, nothing is sent there.
#[test]
fn the_authority_of_a_bundle_is_trusted() {
    let (desk, seed) = Desk::seeded();
    let python = support::lab().lab.python.as_ref().expect("the lab installed its upstream");
    let folder = desk.path("tls");
    std::fs::create_dir(&folder).expect("a folder");
    let beyond = desk.endpoint.trim_start_matches("http://");
    let mut server = Command::new(python)
        .arg(crate::binary::root().join("tests/support/tls.py"))
        .args([folder.as_os_str(), beyond.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("a pipe")).read_line(&mut port).expect("a port");
    let inputs = compromised(&seed);
    let run = |bundle: Option<&Path>| {
        let mut command = desk.command(&plan(&inputs));
        command.env("AWS_ENDPOINT_URL", format!("https://127.0.0.1:{}", port.trim()));
        bundle.map(|bundle| command.env("AWS_CA_BUNDLE", bundle));
        ended(&mut command)
    };
    let (with, without) = (run(Some(&folder.join("ca.pem"))), run(None));
    drop(server.stdin.take());
    server.wait().expect("it ends");
    assert_eq!(with.code, Some(0), "{with:?}");
    assert!(with.out.contains("(a local endpoint, not AWS)"), "{}", with.out);
    assert_ne!(without.code, Some(0), "{without:?}");
    for said in ["invalid peer certificate", "nothing was sent", "`AWS_CA_BUNDLE`"] {
        assert!(without.err.contains(said), "{without:?}");
    }
}

#[test]
fn a_certificate_bundle_that_cannot_be_used_is_refused() {
    let desk = Desk::new();
    let run = |bundle: &str| {
        let mut command = desk.command(&PLAN);
        ended(command.env("AWS_CA_BUNDLE", bundle))
    };
    let missing = run("/nonexistent/bundle.pem");
    assert_eq!(missing.code, Some(2), "{missing:?}");
    assert!(
        missing.err.contains("AWS_CA_BUNDLE") && missing.err.contains("cannot be read"),
        "{missing:?}"
    );
    let none = desk.path("empty.pem");
    std::fs::write(&none, "").expect("written");
    let none = run(&none.display().to_string());
    assert!(none.err.contains("holds no certificate"), "{none:?}");
}
