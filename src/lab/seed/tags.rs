//! How the seed recognises what it has made: every resource carries `lab:seed` with its name.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use crate::lab::LabError;

pub(super) const SEED: &str = "lab:seed";
/// On what an incident is about and on its neighbours: `compromised` or `neighbour`.
pub(super) const DUTY: &str = "lab:role";
/// On a user: the access key id that the attacker has.
pub(super) const LEAKED_KEY: &str = "lab:leaked-key";

/// Finds what was seeded as `name`.
pub(super) fn seeded(name: &str) -> Filter {
    filter(&format!("tag:{SEED}"), [name])
}

pub(super) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// Tags of a new resource, for the creating call: created and tagged at once, or not at all.
pub(super) fn tagged(
    kind: ResourceType,
    name: &str,
    more: &BTreeMap<String, String>,
) -> TagSpecification {
    let own = [("Name", name), (SEED, name)];
    let more = more.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let tags = own
        .into_iter()
        .chain(more)
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    TagSpecification::builder().resource_type(kind).set_tags(Some(tags.collect())).build()
}

/// An SDK error as the lab's, with the cause that the SDK hides in its chain.
pub(super) fn failed<E, R>(step: impl Display) -> impl FnOnce(SdkError<E, R>) -> LabError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| LabError::Seed { step: step.to_string(), why: causes(&error) }
}

/// The error and what caused it, each text once; the debug form of an SDK error is pages of its insides.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        let text = error.to_string();
        if !texts.iter().any(|before| before.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// An answer without something that AWS always sends.
pub(super) fn missing(step: impl Display) -> LabError {
    LabError::Seed { step: step.to_string(), why: "the answer has no id".into() }
}

/// True for success, false when the service answers with `code` (it is there already, or is not there).
pub(super) fn unless<T, E, R>(
    code: &str,
    done: Result<T, SdkError<E, R>>,
    step: impl Display,
) -> Result<bool, LabError>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    match done {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some(code) => Ok(false),
        Err(error) => Err(failed(step)(error)),
    }
}
