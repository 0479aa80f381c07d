//! A playbook's text: parse, check, compile, lint, and everything that is drawn of it.

#![no_main]

mod catalogue;

use backburn::program;
use catalogue::{CATALOGUE, inside};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut checked = program::check("fuzz.yaml", text, &CATALOGUE);
    checked.lint(&CATALOGUE, false);
    inside(&checked.diagnostics, text);
    checked.render(false, 80);
    checked.to_json();
    if let Some(program) = &checked.program {
        program::dot(program);
        program::mermaid(program);
    }
});
