//! The whole of `ec2-compromise` on LocalStack in host mode, where a Python for it exists: the name
//! that users know, and another server than the one that all other tests run on.

use backburn::lab::{self, LabError, LabOptions, Silent, Upstream};

use crate::accounts::{differences, without_retained};
use crate::binary::{Desk, RUN, wait_for};
use crate::playbooks::{compromised, isolated};
use crate::support;

#[test]
fn ec2_compromise_is_run_and_released() {
    let options = LabOptions { upstream: Upstream::LocalStack, ..support::options() };
    let lab = match wait_for(lab::up(&options, &Silent)) {
        Ok(lab) => lab,
        Err(error @ (LabError::NoDocker { .. } | LabError::NoPython { .. })) => {
            eprintln!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{:?}", miette::Report::new(error)),
    };
    let account = "300000000001";
    let seed = wait_for(lab::seed::seed(&lab.sdk_config(account), &Silent)).expect("seeded");
    let desk = Desk::at(&lab.endpoint, account);
    let inputs = compromised(&seed);
    let mut given = vec!["playbooks/ec2-compromise.yaml", "-i", "disassociate-addresses=true"];
    given.extend(inputs.iter().flat_map(|input| ["-i", input.as_str()]));

    let before = desk.state();
    desk.ends(0, &[&["plan"], &given[..]].concat());
    assert_eq!(desk.state(), before);
    desk.ends(0, &[&["run"], &given[..], &RUN].concat());
    let now = desk.state();
    isolated(&seed, &now);
    assert_eq!(now["ec2"]["addresses"][&seed.elastic_ip]["associated"], false);
    desk.ends(0, &["release", "last", "--yes"]);
    let left = differences(&without_retained(&before), &without_retained(&desk.state()));
    assert_eq!(left, "");
    desk.ends(0, &["runs", "verify", "last"]);
    wait_for(lab::down(&options, &Silent)).expect("ended");
}
