//! One resource by its id, or an error of class `Gone`. Owns the describe calls that several facts and
//! settings share, and the reading of optional SDK fields. What is asked for at the same time is asked
//! for in one call.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ec2::types;

use super::{Paths, TrackedPaths, permissions::*};
use crate::aws::{batch::Batch, kit::*};

/// Largest page of a describe.
const PAGE: i32 = 1000;

/// The reads of EC2 that are gathered, in one account and Region.
#[derive(Clone, Default)]
struct Gathered {
    instances: Batch<String, types::Instance>,
    interfaces: Batch<String, types::NetworkInterface>,
    attached: Batch<String, Vec<types::NetworkInterface>>,
    tags: Batch<String, BTreeMap<String, String>>,
    groups: Batch<String, types::SecurityGroup>,
    paths: Batch<TrackedPaths, Paths>,
}

impl Aws {
    fn gathered(&self) -> Gathered {
        self.shared()
    }

    pub(super) fn gathered_paths(&self) -> Batch<TrackedPaths, Paths> {
        self.gathered().paths
    }
}

/// The key of every answer, where only one was asked for.
fn only(ids: &[String]) -> Option<String> {
    match ids {
        [one] => Some(one.clone()),
        _ => None,
    }
}

pub(super) fn filter(name: &str, values: Vec<String>) -> types::Filter {
    types::Filter::builder().name(name).set_values(Some(values)).build()
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
pub(crate) async fn instance(aws: &Aws, id: &str) -> Result<types::Instance, CallError> {
    DESCRIBE_INSTANCES.witness();
    let ec2 = aws.ec2();
    let fetch = move |ids: Vec<String>| {
        let call = ec2.describe_instances();
        let only = only(&ids);
        // One id by itself, so that AWS says in its own words that it is not there.
        let call = match ids.as_slice() {
            [_] => call.set_instance_ids(Some(ids)),
            _ => call.filters(filter("instance-id", ids)).max_results(PAGE),
        };
        async move {
            let page = |token| call.clone().set_next_token(token).send();
            let pages = Pages::new(DESCRIBE_INSTANCES, page).all().await?;
            let found = pages.into_iter().flat_map(|page| page.reservations.unwrap_or_default());
            let found = found.flat_map(|one| one.instances.into_iter().flatten());
            let named = |one: &types::Instance| one.instance_id.clone().unwrap_or_default();
            Ok(found.map(|one| (only.clone().unwrap_or_else(|| named(&one)), one)).collect())
        }
    };
    let found = aws.gathered().instances.load(id.into(), fetch).await?;
    found.ok_or_else(|| gone(DESCRIBE_INSTANCES.action, "instance", id))
}

async fn interfaces_by(
    call: aws_sdk_ec2::operation::describe_network_interfaces::builders::DescribeNetworkInterfacesFluentBuilder,
) -> Result<Vec<types::NetworkInterface>, CallError> {
    let page = |token| call.clone().set_next_token(token).send();
    let pages = Pages::new(DESCRIBE_NETWORK_INTERFACES, page).all().await?;
    Ok(pages.into_iter().flat_map(|page| page.network_interfaces.unwrap_or_default()).collect())
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
pub(super) async fn interface(aws: &Aws, id: &str) -> Result<types::NetworkInterface, CallError> {
    DESCRIBE_NETWORK_INTERFACES.witness();
    let ec2 = aws.ec2();
    let fetch = move |ids: Vec<String>| {
        let call = ec2.describe_network_interfaces();
        let only = only(&ids);
        let call = match ids.as_slice() {
            [_] => call.set_network_interface_ids(Some(ids)),
            _ => call.filters(filter("network-interface-id", ids)).max_results(PAGE),
        };
        async move {
            let found = interfaces_by(call).await?.into_iter();
            let named = |one: &types::NetworkInterface| {
                one.network_interface_id.clone().unwrap_or_default()
            };
            Ok(found.map(|one| (only.clone().unwrap_or_else(|| named(&one)), one)).collect())
        }
    };
    let found = aws.gathered().interfaces.load(id.into(), fetch).await?;
    found.ok_or_else(|| gone(DESCRIBE_NETWORK_INTERFACES.action, "network interface", id))
}

/// The interfaces that are attached to an instance.
pub(super) async fn attached(
    aws: &Aws,
    instance: &str,
) -> Result<Vec<types::NetworkInterface>, CallError> {
    DESCRIBE_NETWORK_INTERFACES.witness();
    let ec2 = aws.ec2();
    let fetch = move |ids: Vec<String>| {
        let only = only(&ids);
        let call = ec2.describe_network_interfaces();
        let call = call.filters(filter("attachment.instance-id", ids)).max_results(PAGE);
        async move {
            let mut all = HashMap::<String, Vec<_>>::new();
            for one in interfaces_by(call).await? {
                let of = one.attachment.as_ref().and_then(|at| at.instance_id.clone());
                if let Some(of) = only.clone().or(of) {
                    all.entry(of).or_default().push(one);
                }
            }
            Ok(all)
        }
    };
    let found = aws.gathered().attached.load(instance.into(), fetch).await?;
    Ok(found.unwrap_or_default())
}

/// Every interface that a filter finds.
pub(super) async fn interfaces_where(
    aws: &Aws,
    filters: Vec<types::Filter>,
) -> Result<Vec<types::NetworkInterface>, CallError> {
    let call = aws.ec2().describe_network_interfaces().set_filters(Some(filters));
    interfaces_by(call.max_results(PAGE)).await
}

/// The tags of a resource; none where it has none, or is not there.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>
pub(super) async fn tags_of(aws: &Aws, id: &str) -> Result<BTreeMap<String, String>, CallError> {
    DESCRIBE_TAGS.witness();
    let ec2 = aws.ec2();
    let fetch = move |ids: Vec<String>| {
        let call = ec2.describe_tags().filters(filter("resource-id", ids)).max_results(PAGE);
        async move {
            let mut all = HashMap::<String, BTreeMap<_, _>>::new();
            let page = |token| call.clone().set_next_token(token).send();
            let pages = Pages::new(DESCRIBE_TAGS, page).all().await?;
            for tag in pages.into_iter().flat_map(|page| page.tags.unwrap_or_default()) {
                if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                    all.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
                }
            }
            Ok(all)
        }
    };
    let found = aws.gathered().tags.load(id.into(), fetch).await?;
    Ok(found.unwrap_or_default())
}

/// A security group; `None` where there is none.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html>
pub(super) async fn group(aws: &Aws, id: &str) -> Result<Option<types::SecurityGroup>, CallError> {
    DESCRIBE_SECURITY_GROUPS.witness();
    let ec2 = aws.ec2();
    let fetch = move |ids: Vec<String>| {
        let call = ec2.describe_security_groups().filters(filter("group-id", ids));
        async move {
            let page = |token| call.clone().set_next_token(token).send();
            let pages = Pages::new(DESCRIBE_SECURITY_GROUPS, page).all().await?;
            let found = pages.into_iter().flat_map(|page| page.security_groups.unwrap_or_default());
            Ok(found.map(|one| (one.group_id.clone().unwrap_or_default(), one)).collect())
        }
    };
    aws.gathered().groups.load(id.into(), fetch).await
}

/// An instance that is not terminated or about to be.
pub(super) async fn living(aws: &Aws, id: &str) -> Result<types::Instance, CallError> {
    let found = instance(aws, id).await?;
    match found
        .state()
        .and_then(|state| state.name())
        .map(aws_sdk_ec2::types::InstanceStateName::as_str)
    {
        Some("terminated" | "shutting-down") => {
            let text = format!("instance `{id}` was terminated");
            Err(CallError::local(DESCRIBE_INSTANCES.action, Class::Gone, text))
        }
        _ => Ok(found),
    }
}

/// The error of a call on an instance, or that the instance is gone: EC2 shows a terminated one for an
/// hour, and refuses to read or change its attributes with other codes than for one that never was.
pub(super) async fn gone_if_terminated<T>(
    aws: &Aws,
    id: &str,
    result: Result<T, CallError>,
) -> Result<T, CallError> {
    let Err(error) = result else { return result };
    let passes = [Class::Throttled, Class::Unreachable, Class::Expired, Class::Gone];
    if passes.contains(&error.class) {
        return Err(error);
    }
    match living(aws, id).await {
        Err(gone) if gone.class == Class::Gone => {
            let message = format!("{} ({})", gone.message, error.message);
            Err(CallError { class: Class::Gone, message, ..error })
        }
        _ => Err(error),
    }
}

/// How an instance is stopped or ended on purpose.
const ON_PURPOSE: &[&str] = &[
    "Client.InstanceInitiatedShutdown",
    "Client.UserInitiatedHibernate",
    "Client.UserInitiatedShutdown",
];

/// Why an instance did not come up, as AWS says it; `None` where it was stopped on purpose or AWS says
/// nothing. EC2 takes StartInstances and RunInstances, and fails while it starts.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html>,
/// <https://repost.aws/knowledge-center/kms-iam-ec2-permission>
pub(crate) fn why_down(instance: &types::Instance) -> Option<String> {
    let reason = instance.state_reason.as_ref()?;
    let code = reason.code().filter(|code| !code.is_empty() && !ON_PURPOSE.contains(code))?;
    let message = reason.message().unwrap_or_default();
    let told = message.strip_prefix(code).map_or(message, |rest| rest.trim_start_matches(": "));
    let mut why = format!("`{code}`");
    if !told.is_empty() && told != code {
        why += &format!(" ({told})");
    }
    if code.contains("InternalError") || code.contains("KMSKey") {
        why += "; where a volume is encrypted under a customer key, that key must be enabled, and whoever starts the instance needs `kms:CreateGrant` on it";
    }
    Some(why)
}

pub(crate) fn gone(call: &str, what: &str, id: &str) -> CallError {
    CallError::local(
        call,
        Class::Gone,
        format!("there is no {what} `{id}` in this account and Region"),
    )
}

/// Local endpoints send empty texts where AWS sends nothing.
pub(crate) fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

pub(crate) fn tags(tags: Option<Vec<types::Tag>>) -> BTreeMap<String, String> {
    let pair = |tag: types::Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    tags.into_iter().flatten().filter_map(pair).collect()
}
