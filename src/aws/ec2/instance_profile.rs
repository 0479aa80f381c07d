//! The instance profile of one instance. Taking it away does not end credentials that the
//! instance already has: they stay valid for up to about six hours.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/attach-iam-role.html>

use aws_sdk_ec2::types::{Filter, IamInstanceProfileAssociation, IamInstanceProfileSpecification};

use super::{lookup::gone_if_terminated, permissions::*, some, things::INSTANCE};
use crate::aws::kit::*;

setting! {
    #[derive(PartialEq, Eq)]
    pub struct InstanceProfile {
        pub instance: String,
    }
    // ARN of the profile.
    "ec2.instance-profile" = Option<String>, target "{instance}";
    reads [DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS, DESCRIBE_INSTANCES];
    writes [
        ASSOCIATE_IAM_INSTANCE_PROFILE, DISASSOCIATE_IAM_INSTANCE_PROFILE,
        REPLACE_IAM_INSTANCE_PROFILE_ASSOCIATION, PASS_ROLE,
    ];
    release Restored Credentials;
    touches [INSTANCE(instance)];
}

impl InstanceProfile {
    pub fn of(instance: impl AsRef<str>) -> Self {
        Self { instance: instance.as_ref().into() }
    }

    async fn association(
        &self,
        aws: &Aws,
    ) -> Result<Option<IamInstanceProfileAssociation>, CallError> {
        let filter = |name: &str| Filter::builder().name(name);
        let call = aws
            .ec2()
            .describe_iam_instance_profile_associations()
            .filters(filter("instance-id").values(&self.instance).build())
            .filters(filter("state").values("associating").values("associated").build());
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_IAM_INSTANCE_PROFILE_ASSOCIATIONS, page).all().await?;
        let mut all = pages
            .into_iter()
            .flat_map(|page| page.iam_instance_profile_associations.unwrap_or_default());
        Ok(all.next())
    }
}

impl Fact<Aws> for InstanceProfile {
    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let found = self.association(aws).await?;
        Ok(found.and_then(|a| a.iam_instance_profile).and_then(|profile| some(profile.arn)))
    }
}

impl Setting<Aws> for InstanceProfile {
    async fn write(&self, aws: &Aws, value: &Option<String>) -> Result<(), CallError> {
        let id = self.association(aws).await?.and_then(|found| found.association_id);
        let profile =
            value.as_ref().map(|arn| IamInstanceProfileSpecification::builder().arn(arn).build());
        match (id, profile) {
            (None, None) => Ok(()),
            (Some(id), None) => {
                let call = aws.ec2().disassociate_iam_instance_profile().association_id(id);
                let call = call.send().await;
                call.by(DISASSOCIATE_IAM_INSTANCE_PROFILE).done_if_gone()
            }
            (None, Some(profile)) => {
                let call = aws.ec2().associate_iam_instance_profile().instance_id(&self.instance);
                let call = call.iam_instance_profile(profile).send().await.map(drop);
                let call = call.by(ASSOCIATE_IAM_INSTANCE_PROFILE);
                gone_if_terminated(aws, &self.instance, call).await
            }
            (Some(id), Some(profile)) => {
                let call = aws.ec2().replace_iam_instance_profile_association().association_id(id);
                let call = call.iam_instance_profile(profile).send().await.map(drop);
                call.by(REPLACE_IAM_INSTANCE_PROFILE_ASSOCIATION)
            }
        }
    }

    /// It takes nothing else by its id than the instance.
    fn ended_by(error: &CallError) -> bool {
        error.class == Class::Gone
    }
}
