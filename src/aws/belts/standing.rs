//! What a thing is to a run: free to touch, the run's own, not there, or protected. Owns the reads
//! that tell, which are made once for each instance (with its volumes and interfaces) and principal.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ec2::types::Filter;

use crate::{
    aws::{
        Aws, call_error,
        ec2::{instance, tags},
        owned::RUN_TAG,
    },
    engine::{CallError, Class as ErrorClass, Permission, on},
};

use super::touches::{Class, Thing, only_looks};

/// Keeps every run off what has it with the value `true`.
pub const PROTECTED_TAG: &str = "backburn:protected";

const DESCRIBE_TAGS: &str = "ec2:DescribeTags";
const ON_EC2: &[Permission] = &[
    on("ec2:DescribeInstances", "*"),
    on("ec2:DescribeNetworkInterfaces", "*"),
    on("ec2:DescribeVolumes", "*"),
    on(DESCRIBE_TAGS, "*"),
];
const ON_ROLE: &[Permission] = &[on("iam:GetRole", "arn:aws:iam::{account}:role/*")];
const ON_USER: &[Permission] = &[on("iam:GetUser", "arn:aws:iam::{account}:user/*")];

/// What the reads need before a setting or operation of `kind`.
pub fn reads(kind: &str) -> &'static [Permission] {
    match kind.split_once('.') {
        _ if only_looks(kind) => &[],
        // Of a snapshot or a group nothing is touched that has to be looked at.
        Some(("ec2", "copy-snapshot" | "security-group" | "snapshot-share")) => &[],
        Some(("ec2" | "ssm", _)) => ON_EC2,
        Some(("iam", "role-policy" | "trust-policy")) => ON_ROLE,
        Some(("iam", _)) => ON_USER,
        _ => &[],
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// With the ARN of a principal.
    Free(Option<String>),
    /// The run made it, or it is not there (yet).
    Own,
    /// Why it must not be touched.
    Protected(String),
}

/// A thing in its Region; none for principals.
pub(super) type Key = (String, Thing);

/// What has been looked at.
#[derive(Default)]
pub(super) struct Seen {
    standings: HashMap<Key, Standing>,
    /// The instance that an interface or volume is attached to.
    holders: HashMap<Key, Thing>,
}

impl Seen {
    pub(super) fn len(&self) -> usize {
        self.standings.len()
    }

    pub(super) fn arns(&self) -> Vec<(Class, String)> {
        let arns = self.standings.iter().filter_map(|((_, thing), standing)| match standing {
            Standing::Free(Some(arn)) => Some((thing.class, arn.clone())),
            _ => None,
        });
        arns.collect()
    }

    pub(super) fn holder(&self, key: &Key) -> Option<&Thing> {
        self.holders.get(key)
    }

    /// None where nobody has looked yet.
    pub(super) fn standing(&self, key: &Key) -> Option<&Standing> {
        self.standings.get(key)
    }

    pub(super) fn learn(&mut self, found: Self) {
        self.standings.extend(found.standings);
        self.holders.extend(found.holders);
    }

    /// Looks at a thing, and at what is attached to the same instance.
    ///
    /// # Errors
    /// It cannot be read; a thing that is not there is no error.
    pub(super) async fn look(aws: &Aws, run: &str, key: &Key) -> Result<Self, CallError> {
        let (region, thing) = key;
        let mut seen = Self::default();
        match thing.class {
            Class::Instance => seen.instance(aws, region, run, &thing.id).await?,
            Class::Interface | Class::Volume => seen.attached(aws, region, run, thing).await?,
            Class::User | Class::Role => {
                let found = principal(aws, run, thing).await?;
                seen.standings.insert(key.clone(), found);
            }
        }
        Ok(seen)
    }

