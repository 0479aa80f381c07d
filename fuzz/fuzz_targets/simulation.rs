//! A simulation's text: what `drill run` does with it before it reaches an account. The playbooks
//! that it may name are the shipped ones; any other name gives its own text.

#![no_main]

mod catalogue;

use backburn::drill;
use catalogue::{CATALOGUE, inside};
use libfuzzer_sys::fuzz_target;

fn file(name: &str, text: &str) -> Result<String, String> {
    let name = name.rsplit('/').next().unwrap_or_default();
    Ok(match name {
        "ec2-compromise.yaml" => include_str!("../../playbooks/ec2-compromise.yaml"),
        "cloudtrail-tamper.yaml" => include_str!("../../playbooks/cloudtrail-tamper.yaml"),
        "ec2-crypto-mining.yaml" => include_str!("../../playbooks/ec2-crypto-mining.yaml"),
        "iam-key-leak.yaml" => include_str!("../../playbooks/iam-key-leak.yaml"),
        "" => return Err("there is no such file".into()),
        _ => text,
    }
    .to_owned())
}

fuzz_target!(|text: &str| {
    let _ = drill::is_simulation(text);
    let found = drill::check("fuzz.yaml", text, &CATALOGUE, &|name| file(name, text));
    inside(&found.checked.diagnostics, text);
    for checked in found.all() {
        checked.render(false, 80);
        checked.to_json();
    }
    if let Some(program) = &found.checked.program {
        backburn::program::mermaid(program);
    }
});
