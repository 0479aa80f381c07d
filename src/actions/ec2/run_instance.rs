//! Launch one instance for a drill and wait until it runs.
//!
//! It gets version 2 of the instance metadata service only and no key pair. `user-data` is what it runs
//! when it starts first, such as a probe that pings its peer; everybody who may describe the instance can read it, so
//! it is no place for a secret.
//!
//! ```yaml
//! - id: canary
//!   uses: ec2.run-instance
//!   with:
//!     image: ami-0123456789abcdef0
//!     subnet: ${{ steps.network.subnets[0] }}
//!     tags: { drill: "true" }
//! ```
//!
//! The instance, its volumes and its interface carry the tags of run and step, and a launch that was
//! cut off is found by them. Release terminates it, also when termination protection was set
//! meanwhile, and deletes the volumes of its launch.
//!
//! AWS: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html>

use std::collections::BTreeMap;

use crate::{
    actions::kit::*,
    aws::ec2::{AwaitState, Instance, Launched, LaunchedInstance, Mark, PrivateAddress},
    engine::AFTER_RUN,
    playbook::types::{ImageId, SecurityGroupId},
};

/// Until a new instance runs, with time to spare.
const STARTS_WITHIN: u64 = 600;

/// Inputs of `ec2.run-instance`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunInstance {
    /// Machine image to start from.
    pub image: ImageId,
    /// Instance type.
    #[serde(default = "micro", rename = "type")]
    #[schemars(length(min = 1))]
    pub instance_type: String,
    /// Id of the subnet; one of the default VPC when left out.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub subnet: Option<String>,
    /// Further tags of the instance, its volumes and its interface.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Security groups; the default group of the VPC when left out.
    #[serde(default)]
    pub security_groups: Vec<SecurityGroupId>,
    /// Name of an instance profile.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub instance_profile: Option<String>,
    /// A script that it runs when it starts first.
    #[serde(default)]
    #[schemars(length(min = 1, max = 16384))]
    pub user_data: Option<String>,
    /// Metrics of each minute instead of each five; costs by metric.
    #[serde(default)]
    pub detailed_monitoring: bool,
}

fn micro() -> String {
    "t3.micro".into()
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// Id of the instance.
    pub instance: String,
    /// ARN of the instance.
    pub arn: String,
    /// Ids of its volumes, the root volume first.
    pub volumes: Vec<String>,
    /// ARNs of its volumes, in the same order.
    pub volume_arns: Vec<String>,
    /// `running`.
    pub state: String,
    /// Private IPv4 address.
    pub address: String,
}

impl Action for RunInstance {
    const SPEC: Spec = spec! {
        "ec2.run-instance": "Launch an instance and wait until it runs";
        Recover;
        uses [
            fact Instance, fact PrivateAddress, setting LaunchedInstance, operation AwaitState,
        ];
    };
    type Output = Started;

    async fn run(&self, step: &Step<Aws>) -> Result<Started, StepError> {
        let mark = Mark {
            run: step.run().into(),
            step: step.id().into(),
            name: format!("backburn-{}-{}", step.run(), step.id()),
            tags: self.tags.clone(),
        };
        let setting = LaunchedInstance {
            mark,
            subnet: self.subnet.clone(),
            security_groups: self.security_groups.iter().map(ToString::to_string).collect(),
            profile: self.instance_profile.clone(),
            user_data: self.user_data.clone(),
            detailed_monitoring: self.detailed_monitoring,
        };
        if let Some(user_data) = &self.user_data {
            step.note(format!("when it starts first, it runs: {user_data}")).await?;
        }
        let want = Launched {
            id: None,
            image: self.image.to_string(),
            instance_type: self.instance_type.clone(),
        };
        let instance = Launched::id_or_open(step.set(setting, Some(want)).await?.as_ref());
        let wait = AwaitState {
            instance: instance.clone(),
            state: "running".into(),
            within: STARTS_WITHIN,
        };
        let state = step.start(wait).await?;
        let (volumes, address): (Vec<String>, _) = match step.planning() {
            true => (vec![AFTER_RUN.into()], AFTER_RUN.into()),
            false => {
                let facts = step.read(&Instance::of(&instance)).await?;
                let address = PrivateAddress { instance: instance.clone() };
                let volumes = facts.volumes.into_iter().map(|volume| volume.volume);
                (volumes.collect(), step.read(&address).await?)
            }
        };
        let (scope, partition) = (step.world().scope(), step.world().partition());
        let arn = |kind: &str, id: &str| {
            format!("arn:{partition}:ec2:{}:{}:{kind}/{id}", scope.region, scope.account)
        };
        Ok(Started {
            arn: arn("instance", &instance),
            volume_arns: volumes.iter().map(|volume| arn("volume", volume)).collect(),
            instance,
            volumes,
            state,
            address,
        })
    }
}