    /// An instance with what is attached to it: two calls, however many volumes it has.
    async fn instance(
        &mut self,
        aws: &Aws,
        region: &str,
        run: &str,
        id: &str,
    ) -> Result<(), CallError> {
        let thing = Thing::new(Class::Instance, id);
        let key = |thing: &Thing| (region.to_owned(), thing.clone());
        let found = match instance(aws, id).await {
            Ok(found) => found,
            Err(e) if e.class == ErrorClass::Gone => {
                self.standings.insert(key(&thing), Standing::Own);
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        let volumes = found.block_device_mappings.iter().flatten();
        let volumes = volumes.filter_map(|mapping| mapping.ebs.as_ref()?.volume_id.clone());
        let interfaces = found.network_interfaces.iter().flatten();
        let interfaces = interfaces.filter_map(|interface| interface.network_interface_id.clone());
        let attached: Vec<_> = volumes
            .map(|id| Thing::new(Class::Volume, id))
            .chain(interfaces.map(|id| Thing::new(Class::Interface, id)))
            .collect();
        let mut tagged = tags_of(aws, &attached).await?;
        let holder = judged(&thing, &tags(found.tags), run);
        for part in attached {
            let own = judged(&part, &tagged.remove(&part.id).unwrap_or_default(), run);
            let standing = match (&holder, own) {
                (_, own @ Standing::Protected(_)) => own,
                (Standing::Protected(why), _) => {
                    Standing::Protected(format!("{part} belongs to it, and {why}"))
                }
                (Standing::Own, _) => Standing::Own,
                (_, own) => own,
            };
            self.standings.insert(key(&part), standing);
            self.holders.insert(key(&part), thing.clone());
        }
        self.standings.insert(key(&thing), holder);
        Ok(())
    }

    async fn attached(
        &mut self,
        aws: &Aws,
        region: &str,
        run: &str,
        thing: &Thing,
    ) -> Result<(), CallError> {
        let key = (region.to_owned(), thing.clone());
        let found = match thing.class {
            Class::Volume => volume(aws, &thing.id).await,
            _ => interface(aws, &thing.id).await,
        };
        let (holder, found) = match found {
            Ok(found) => found,
            Err(e) if e.class == ErrorClass::Gone => (None, BTreeMap::new()),
            Err(e) => return Err(e),
        };
        if let Some(holder) = holder {
            self.instance(aws, region, run, &holder).await?;
        }
        // What was attached a moment ago may not be in the instance's own list yet.
        self.standings.entry(key).or_insert_with(|| judged(thing, &found, run));
        Ok(())
    }
}

fn judged(thing: &Thing, tags: &BTreeMap<String, String>, run: &str) -> Standing {
    if tags.get(PROTECTED_TAG).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        Standing::Protected(format!(
            "{thing} has the tag `{PROTECTED_TAG}={}`",
            tags[PROTECTED_TAG]
        ))
    } else if tags.get(RUN_TAG).is_some_and(|value| value == run) {
        Standing::Own
    } else {
        Standing::Free(None)
    }
}

/// Tags of several resources in one call, which takes up to 200 ids:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html>
async fn tags_of(
    aws: &Aws,
    things: &[Thing],
) -> Result<HashMap<String, BTreeMap<String, String>>, CallError> {
    let mut found: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for some in things.chunks(100) {
        let ids = some.iter().map(|thing| thing.id.clone()).collect();
        let ids = Filter::builder().name("resource-id").set_values(Some(ids)).build();
        let keys = Filter::builder().name("key").values(PROTECTED_TAG).values(RUN_TAG).build();
        let call = aws.ec2().describe_tags().filters(ids).filters(keys);
        let mut tags = call.into_paginator().items().send();
        while let Some(tag) = tags.next().await {
            let tag = tag.map_err(|e| call_error(DESCRIBE_TAGS, e))?;
            if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
                found.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
            }
        }
    }
    Ok(found)
}

type Attached = (Option<String>, BTreeMap<String, String>);

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html>
async fn volume(aws: &Aws, id: &str) -> Result<Attached, CallError> {
    const CALL: &str = "ec2:DescribeVolumes";
    let call = aws.ec2().describe_volumes().volume_ids(id).send().await;
    let found = call.map_err(|e| call_error(CALL, e))?.volumes.into_iter().flatten().next();
    let Some(found) = found else { return Ok((None, BTreeMap::new())) };
    let holder = found.attachments.into_iter().flatten().find_map(|one| one.instance_id);
    Ok((holder, tags(found.tags)))
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
async fn interface(aws: &Aws, id: &str) -> Result<Attached, CallError> {
    const CALL: &str = "ec2:DescribeNetworkInterfaces";
    let call = aws.ec2().describe_network_interfaces().network_interface_ids(id).send().await;
    let found = call.map_err(|e| call_error(CALL, e))?.network_interfaces;
    let Some(found) = found.into_iter().flatten().next() else {
        return Ok((None, BTreeMap::new()));
    };
    let holder = found.attachment.and_then(|attachment| attachment.instance_id);
    Ok((holder, tags(found.tag_set)))
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>,
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>: both with the tags.
async fn principal(aws: &Aws, run: &str, thing: &Thing) -> Result<Standing, CallError> {
    let found = if thing.class == Class::User {
        let call = aws.iam().get_user().user_name(&thing.id).send().await;
        call.map_err(|e| call_error("iam:GetUser", e))
            .map(|found| found.user.map(|user| (user.arn, user.tags)))
    } else {
        let call = aws.iam().get_role().role_name(&thing.id).send().await;
        call.map_err(|e| call_error("iam:GetRole", e))
            .map(|found| found.role.map(|role| (role.arn, role.tags)))
    };
    let (arn, tags) = match found {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Standing::Own),
        Err(e) if e.class == ErrorClass::Gone => return Ok(Standing::Own),
        Err(e) => return Err(e),
    };
    let tags = tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect();
    Ok(match judged(thing, &tags, run) {
        Standing::Free(_) => Standing::Free(Some(arn)),
        other => other,
    })
}
