//! Names and tags of what a step makes for its run. Owns their form; what carries them is the actions'.

use std::collections::BTreeMap;

use crate::{
    aws::{Aws, owned::open},
    engine::{Step, StepError},
};

/// `backburn-RUN-STEP` in lower case, RUN being the last ten characters of the run's id, at most
/// `longest` characters of `a-z 0-9 -`: every service takes such a name.
pub(super) fn own(step: &Step<Aws>, longest: usize) -> String {
    name(step.run(), step.id(), longest)
}

fn name(run: &str, step: &str, longest: usize) -> String {
    let tail = run.get(run.len().saturating_sub(10)..).unwrap_or(run);
    let text = format!("backburn-{tail}-{step}").to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let text: String = text.chars().map(plain).take(longest).collect();
    text.trim_end_matches('-').into()
}

/// A name as later steps of a plan see it: known only after the run, so that they wait for what does
/// not exist yet instead of not finding it.
pub(super) fn shown(step: &Step<Aws>, name: &str) -> String {
    if step.planning() { open(name) } else { name.into() }
}

/// # Errors
/// [`StepError::Refused`] for a tag by which the program knows its own, or that AWS keeps for itself.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), StepError> {
    let reserved = |key: &&String| {
        let key = key.to_ascii_lowercase();
        key.starts_with("aws:") || ["backburn:run", "backburn:step"].contains(&key.as_str())
    };
    match tags.keys().find(reserved) {
        None => Ok(()),
        Some(key) => Err(StepError::Refused(format!(
            "tag `{key}` is not for playbooks to set; use another, such as `backburn:drill`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_every_service() {
        let run = "01JDXYZ0123456789ABCDEFGHJ";
        assert_eq!(name(run, "leaked-user", 64), "backburn-9abcdefghj-leaked-user");
        assert_eq!(name(run, "Role_a[3]", 64), "backburn-9abcdefghj-role-a-3");
        assert_eq!(name(run, &"x".repeat(99), 63).len(), 63);
        assert_eq!(name("01RUN", "s", 63), "backburn-01run-s");
    }

    #[test]
    fn tags_that_recognise_a_run_are_refused() {
        let tags = |key: &str| BTreeMap::from([(key.to_owned(), "x".to_owned())]);
        assert!(check_tags(&tags("backburn:drill")).is_ok());
        assert!(check_tags(&tags("Backburn:Run")).is_err() && check_tags(&tags("aws:x")).is_err());
    }
}
