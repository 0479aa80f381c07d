//! Which run denies a user already, by the name of its inline or attached policy. Owns that read.

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    /// The first run, other than `except`, whose policy `backburn-RUN-...` the user has.
    pub struct DeniedBy {
        pub user: String,
        pub except: String,
    }
    // A run's id.
    "iam.denied-by" = Option<String>, target "{user}";
    reads [LIST_USER_POLICIES, LIST_ATTACHED_USER_POLICIES.at(USERS)];
}

impl Fact<Aws> for DeniedBy {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let call = aws.iam().list_user_policies().user_name(&self.user);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_USER_POLICIES, page).all().await?;
        let mut names: Vec<_> = pages.into_iter().flat_map(|page| page.policy_names).collect();
        let call = aws.iam().list_attached_user_policies().user_name(&self.user);
        let page = |marker| call.clone().set_marker(marker).send();
        let pages = Pages::new(LIST_ATTACHED_USER_POLICIES, page).all().await?;
        let attached =
            pages.into_iter().flat_map(|page| page.attached_policies.unwrap_or_default());
        names.extend(attached.filter_map(|policy| policy.policy_name));
        let mut runs = names.iter().filter_map(|name| run_of(name));
        Ok(runs.find(|run| *run != self.except).map(str::to_owned))
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
        let none = "<ListAttachedUserPoliciesResponse><ListAttachedUserPoliciesResult><IsTruncated>false</IsTruncated></ListAttachedUserPoliciesResult></ListAttachedUserPoliciesResponse>";
        let replay =
            Replay::default().xml("ListUserPolicies", &names).xml("ListAttachedUserPolicies", none);
        let aws = aws(&replay);
        let of = |except: &str| DeniedBy { user: "bob".into(), except: except.into() };
        assert_eq!(of("01OTHER").read(&aws).await, Ok(Some(run.into())));
        assert_eq!(of(run).read(&aws).await, Ok(None));
    }

    /// A deny that found no room among the inline policies.
    #[tokio::test]
    async fn an_attached_deny_counts_too() {
        let run = "01M86WW13ESSNB021VBEDMY1CA";
        let attached = format!(
            "<ListAttachedUserPoliciesResponse><ListAttachedUserPoliciesResult><IsTruncated>false</IsTruncated><AttachedPolicies><member><PolicyName>backburn-{run}-0a1b2c3d</PolicyName></member></AttachedPolicies></ListAttachedUserPoliciesResult></ListAttachedUserPoliciesResponse>"
        );
        let none = "<ListUserPoliciesResponse><ListUserPoliciesResult><IsTruncated>false</IsTruncated><PolicyNames/></ListUserPoliciesResult></ListUserPoliciesResponse>";
        let replay = Replay::default()
            .xml("ListUserPolicies", none)
            .xml("ListAttachedUserPolicies", &attached);
        let fact = DeniedBy { user: "bob".into(), except: "01OTHER".into() };
        assert_eq!(fact.read(&aws(&replay)).await, Ok(Some(run.into())));
    }
}
