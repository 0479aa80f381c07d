//! The front before upstreams other than the default one: started, seeded through, asked, ended, by the program itself.

use backburn::lab::{self, Lab, LabError, LabOptions, Silent, Upstream};

use crate::binary::{Desk, wait_for};
use crate::support;

/// A lab with a front, ended with this process, whose home is the desk's.
fn up(upstream: Upstream) -> Result<(Desk, Lab), LabError> {
    let desk = Desk::at("http://127.0.0.1:1", lab::ACCESS_KEY_ID);
    let home = desk.path("home").join("lab");
    let options = LabOptions { upstream, home, ..support::fronted() };
    let lab = wait_for(lab::up(&options, &Silent))?;
    Ok((desk, lab))
}

fn program(desk: &Desk, args: &[&str]) -> String {
    let mut command = desk.command(args);
    let done = command.env("BACKBURN_CACHE", support::cache()).output().expect("it starts");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "backburn {args:?}\n{text}\n{errors}");
    text
}

/// One way through a lab that runs: seeded, passed through, stood in for, ended.
fn lived(desk: &Desk, lab: &Lab, upstream: &str) {
    let front = lab.front.as_ref().expect("a front");
    assert_ne!(lab.endpoint, front.upstream);
    let seeded = program(desk, &["lab", "up", "--upstream", upstream]);
    assert!(seeded.contains("leaked key"), "{seeded}");
    let told = program(desk, &["lab", "status"]);
    for sentence in [&lab.endpoint, &front.upstream, "stands in for fis", "stands in for backup"] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    wait_for(async {
        let config = lab.sdk_config(lab::ACCESS_KEY_ID);
        // Through: what the seed made through the front is in the upstream.
        let past = Lab { endpoint: front.upstream.clone(), ..lab.clone() };
        let past = aws_sdk_iam::Client::new(&past.sdk_config(lab::ACCESS_KEY_ID));
        let found = past.list_users().send().await.expect("answered");
        assert_eq!(found.users().len(), 2);
        // Answered by the front: no upstream has FIS.
        let fis = aws_sdk_fis::Client::new(&config);
        let actions = fis.list_actions().send().await.expect("answered");
        assert!(actions.actions().iter().any(|one| one.id() == Some("aws:ec2:stop-instances")));
        let events = aws_sdk_cloudtrail::Client::new(&config).lookup_events().send().await;
        assert!(!events.expect("answered").events().is_empty(), "the seed's calls");
    });
    program(desk, &["lab", "down"]);
    let closed =
        wait_for(aws_sdk_sts::Client::new(&lab.sdk_config("test")).get_caller_identity().send());
    assert!(closed.is_err(), "the front has ended");
}

#[test]
fn localstack() {
    match up(Upstream::LocalStack) {
        Ok((desk, lab)) => {
            let front = lab.front.as_ref().expect("a front");
            assert_eq!(front.passthrough, ["monitoring"], "it evaluates alarms itself");
            lived(&desk, &lab, "localstack");
        }
        Err(error @ (LabError::NoDocker { .. } | LabError::NoPython { .. })) => {
            eprintln!("skipped: {error}");
        }
        Err(error) => panic!("{:?}", miette::Report::new(error)),
    }
}

#[test]
fn ministack() {
    let (desk, lab) = up(Upstream::MiniStack).expect("up");
    lived(&desk, &lab, "ministack");
}

/// Started by someone else, as far as the lab knows.
#[test]
fn an_endpoint_by_url() {
    let theirs = support::options();
    let moto = wait_for(lab::up(&theirs, &Silent)).expect("a moto without a front");
    assert!(moto.front.is_none());
    let (desk, lab) = up(Upstream::Url(moto.endpoint.clone())).expect("up");
    lived(&desk, &lab, &moto.endpoint);
    let still = wait_for(lab::status(&theirs)).expect("asked");
    assert_eq!(still.map(|lab| lab.pid), Some(moto.pid), "it is not ended");
    assert!(wait_for(lab::down(&theirs, &Silent)).expect("down"));
}
