//! The value types of playbooks: AWS ids with checked forms, durations, and the types an input may have.
//! Owns forms only; whether an id exists is asked of AWS elsewhere.

mod aws;
mod duration;
mod format;
mod input_type;

pub use aws::*;
pub use duration::Duration;
pub use format::Format;
pub use input_type::InputType;
pub(crate) use input_type::describe as describe_json;

/// How a value that AWS has not assigned yet starts in a plan.
pub const PLACEHOLDER_PREFIX: &str = "(known after run";

/// Whether `text` stands for, or holds, a value that is only known after the run.
pub fn is_placeholder(text: &str) -> bool {
    text.contains(PLACEHOLDER_PREFIX)
}

/// A text that does not have the form of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {article} {name}, such as `{example}`", article = article(name))]
pub struct FormError {
    pub text: String,
    pub name: &'static str,
    pub example: &'static str,
}

pub(crate) fn article(name: &str) -> &'static str {
    if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_accept_their_example_and_placeholders_only() {
        for format in Format::ALL {
            assert_eq!(format.check(format.example()), Ok(()), "{}", format.name());
            assert_eq!(format.check("(known after run: step `x`)"), Ok(()));
            assert!(format.check("no such thing!").is_err(), "{}", format.name());
            assert_eq!(Format::parse(format.name()), Some(*format));
        }
    }

    #[test]
    fn ids_round_trip_and_refuse_by_type() {
        let id: InstanceId = serde_json::from_str("\"i-0123456789abcdef0\"").expect("a good id");
        assert_eq!(serde_json::to_string(&id).expect("json"), "\"i-0123456789abcdef0\"");
        let error =
            serde_json::from_str::<InstanceId>("\"vol-1\"").expect_err("a bad id").to_string();
        assert!(error.contains("`vol-1` is not an instance, such as `i-"), "{error}");
        assert!("(known after run)".parse::<SnapshotId>().expect("a placeholder").is_placeholder());
        let schema = serde_json::to_value(schemars::schema_for!(InstanceId)).expect("json");
        assert_eq!(schema["format"], "instance");
    }
}
