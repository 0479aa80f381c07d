//! Fills an account of the lab with an incident and its neighbours, and finds them again.
//!
//! Owns nothing but the order: what is made is data (`localstack/seed.json`). It makes what is missing and
//! changes nothing that exists, so an interrupted seed continues and a second one does nothing.

mod compute;
mod identity;
mod logs;
mod network;
mod spec;
mod tags;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use serde::{Deserialize, Serialize};

use super::{LabError, Progress, front};
use spec::{Duty, Spec};
use tags::{failed, missing, seeded};

/// What an account of the lab holds. Has no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    pub account: String,
    pub region: String,
    pub vpc: String,
    /// The compromised instance.
    pub instance: String,
    /// Its interfaces by device index; none where the upstream gives instances no interfaces.
    pub interfaces: Vec<String>,
    /// Its volumes by device name, the root volume first.
    pub volumes: Vec<String>,
    /// Allocation id of its Elastic IP.
    pub elastic_ip: String,
    /// The role of its instance profile, which `neighbours` use too.
    pub role: String,
    pub instance_profile: String,
    /// Instances that nothing may touch, in the order of the seed.
    pub neighbours: Vec<String>,
    /// The user whose key leaked.
    pub user: String,
    /// The leaked key.
    pub access_key_id: String,
    /// The user's other keys, which the attacker does not have.
    pub other_access_key_ids: Vec<String>,
    /// A user that nothing may touch.
    pub neighbour_user: String,
    /// The trail that someone stopped; none where the upstream has no CloudTrail.
    pub trail: Option<String>,
}

/// SDK configuration for an endpoint of the lab. Reads nothing of the caller's environment or files: above all no
/// proxy, which a request to this machine must not pass.
pub fn sdk_config(endpoint: &str, region: &str, access_key_id: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key_id, super::SECRET_ACCESS_KEY, None, None, "lab");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Makes what is missing of the seed in the account of `config`'s credentials.
///
/// # Errors
/// [`LabError::NotLoopback`] before anything is sent when `config` has no loopback endpoint.
pub async fn seed(config: &SdkConfig, progress: &dyn Progress) -> Result<Seed, LabError> {
    let clients = Clients::of(config).await?;
    let Spec { image, network, policies, roles, instances, users, trail, .. } = spec::spec();
    let total = (policies.len() + roles.len() + users.len() + instances.len() + 2) as u64;
    let mut done = 0;
    let mut tell = || {
        done += 1;
        progress.bar("seeding", done, total);
    };
    for policy in &policies {
        identity::policy(&clients.iam, policy).await?;
        tell();
    }
    for role in &roles {
        identity::role(&clients.iam, role, &clients.account).await?;
        tell();
    }
    for user in &users {
        identity::user(&clients.iam, user, &clients.account).await?;
        tell();
    }
    logs::trail(&clients.logs, &trail, &clients.account, &clients.region).await?;
    tell();
    let network = network::seed(&clients.ec2, &network).await?;
    tell();
    let image = compute::image(&clients.ec2, &image).await?;
    for instance in &instances {
        compute::seed(&clients.ec2, instance, &network, &image).await?;
        tell();
    }
    find_with(&clients).await?.ok_or_else(|| missing("reading the seed back"))
}

/// Reads the seed of an account; `None` when a part of it is not there.
pub async fn find(config: &SdkConfig) -> Result<Option<Seed>, LabError> {
    find_with(&Clients::of(config).await?).await
}

struct Clients {
    ec2: aws_sdk_ec2::Client,
    iam: aws_sdk_iam::Client,
    logs: logs::Clients,
    account: String,
    region: String,
}

impl Clients {
    async fn of(config: &SdkConfig) -> Result<Self, LabError> {
        front::check_loopback(config.endpoint_url().unwrap_or("the endpoint of AWS"))?;
        let sts = aws_sdk_sts::Client::new(config);
        let identity = sts.get_caller_identity().send().await.map_err(failed("caller identity"))?;
        Ok(Self {
            ec2: aws_sdk_ec2::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            logs: logs::Clients::of(config),
            account: identity.account.ok_or_else(|| missing("caller identity"))?,
            region: config.region().map(ToString::to_string).unwrap_or_default(),
        })
    }
}

async fn find_with(clients: &Clients) -> Result<Option<Seed>, LabError> {
    let Clients { ec2, iam, logs, account, region } = clients;
    let spec = spec::spec();
    let mut neighbours = Vec::new();
    let mut compromised = None;
    for one in &spec.instances {
        let Some(found) = compute::find(ec2, &one.name).await? else { return Ok(None) };
        match one.duty {
            Duty::Compromised => compromised = Some((one, found)),
            Duty::Neighbour => neighbours.extend(found.instance_id),
        }
    }
    let user_of = |duty| spec.users.iter().find(|user| user.duty == duty);
    let (Some((wanted, instance)), Some(user), Some(neighbour_user)) =
        (compromised, user_of(Duty::Compromised), user_of(Duty::Neighbour))
    else {
        return Ok(None);
    };
    let trail = match logs::find(logs, &spec.trail.name).await? {
        logs::Found::There => Some(spec.trail.name.clone()),
        logs::Found::Absent => return Ok(None),
        logs::Found::Unsupported => None,
    };
    let Some(leaked) = identity::leaked_key(iam, &user.name).await? else { return Ok(None) };
    let mut other = identity::keys(iam, &user.name).await?;
    other.retain(|key| *key != leaked);
    let name = wanted.elastic_ip.as_deref().unwrap_or_default();
    let addresses = ec2
        .describe_addresses()
        .filters(seeded(name))
        .send()
        .await
        .map_err(failed("Elastic IP"))?;
    let Some(elastic_ip) = addresses.addresses().first().and_then(|one| one.allocation_id()) else {
        return Ok(None);
    };
    let role = spec.roles.iter().find(|role| Some(&role.profile) == wanted.profile.as_ref());
    let mut interfaces: Vec<_> = instance
        .network_interfaces()
        .iter()
        .filter_map(|one| {
            Some((one.attachment()?.device_index()?, one.network_interface_id()?.to_owned()))
        })
        .collect();
    interfaces.sort();
    let root = instance.root_device_name();
    let mut volumes: Vec<_> = instance
        .block_device_mappings()
        .iter()
        .filter_map(|one| {
            Some((
                one.device_name() != root,
                one.device_name()?,
                one.ebs()?.volume_id()?.to_owned(),
            ))
        })
        .collect();
    volumes.sort();
    Ok(Some(Seed {
        account: account.clone(),
        region: region.clone(),
        vpc: instance.vpc_id().unwrap_or_default().into(),
        interfaces: interfaces.into_iter().map(|(_, id)| id).collect(),
        volumes: volumes.into_iter().map(|(_, _, id)| id).collect(),
        elastic_ip: elastic_ip.into(),
        role: role.map(|role| role.name.clone()).unwrap_or_default(),
        instance_profile: wanted.profile.clone().unwrap_or_default(),
        instance: instance.instance_id.unwrap_or_default(),
        neighbours,
        user: user.name.clone(),
        access_key_id: leaked,
        other_access_key_ids: other,
        neighbour_user: neighbour_user.name.clone(),
        trail,
    }))
}
