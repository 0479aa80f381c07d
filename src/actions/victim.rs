//! What an attack step of a drill may touch. Owns the check that every attack action makes first: the
//! resource is this run's own, or carries the tag that the step requires.

use std::collections::BTreeMap;

use crate::engine::StepError;

/// The tag by which the program knows what a run made.
const RUN: &str = "backburn:run";

/// # Errors
/// [`StepError::Refused`] when `tags` have neither this run's tag nor `required` (`key=value`).
pub(super) fn check(
    what: &str,
    tags: &BTreeMap<String, String>,
    run: &str,
    required: Option<&str>,
) -> Result<(), StepError> {
    if tags.get(RUN).is_some_and(|made_by| made_by == run) {
        return Ok(());
    }
    let Some(required) = required else {
        return Err(StepError::Refused(format!(
            "{what} was not made by this run; an attack step hits what its drill made, or what carries the tag in `required-tag`"
        )));
    };
    let Some((key, value)) = required.split_once('=') else {
        let text = format!("`required-tag` is `{required}`, which is no `key=value`");
        return Err(StepError::Refused(text));
    };
    if tags.get(key).is_some_and(|have| have == value) {
        return Ok(());
    }
    Err(StepError::Refused(format!(
        "{what} has no tag `{required}`, so it is no target of a drill"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runs_own_and_what_is_tagged_for_drills_is_hit() {
        let tags = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        assert!(check("b", &tags(RUN, "01RUN"), "01RUN", None).is_ok());
        assert!(check("b", &tags(RUN, "01OTHER"), "01RUN", None).is_err());
        assert!(check("b", &tags("drill", "yes"), "01RUN", Some("drill=yes")).is_ok());
        assert!(check("b", &tags("drill", "no"), "01RUN", Some("drill=yes")).is_err());
        assert!(check("b", &BTreeMap::new(), "01RUN", Some("drill")).is_err());
    }
}
