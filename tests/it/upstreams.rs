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
    // What goes to this machine passes no proxy: this one would answer nothing.
    let proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
    command.envs(proxies.map(|name| (name, "http://127.0.0.1:9")));
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
    if let Some(pid) = lab.pid {
        listens_here_only(pid);
    }
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

/// Every socket that processes of this group listen on is of this machine alone; proc_net_tcp(5), proc_pid_stat(5).
fn listens_here_only(group: u32) {
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if fields.split_whitespace().nth(2) != Some(group.to_string().as_str()) {
            continue;
        }
        for file in std::fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten() {
            let target = std::fs::read_link(file.path()).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            sockets.extend(inode.map(str::to_owned));
        }
    }
    let mut listening = 0;
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (address, remote, state) = (fields[1], fields[2], fields[3]);
            let open = state == "0A" || table.starts_with("udp") && remote.ends_with(":0000");
            if !open || !sockets.iter().any(|inode| inode == fields[9]) {
                continue;
            }
            let host = address.split(':').next().expect("an address");
            let here = [
                "0100007F",
                "00000000000000000000000001000000",
                "0000000000000000FFFF00000100007F",
            ];
            assert!(here.contains(&host), "{table} {address} is open to other machines");
            listening += 1;
        }
    }
    assert!(listening > 0, "nothing listens");
}

#[test]
fn moto() {
    let (desk, lab) = up(Upstream::Moto).expect("up");
    lived(&desk, &lab, "moto");
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
