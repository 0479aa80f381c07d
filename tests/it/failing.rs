//! A failing step whose playbook asks for release, and a sensitive input: what was taken is given
//! back at once, and the value is in no file of the run and on no stream.

use crate::binary::Desk;

const PLAYBOOK: &str = "\
playbook: failing
title: A step that fails
version: 1.0.0
severity: low
inputs:
  instance:
    type: instance
    description: the instance to tag
  secret:
    type: string
    sensitive: true
    description: nothing to see here
steps:
  tag:
    uses: ec2.tag-resource
    with:
      resource: ${{ inputs.instance }}
      tags:
        note: contained
  fail:
    needs: [tag]
    uses: core.assert
    on-failure: release
    with:
      # True in the plan, which does not know yet when the run starts.
      that: ${{ 'known after run' in run.started }}
      message: as arranged with ${{ inputs.secret }}
  after:
    needs: [fail]
    uses: core.wait
    with:
      duration: 0s
";

#[test]
fn it_is_released_and_keeps_the_secret() {
    let (desk, seed) = Desk::seeded();
    let file = desk.path("failing.yaml");
    std::fs::write(&file, PLAYBOOK).expect("written");
    let file = file.display().to_string();
    let instance = format!("instance={}", seed.instance);
    let before = desk.state();
    let args = ["run", &file, "-i", &instance, "-i", "secret=hunter-2-hunter", "--yes"];
    let ended = desk.ends(5, &args);
    assert_eq!(desk.state(), before);
    assert!(ended.out.contains("as arranged"), "{}", ended.out);
    assert!(ended.out.contains("1 given back"), "{}", ended.out);
    let steps: Vec<_> = desk.outputs().keys().cloned().collect();
    assert_eq!(steps, ["tag"], "nothing ran after the failure");

    let mut said = ended.out + &ended.err;
    for file in std::fs::read_dir(desk.run_dir()).expect("a run") {
        said += &std::fs::read_to_string(file.expect("an entry").path()).unwrap_or_default();
    }
    assert!(said.contains("(sensitive)"));
    assert!(!said.contains("hunter-2-hunter"), "{said}");
    desk.ends(4, &["resume", "last", "-i", "secret=hunter-2-hunter"]);
}
