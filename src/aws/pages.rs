//! Listings that come in pages. Owns when one is at its end: an empty page with a token is not, and a
//! token that comes again is an error, since what such a listing leaves out is unknown.
//!
//! AWS fills pages as far as its own limits allow, so that a page may hold less than there is, or nothing:
//! <https://docs.aws.amazon.com/ebs/latest/APIReference/API_ListChangedBlocks.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>. The SDK's own paginators
//! end without an error when a token is repeated; only the readers of the crash matrix use them.

use std::{collections::HashMap, error::Error, future::Future};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::kit::By;
use crate::engine::{CallError, Class, Permission};

/// What a page says of the one after it.
pub(crate) enum After<T> {
    /// This was the last one.
    Nothing,
    Page(T),
    /// There is more, and nothing says how to ask for it.
    Lost,
}

/// One page of a listing.
pub(crate) trait Page {
    type Token: Clone + PartialEq;

    fn after(&self) -> After<Self::Token>;
}

/// The pages of one listing, read one by one: `while let Some(page) = pages.next().await? { .. }`.
pub(crate) struct Pages<T, F> {
    permission: Permission,
    /// Makes the call for the page of a token, or for the first.
    call: F,
    token: Option<T>,
    read: usize,
    /// A token of an earlier page, renewed at each power of two: finds a circle of any length.
    mark: Option<T>,
    ended: bool,
}

impl<T, F> Pages<T, F> {
    pub(crate) fn new<P, E, R>(permission: Permission, call: F) -> Self
    where
        P: Page<Token = T>,
        F: FnMut(Option<T>) -> R,
        R: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
    {
        Self { permission, call, token: None, read: 0, mark: None, ended: false }
    }

    /// Whether there is more than was read.
    pub(crate) fn has_more(&self) -> bool {
        !self.ended
    }

    /// # Errors
    /// The call's own; `Class::Unknown` where the listing cannot be read to its end.
    pub(crate) async fn next<P, E, R>(&mut self) -> Result<Option<P>, CallError>
    where
        P: Page<Token = T>,
        T: Clone + PartialEq,
        F: FnMut(Option<T>) -> R,
        R: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        if self.ended {
            return Ok(None);
        }
        // Whatever happens to this page, no page follows it unless it says so.
        self.ended = true;
        let page = (self.call)(self.token.clone()).await.by(self.permission)?;
        self.read += 1;
        match page.after() {
            After::Nothing => {}
            After::Page(token) if self.mark.as_ref() == Some(&token) => {
                return Err(self.incomplete("names a next page that it named before"));
            }
            After::Page(token) => {
                if self.read.is_power_of_two() {
                    self.mark = Some(token.clone());
                }
                self.token = Some(token);
                self.ended = false;
            }
            After::Lost => return Err(self.incomplete("says that there is more, but not where")),
        }
        Ok(Some(page))
    }

    /// Whether a page follows those that were read.
    pub(crate) fn more(&self) -> bool {
        !self.ended
    }

    /// All of them.
    ///
    /// # Errors
    /// As for [`Pages::next`].
    pub(crate) async fn all<P, E, R>(mut self) -> Result<Vec<P>, CallError>
    where
        P: Page<Token = T>,
        T: Clone + PartialEq,
        F: FnMut(Option<T>) -> R,
        R: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut found = Vec::new();
        while let Some(page) = self.next().await? {
            found.push(page);
        }
        Ok(found)
    }

    fn incomplete(&self, how: &str) -> CallError {
        let text = format!(
            "page {} of the answer {how}; what the listing leaves out is unknown, so nothing is concluded from it",
            self.read
        );
        CallError::local(self.permission.action, Class::Unknown, text)
    }
}

/// A token of a service that says nothing else about further pages. An empty one is none.
fn token(token: Option<&str>) -> After<String> {
    match token {
        None | Some("") => After::Nothing,
        Some(token) => After::Page(token.to_owned()),
    }
}

