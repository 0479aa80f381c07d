//! A plan file's bytes, as `run --plan` reads them: its hash, what stands against it, how it differs from another, and
//! what people are shown of it.

#![no_main]

use std::collections::BTreeSet;

use backburn::{
    program::planfile::PlanFile,
    report::{look::Look, plan},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(found) = serde_json::from_slice::<PlanFile>(bytes) else { return };
    let _ = (found.is_intact(), found.obstacles(), found.refused(), found.counts());
    let _ = found.age("2026-01-01T00:00:00Z".parse().expect("a time"));
    plan::plan(&found, &Look { color: false, width: 80 });
    let sealed = found.clone().sealed();
    assert!(sealed.is_intact());
    // Differences are told by place. No plan of the program has one twice in a step; a file may.
    let twice = sealed.steps.iter().any(|entry| {
        let places = entry.step.changes.iter().map(|change| &change.place);
        places.clone().collect::<BTreeSet<_>>().len() < places.count()
    });
    assert!(twice || sealed.differences(&sealed).is_empty(), "it differs from itself");
    let text = serde_json::to_vec(&sealed).expect("JSON");
    let again: PlanFile = serde_json::from_slice(&text).expect("its own form");
    assert!(again.is_intact(), "its hash does not survive a file");
});
