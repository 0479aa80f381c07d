//! Constraints of members as AWS words their violations.

use crate::AwsError;

/// Collects violations, so that one answer reports all of them.
#[derive(Default)]
pub(crate) struct Constraints(Vec<String>);

impl Constraints {
    pub(crate) fn required<'a, T>(&mut self, name: &str, value: &'a Option<T>) -> Option<&'a T> {
        if value.is_none() {
            self.0.push(format!(
                "Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ));
        }
        value.as_ref()
    }

    pub(crate) fn length(&mut self, name: &str, value: &str, from: usize, to: usize) {
        let length = value.chars().count();
        let bound = if length > to {
            format!("less than or equal to {to}")
        } else if length < from {
            format!("greater than or equal to {from}")
        } else {
            return;
        };
        let text = format!("Member must have length {bound}");
        self.0.push(format!("Value '{value}' at '{name}' failed to satisfy constraint: {text}"));
    }

    /// `[\S]+` and a length.
    pub(crate) fn word(&mut self, name: &str, value: &str, to: usize) {
        self.length(name, value, 0, to);
        if value.is_empty() || value.contains(char::is_whitespace) {
            self.0.push(format!(
                "Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\S]+"
            ));
        }
    }

    pub(crate) fn one_of(&mut self, name: &str, value: &str, known: &[&str]) {
        if !known.contains(&value) {
            self.0.push(format!(
                "Value '{value}' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                known.join(", ")
            ));
        }
    }

    pub(crate) fn range(&mut self, name: &str, value: i64, from: i64, to: i64) {
        let bound = if value > to {
            format!("less than or equal to {to}")
        } else if value < from {
            format!("greater than or equal to {from}")
        } else {
            return;
        };
        let text = format!("Member must have value {bound}");
        self.0.push(format!("Value '{value}' at '{name}' failed to satisfy constraint: {text}"));
    }

    pub(crate) fn tags(&mut self, tags: &super::Texts) {
        if tags.len() > 50 {
            self.0.push(
                "Value at 'tags' failed to satisfy constraint: Map must have length less than or equal to 50"
                    .into(),
            );
        }
        for (key, value) in tags {
            self.length("tags.key", key, 1, 128);
            self.length("tags.value", value, 0, 256);
        }
    }

    pub(crate) fn finish(self) -> Result<(), AwsError> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        let told = self.0.join("; ");
        Err(AwsError::validation(format!("{count} validation {errors} detected: {told}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_violations_are_told_at_once() {
        let mut constraints = Constraints::default();
        constraints.required::<u8>("actions", &None);
        constraints.length("description", &"x".repeat(513), 0, 512);
        let error = constraints.finish().expect_err("two");
        assert!(error.message.starts_with("2 validation errors detected: Value null at 'actions'"));
        assert!(error.message.ends_with("less than or equal to 512"));
        assert!(Constraints::default().finish().is_ok());
    }
}