/// With a flag beside it that says whether there is more.
fn marked(is_truncated: bool, marker: Option<&str>) -> After<String> {
    match (is_truncated, token(marker)) {
        (false, _) => After::Nothing,
        (true, After::Nothing) => After::Lost,
        (true, more) => more,
    }
}

macro_rules! pages {
    ($($crate_name:ident { $($operation:ident $output:ident),* $(,)? } |$page:ident| $after:expr;)*) => {
        $($(
            impl Page for $crate_name::operation::$operation::$output {
                type Token = String;

                fn after(&self) -> After<String> {
                    let $page = self;
                    $after
                }
            }
        )*)*
    };
}

pages! {
    aws_sdk_backup {
        list_backup_jobs ListBackupJobsOutput,
        list_backup_vaults ListBackupVaultsOutput,
        list_recovery_points_by_backup_vault ListRecoveryPointsByBackupVaultOutput,
        list_restore_jobs ListRestoreJobsOutput,
        list_tags ListTagsOutput,
    } |page| token(page.next_token());
    aws_sdk_cloudtrail {
        list_tags ListTagsOutput,
        lookup_events LookupEventsOutput,
    } |page| token(page.next_token());
    aws_sdk_cloudwatch {
        describe_alarm_history DescribeAlarmHistoryOutput,
        describe_alarms DescribeAlarmsOutput,
    } |page| token(page.next_token());
    aws_sdk_dynamodb {
        list_tags_of_resource ListTagsOfResourceOutput,
    } |page| token(page.next_token());
    aws_sdk_ebs {
        list_changed_blocks ListChangedBlocksOutput,
        list_snapshot_blocks ListSnapshotBlocksOutput,
    } |page| token(page.next_token());
    aws_sdk_ec2 {
        describe_iam_instance_profile_associations DescribeIamInstanceProfileAssociationsOutput,
        describe_images DescribeImagesOutput,
        describe_instances DescribeInstancesOutput,
        describe_network_acls DescribeNetworkAclsOutput,
        describe_network_interfaces DescribeNetworkInterfacesOutput,
        describe_route_tables DescribeRouteTablesOutput,
        describe_security_groups DescribeSecurityGroupsOutput,
        describe_snapshots DescribeSnapshotsOutput,
        describe_subnets DescribeSubnetsOutput,
        describe_tags DescribeTagsOutput,
        describe_trunk_interface_associations DescribeTrunkInterfaceAssociationsOutput,
        describe_volumes DescribeVolumesOutput,
        describe_vpc_endpoints DescribeVpcEndpointsOutput,
        describe_vpcs DescribeVpcsOutput,
    } |page| token(page.next_token());
    aws_sdk_eventbridge {
        list_targets_by_rule ListTargetsByRuleOutput,
    } |page| token(page.next_token());
    aws_sdk_fis {
        list_experiment_templates ListExperimentTemplatesOutput,
        list_experiment_resolved_targets ListExperimentResolvedTargetsOutput,
        list_experiments ListExperimentsOutput,
    } |page| token(page.next_token());
    aws_sdk_guardduty {
        list_detectors ListDetectorsOutput,
        list_findings ListFindingsOutput,
    } |page| token(page.next_token());
    aws_sdk_iam {
        list_access_keys ListAccessKeysOutput,
        list_attached_group_policies ListAttachedGroupPoliciesOutput,
        list_attached_role_policies ListAttachedRolePoliciesOutput,
        list_attached_user_policies ListAttachedUserPoliciesOutput,
        list_group_policies ListGroupPoliciesOutput,
        list_groups_for_user ListGroupsForUserOutput,
        list_policy_versions ListPolicyVersionsOutput,
        list_role_policies ListRolePoliciesOutput,
        list_role_tags ListRoleTagsOutput,
        list_user_policies ListUserPoliciesOutput,
        list_users ListUsersOutput,
        simulate_principal_policy SimulatePrincipalPolicyOutput,
    } |page| marked(page.is_truncated(), page.marker());
    aws_sdk_lambda {
        list_provisioned_concurrency_configs ListProvisionedConcurrencyConfigsOutput,
    } |page| token(page.next_marker());
    aws_sdk_s3 {
        list_objects_v2 ListObjectsV2Output,
    } |page| marked(page.is_truncated() == Some(true), page.next_continuation_token());
    aws_sdk_ssm {
        list_commands ListCommandsOutput,
    } |page| token(page.next_token());
}

