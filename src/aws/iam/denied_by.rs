//! Which run denies a user already, by the name of its inline policy. Owns that read.

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// The first run, other than `except`, whose inline policy `backburn-RUN-STEP` the user has.
    pub struct DeniedBy {
        pub user: String,
        pub except: String,
    }
    // A run's id.
    "iam.denied-by" = Option<String>, target "{user}";
    reads [LIST_USER_POLICIES];
}

impl Fact<Aws> for DeniedBy {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let pages = aws.iam().list_user_policies().user_name(&self.user).into_paginator();
        let mut names = pages.items().send();
        while let Some(name) = names.next().await {
            let name = name.by(LIST_USER_POLICIES)?;
            if let Some(run) = run_of(&name).filter(|run| *run != self.except) {
                return Ok(Some(run.to_owned()));
            }
        }
        Ok(None)
    }
}

fn run_of(policy: &str) -> Option<&str> {
    let run = policy.strip_prefix("backburn-")?.get(..26)?;
    ulid::Ulid::from_string(run).ok().map(|_| run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    #[tokio::test]
    async fn only_the_deny_of_another_run_counts() {
        let run = "01M86WW13ESSNB021VBEDMY1CA";
        let names = format!(
            "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>false</IsTruncated><PolicyNames><member>deploy</member><member>backburn-notes</member><member>backburn-{run}-deny</member></PolicyNames></ListUserPoliciesResult></ListUserPoliciesResponse>"
        );
        let replay = Replay::default().xml("ListUserPolicies", &names);
        let aws = aws(&replay);
        let of = |except: &str| DeniedBy { user: "bob".into(), except: except.into() };
        assert_eq!(of("01OTHER").read(&aws).await, Ok(Some(run.into())));
        assert_eq!(of(run).read(&aws).await, Ok(None));
    }
}
