//! The tags by which something that a step built is found again, and the removal of what AWS still
//! counts as used. Owns both; which call makes or removes a thing is its setting's.

use std::{collections::BTreeMap, future::Future, time::Duration};

use aws_sdk_ec2::types;
use tokio::time::{Instant, sleep};

use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG, TOKEN_TAG},
};

/// Interfaces of terminated instances linger for minutes and hold their subnet and groups.
const LINGERS: Duration = Duration::from_mins(5);

/// Marks one thing as made by one step: the tags of its creating call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub run: String,
    pub step: String,
    /// Unique for its kind within the run. Also the tag `Name`, unless `tags` has one.
    pub name: String,
    /// Further tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Mark {
    /// Tags for the creating call.
    pub(super) fn specification(&self, kind: types::ResourceType) -> types::TagSpecification {
        let tag =
            |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
        let all = self.all();
        types::TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(all.iter().map(tag).collect()))
            .build()
    }

    /// Further tags first, so that none of them stands in for what a thing is found by.
    fn all(&self) -> BTreeMap<String, String> {
        let mut all = self.tags.clone();
        all.entry("Name".into()).or_insert_with(|| self.name.clone());
        let own = [(RUN_TAG, &self.run), (STEP_TAG, &self.step), (TOKEN_TAG, &self.name)];
        all.extend(own.map(|(key, value)| (key.to_owned(), value.clone())));
        all
    }

    /// What the run made. Which of that is this one is told by [`Mark::is_on`]: a name has the id of its
    /// step, and `launch[3]` is a pattern to some endpoints.
    pub(super) fn filters(&self) -> Vec<types::Filter> {
        vec![types::Filter::builder().name(format!("tag:{RUN_TAG}")).values(&self.run).build()]
    }

    /// Whether a thing of the run with these tags is this one.
    pub(super) fn is_on(&self, tags: &[types::Tag]) -> bool {
        tags.iter().any(|tag| tag.key() == Some(TOKEN_TAG) && tag.value() == Some(&self.name))
    }
}

/// Calls until the thing is gone, as long as AWS answers that something else still uses it.
pub(super) async fn remove<S>(mut delete: impl FnMut() -> S) -> Result<(), CallError>
where
    S: Future<Output = Result<(), CallError>> + Send,
{
    let (started, mut pause) = (Instant::now(), Duration::from_millis(500));
    loop {
        match delete().await.done_if_gone() {
            Err(e) if is_in_use(&e) && started.elapsed() < LINGERS => {
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            other => return other,
        }
    }
}

fn is_in_use(error: &CallError) -> bool {
    matches!(
        error.code.as_deref(),
        Some("DependencyViolation" | "VolumeInUse" | "IncorrectState" | "IncorrectInstanceState")
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn own_tags_cannot_be_given_away() {
        let tags = BTreeMap::from([
            (RUN_TAG.to_owned(), "theirs".to_owned()),
            ("Name".to_owned(), "canary".to_owned()),
        ]);
        let mark = Mark { run: "01RUN".into(), step: "a".into(), name: "backburn-x".into(), tags };
        let all = mark.all();
        assert_eq!(all[RUN_TAG], "01RUN");
        assert_eq!(all["Name"], "canary");
        assert_eq!(all[TOKEN_TAG], "backburn-x");
    }

    /// Some endpoints take `[3]` in a filter for a pattern, so the id of an item is never in one.
    #[test]
    fn an_item_of_a_for_each_is_told_apart_without_a_filter() {
        let mark = |name: &str| Mark {
            run: "01RUN".into(),
            step: "launch[3]".into(),
            name: name.into(),
            tags: BTreeMap::new(),
        };
        let asked: Vec<_> = mark("backburn-x-launch[3]").filters();
        assert!(asked.iter().all(|one| one.values().iter().all(|value| !value.contains('['))));
        let tag = types::Tag::builder().key(TOKEN_TAG).value("backburn-x-launch[3]").build();
        assert!(mark("backburn-x-launch[3]").is_on(std::slice::from_ref(&tag)));
        assert!(!mark("backburn-x-launch[4]").is_on(&[tag]));
    }

    #[tokio::test]
    async fn what_is_still_in_use_is_removed_later() {
        let calls = AtomicU32::new(0);
        let delete = || async {
            let code = match calls.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Some("DependencyViolation".into()),
                _ => return Ok(()),
            };
            Err(CallError { code, ..CallError::local("ec2:DeleteVpc", Class::Unknown, "in use") })
        };
        assert_eq!(remove(delete).await, Ok(()));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
        let denied = || async { Err(CallError::local("ec2:DeleteVpc", Class::Denied, "no")) };
        assert_eq!(remove(denied).await.map_err(|e| e.class), Err(Class::Denied));
    }
}