impl Page for aws_sdk_dynamodb::operation::scan::ScanOutput {
    type Token = HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;

    fn after(&self) -> After<Self::Token> {
        match self.last_evaluated_key() {
            Some(key) if !key.is_empty() => After::Page(key.clone()),
            _ => After::Nothing,
        }
    }
}

/// A key and a version of it, or the key alone.
impl Page for aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput {
    type Token = (String, Option<String>);

    fn after(&self) -> After<Self::Token> {
        match marked(self.is_truncated() == Some(true), self.next_key_marker()) {
            After::Page(key) => {
                After::Page((key, self.next_version_id_marker().map(str::to_owned)))
            }
            After::Nothing => After::Nothing,
            After::Lost => After::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        aws::{
            iam::DeniedBy,
            replay::{Replay, aws},
        },
        engine::Fact,
    };

    const RUN: &str = "01M86WW13ESSNB021VBEDMY1CA";

    /// A page of ListUserPolicies.
    fn names(names: &[&str], more: &str) -> String {
        let members: String = names.iter().map(|name| format!("<member>{name}</member>")).collect();
        format!(
            "<ListUserPoliciesResponse><ListUserPoliciesResult>{more}<PolicyNames>{members}</PolicyNames></ListUserPoliciesResult></ListUserPoliciesResponse>"
        )
    }

    fn to(marker: &str) -> String {
        format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>")
    }

    async fn read(pages: &[String]) -> (Result<Option<String>, CallError>, Vec<String>) {
        let replay =
            pages.iter().fold(Replay::default(), |all, page| all.xml("ListUserPolicies", page));
        let none = "<ListAttachedUserPoliciesResponse><ListAttachedUserPoliciesResult><IsTruncated>false</IsTruncated></ListAttachedUserPoliciesResult></ListAttachedUserPoliciesResponse>";
        let replay = replay.xml("ListAttachedUserPolicies", none);
        let fact = DeniedBy { user: "bob".into(), except: "01OTHER".into() };
        let found = fact.read(&aws(&replay)).await;
        (found, replay.seen().into_iter().map(|seen| seen.body).collect())
    }

    #[tokio::test]
    async fn an_empty_page_with_a_token_is_not_the_end() {
        let deny = format!("backburn-{RUN}-deny");
        let last = names(&[&deny], "<IsTruncated>false</IsTruncated>");
        let (found, asked) = read(&[names(&[], &to("one")), names(&[], &to("two")), last]).await;
        assert_eq!(found, Ok(Some(RUN.into())));
        assert!(!asked[0].contains("Marker"), "{asked:?}");
        assert!(asked[1].contains("Marker=one") && asked[2].contains("Marker=two"), "{asked:?}");
    }

    #[tokio::test]
    async fn a_token_that_comes_again_is_an_error() {
        let page = |marker: &str| names(&["deploy"], &to(marker));
        let circle: Vec<_> =
            ["a", "b", "c", "d"].iter().cycle().take(40).map(|m| page(m)).collect();
        for pages in [vec![page("one")], circle] {
            let (found, asked) = read(&pages).await;
            let error = found.expect_err("the list has no end");
            assert_eq!(error.class, Class::Unknown, "{error}");
            assert!(error.message.contains("that it named before"), "{error}");
            assert!(asked.len() < 16, "{}", asked.len());
        }
    }

    #[tokio::test]
    async fn more_without_a_token_is_an_error() {
        let (found, _) = read(&[names(&["deploy"], "<IsTruncated>true</IsTruncated>")]).await;
        let error = found.expect_err("the rest is unknown");
        assert!(error.message.contains("says that there is more"), "{error}");
    }
}
