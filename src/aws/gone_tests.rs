//! Every kind of the registry when what it names is not there any more: a read says so, or that there is
//! nothing, and does not fail with anything that release would meet again and again.

use serde_json::Value;

use super::{
    belts::registry_tests::{Kind, settings},
    registry,
    replay::{Replay, aws},
};
use crate::engine::Class;

/// Kinds whose service has no code of its own for what is not there, or none that a canned answer can
/// give: what they answer then has a test beside them.
const OTHERWISE: &[&str] = &["sqs.queue", "cloudwatch.alarm"];

#[tokio::test]
async fn what_is_gone_reads_as_gone_or_absent() {
    let registry = registry();
    let (known, _) = registry.kinds();
    let listed = settings();
    for kind in &known {
        assert!(listed.iter().any(|(one, _)| one == kind), "`{kind}` is not listed");
    }
    let mut wrong = Vec::new();
    for (kind, what) in listed {
        let json = match what {
            Kind::Changes(targets, _) => targets[0].clone(),
            Kind::Makes(json) | Kind::Looks(json) => json,
        };
        let setting = registry.make(kind, &json).expect("a setting of the list");
        let aws = aws(&Replay::default().finding_nothing());
        let read = setting.read(&aws).await;
        let is_final = match &read {
            // Nothing is there, which is how it was before a run made it.
            Ok(value) => {
                value.is_null() || !value.is_object() || *value == Value::Object(Default::default())
            }
            Err(error) => error.class == Class::Gone,
        };
        if !is_final && !OTHERWISE.contains(&kind) {
            wrong.push(format!("{kind}: {read:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
