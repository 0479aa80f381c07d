//! A `backburn.toml`, parsed and checked, with its mistakes shown.

#![no_main]

mod catalogue;

use catalogue::inside;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let checked = backburn::fuzzing::config("backburn.toml".as_ref(), text);
    inside(&checked.diagnostics, text);
    checked.render(false, 80);
    checked.to_json();
});
