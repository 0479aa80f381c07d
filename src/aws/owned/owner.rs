//! Whose a thing is that a run made: the tags of its creating call and their comparison. For
//! services whose tag values take fewer characters than EC2's.

use crate::aws::owned::{RUN_TAG, STEP_TAG};

/// The run and step that make a thing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Owner {
    pub run: String,
    pub step: String,
}

impl Owner {
    /// Key and value of each tag. The id of a for-each's item, `watch[3]`, has brackets, which
    /// most services do not take: it is tagged `watch.3`.
    pub(crate) fn tags(&self) -> [(&'static str, String); 2] {
        let step = self.step.replace('[', ".").replace(']', "");
        [(RUN_TAG, self.run.clone()), (STEP_TAG, step)]
    }

    /// Whether a thing that has `tags` is this step's.
    pub(crate) fn made<'a>(&self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
        let have: Vec<_> = tags.into_iter().collect();
        self.tags().iter().all(|(key, value)| have.contains(&(key, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_the_steps_own_by_both_tags() {
        let owner = Owner { run: "RUN".into(), step: "watch[3]".into() };
        assert!(owner.made([("Name", "x"), (STEP_TAG, "watch.3"), (RUN_TAG, "RUN")]));
        assert!(!owner.made([(STEP_TAG, "watch.2"), (RUN_TAG, "RUN")]));
        assert!(!owner.made([(STEP_TAG, "watch.3"), (RUN_TAG, "OTHER")]));
        assert!(!owner.made([]));
    }
}
