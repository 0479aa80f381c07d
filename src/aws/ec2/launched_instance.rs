//! An instance that a step launches: absent, or present. Absent means terminated, with no volume of
//! its launch left, so that taking it away leaves nothing that costs.
//!
//! A terminated instance is listed for about an hour and reads as absent:
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html>.

use std::time::Duration;

use aws_sdk_ec2::types;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::{
    owned::{Mark, remove},
    patiently,
    permissions::*,
    why_down,
};
use crate::aws::kit::*;

/// Longer than EC2 takes to shut a host down.
const LONGEST: Duration = Duration::from_mins(10);
/// Attempts, two seconds apart, for a new instance profile to become known to EC2.
const PROFILE_SETTLES: u32 = 15;

setting! {
    #[derive(PartialEq, Eq)]
    #[serde(rename_all = "kebab-case")]
    pub struct LaunchedInstance {
        #[serde(flatten)]
        pub mark: Mark,
        /// The default VPC's, when none.
        pub subnet: Option<String>,
        /// The VPC's default group, when empty.
        pub security_groups: Vec<String>,
        /// Name of an instance profile.
        pub profile: Option<String>,
        /// What it runs when it starts first, as text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub user_data: Option<String>,
        /// Metrics of each minute, not of five.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pub detailed_monitoring: bool,
    }
    // `None`: there is no such instance and nothing of it.
    "ec2.launched-instance" = Option<Launched>, target "{}" of |it| it.mark.name.clone();
    reads [DESCRIBE_INSTANCES, DESCRIBE_VOLUMES];
    writes [
        RUN_INSTANCES, RUN_INSTANCES.at(VOLUMES), RUN_INSTANCES.at(NETWORK_INTERFACES),
        RUN_INSTANCES.at(SECURITY_GROUPS), RUN_INSTANCES.at(SUBNETS), RUN_INSTANCES.at(IMAGES),
        PASS_ROLE, CREATE_TAGS.at(INSTANCES), CREATE_TAGS.at(VOLUMES),
        CREATE_TAGS.at(NETWORK_INTERFACES), TERMINATE_INSTANCES, MODIFY_INSTANCE_ATTRIBUTE,
        DELETE_VOLUME,
        // Of images and of the account's default that are encrypted under a customer key.
        CREATE_GRANT.at(KEYS_HERE), DECRYPT.at(KEYS_HERE), DESCRIBE_KEY.at(KEYS_HERE),
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT.at(KEYS_HERE), RE_ENCRYPT_FROM.at(KEYS_HERE),
        RE_ENCRYPT_TO.at(KEYS_HERE),
    ];
    releases [TERMINATE_INSTANCES, MODIFY_INSTANCE_ATTRIBUTE, DELETE_VOLUME];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Launched {
    /// Assigned by AWS; `None` in a value that is to be written, and where only volumes are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub image: String,
    pub instance_type: String,
}

impl Launched {
    /// The id, or what stands for it in a plan.
    pub fn id_or_open(launched: Option<&Self>) -> String {
        launched.and_then(|launched| launched.id.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl LaunchedInstance {
    /// Those that are not terminated or about to be, sorted by id.
    async fn find(&self, aws: &Aws) -> Result<Vec<types::Instance>, CallError> {
        let alive = ["pending", "running", "stopping", "stopped"].map(Into::into).to_vec();
        self.in_states(aws, alive).await
    }

    async fn in_states(
        &self,
        aws: &Aws,
        states: Vec<String>,
    ) -> Result<Vec<types::Instance>, CallError> {
        let states = types::Filter::builder().name("instance-state-name").set_values(Some(states));
        let call = aws.ec2().describe_instances().set_filters(Some(self.mark.filters()));
        let call = call.filters(states.build());
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_INSTANCES, page).all().await?;
        let all = pages.into_iter().flat_map(|page| page.reservations.unwrap_or_default());
        let all = all.flat_map(|reservation| reservation.instances.unwrap_or_default());
        let mut found: Vec<_> = all.filter(|one| self.mark.is_on(one.tags())).collect();
        found.sort_by(|a, b| a.instance_id.cmp(&b.instance_id));
        Ok(found)
    }

    /// Ids of the volumes of its launch.
    async fn volumes(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let call = aws.ec2().describe_volumes().set_filters(Some(self.mark.filters()));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_VOLUMES, page).all().await?;
        let found = pages.into_iter().flat_map(|page| page.volumes.unwrap_or_default());
        let going = [types::VolumeState::Deleting, types::VolumeState::Deleted];
        let found = found
            .filter(|volume| self.mark.is_on(volume.tags()))
            .filter(|volume| !volume.state.as_ref().is_some_and(|state| going.contains(state)));
        Ok(found.filter_map(|volume| volume.volume_id).collect())
    }

    /// The same for the same launch, so that EC2 itself makes one instance of two requests.
    fn token(&self) -> String {
        let Mark { run, step, name, .. } = &self.mark;
        let hash = Sha256::digest(format!("{run}\n{step}\n{name}"));
        hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn launch(&self, aws: &Aws, want: &Launched) -> Result<(), CallError> {
        let profile = self
            .profile
            .as_ref()
            .map(|name| types::IamInstanceProfileSpecification::builder().name(name).build());
        let groups = (!self.security_groups.is_empty()).then(|| self.security_groups.clone());
        let call = aws
            .ec2()
            .run_instances()
            .image_id(&want.image)
            .instance_type(types::InstanceType::from(want.instance_type.as_str()))
            .min_count(1)
            .max_count(1)
            .set_subnet_id(self.subnet.clone())
            .set_security_group_ids(groups)
            .set_iam_instance_profile(profile)
            .client_token(self.token())
            .set_user_data(self.user_data.as_ref().map(|text| STANDARD.encode(text)))
            .set_monitoring(
                self.detailed_monitoring
                    .then(|| types::RunInstancesMonitoringEnabled::builder().enabled(true).build()),
            )
            // Version 2 only: a drill must not weaken what the account demands.
            .metadata_options(
                types::InstanceMetadataOptionsRequest::builder()
                    .http_tokens(types::HttpTokensState::Required)
                    .build(),
            )
            .tag_specifications(self.mark.specification(types::ResourceType::Instance))
            .tag_specifications(self.mark.specification(types::ResourceType::Volume))
            .tag_specifications(self.mark.specification(types::ResourceType::NetworkInterface))
            .send()
            .await
            .by(RUN_INSTANCES)?;
        let made = call.instances.unwrap_or_default().into_iter().next();
        let state = made.as_ref().and_then(|made| made.state.as_ref()?.name.clone());
        if state == Some(types::InstanceStateName::Terminated) {
            let why = made.as_ref().and_then(why_down).map(|why| format!(": {why}"));
            let id = made.and_then(|made| made.instance_id).unwrap_or_default();
            let text = format!(
                "`{id}` was launched for this and has been terminated since{}; start a new run",
                why.unwrap_or_default()
            );
            return Err(RUN_INSTANCES.invalid(text));
        }
        Ok(())
    }

    /// A profile that was made a moment ago is refused as invalid until EC2 knows it.
    async fn launch_patiently(&self, aws: &Aws, want: &Launched) -> Result<(), CallError> {
        for _ in 0..PROFILE_SETTLES {
            match patiently(|| self.launch(aws, want)).await {
                Err(e) if e.message.contains("Invalid IAM Instance Profile") => {
                    sleep(Duration::from_secs(2)).await;
                }
                other => return other,
            }
        }
        self.launch(aws, want).await
    }

    async fn terminate(&self, aws: &Aws, id: &str) -> Result<(), CallError> {
        let call = || async {
            let call = aws.ec2().terminate_instances().instance_ids(id).send().await;
            call.by(TERMINATE_INSTANCES).done_if_gone()
        };
        match call().await {
            Err(e) if e.code.as_deref() == Some("OperationNotPermitted") => {
                let off = types::AttributeBooleanValue::builder().value(false).build();
                let lift = aws.ec2().modify_instance_attribute().instance_id(id);
                let lift = lift.disable_api_termination(off).send().await;
                lift.by(MODIFY_INSTANCE_ATTRIBUTE).done_if_gone()?;
                call().await
            }
            other => other,
        }
    }

    async fn take_away(&self, aws: &Aws) -> Result<(), CallError> {
        for id in self.find(aws).await?.into_iter().filter_map(|found| found.instance_id) {
            self.terminate(aws, &id).await?;
        }
        let (started, pause) = (Instant::now(), aws.patience().poll);
        let going = ["pending", "running", "stopping", "stopped", "shutting-down"];
        while let Some(left) = self.in_states(aws, going.map(Into::into).to_vec()).await?.first() {
            if started.elapsed() > LONGEST {
                let id = left.instance_id().unwrap_or_default();
                let minutes = LONGEST.as_secs() / 60;
                let text = format!("instance `{id}` is not terminated after {minutes} min");
                return Err(CallError::local(DESCRIBE_INSTANCES.action, Class::Unknown, text));
            }
            sleep(pause).await;
        }
        for volume in self.volumes(aws).await? {
            remove(|| async {
                let call = aws.ec2().delete_volume().volume_id(&volume).send().await.map(drop);
                call.by(DELETE_VOLUME)
            })
            .await?;
        }
        Ok(())
    }
}

impl Fact<Aws> for LaunchedInstance {
    async fn read(&self, aws: &Aws) -> Result<Option<Launched>, CallError> {
        if let Some(found) = self.find(aws).await?.into_iter().next() {
            return Ok(Some(Launched {
                id: found.instance_id,
                image: found.image_id.unwrap_or_default(),
                instance_type: found.instance_type.map(|t| t.as_str().into()).unwrap_or_default(),
            }));
        }
        let left = !self.volumes(aws).await?.is_empty();
        Ok(left.then(|| Launched { id: None, image: String::new(), instance_type: String::new() }))
    }
}

impl Setting<Aws> for LaunchedInstance {
    async fn write(&self, aws: &Aws, value: &Option<Launched>) -> Result<(), CallError> {
        match value {
            None => self.take_away(aws).await,
            // EC2 takes the token for a day; local endpoints take none.
            Some(_) if !self.find(aws).await?.is_empty() => Ok(()),
            Some(want) => self.launch_patiently(aws, want).await,
        }
    }

    /// One that was resized, or of which only the volumes are left, is still ours to remove.
    fn agrees(want: &Option<Launched>, have: &Option<Launched>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.id.is_none() || have.id.is_none() || want.id == have.id
            }
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "launched_instance_tests.rs"]
mod tests;
