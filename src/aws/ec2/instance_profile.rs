//! The instance profile of one instance. Taking it away does not end credentials that the
//! instance already has: they stay valid for up to about six hours.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/attach-iam-role.html>

use aws_sdk_ec2::types::{Filter, IamInstanceProfileAssociation, IamInstanceProfileSpecification};
use serde::{Deserialize, Serialize};

use super::restored;
use crate::{
    aws::{Aws, call_error, ec2::some},
    engine::{CallError, Class, Fact, Order, Permission, Rule, Setting, on, settled},
};

const READ: &str = "ec2:DescribeIamInstanceProfileAssociations";
const INSTANCES: &str = "arn:aws:ec2:{region}:{account}:instance/*";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub instance: String,
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
            .filters(filter("state").values("associating").values("associated").build())
            .send()
            .await
            .map_err(|e| call_error(READ, e))?;
        Ok(call.iam_instance_profile_associations.into_iter().flatten().next())
    }
}

impl Fact<Aws> for InstanceProfile {
    const KIND: &'static str = "ec2.instance-profile";
    const READS: &'static [Permission] = &[on(READ, "*")];
    /// ARN of the profile.
    type Value = Option<String>;

    fn target(&self) -> String {
        self.instance.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Option<String>, CallError> {
        let found = self.association(aws).await?;
        Ok(found.and_then(|a| a.iam_instance_profile).and_then(|profile| some(profile.arn)))
    }
}

impl Setting<Aws> for InstanceProfile {
    const RULE: Rule = restored(Order::Credentials);
    const WRITES: &'static [Permission] = &[
        on("ec2:AssociateIamInstanceProfile", INSTANCES),
        on("ec2:DisassociateIamInstanceProfile", INSTANCES),
        on("ec2:ReplaceIamInstanceProfileAssociation", INSTANCES),
        on("iam:PassRole", "arn:aws:iam::{account}:role/*"),
    ];

    async fn write(&self, aws: &Aws, value: &Option<String>) -> Result<(), CallError> {
        let id = self.association(aws).await?.and_then(|found| found.association_id);
        let profile =
            value.as_ref().map(|arn| IamInstanceProfileSpecification::builder().arn(arn).build());
        match (id, profile) {
            (None, None) => Ok(()),
            (Some(id), None) => {
                let call = aws.ec2().disassociate_iam_instance_profile().association_id(id);
                let call = call.send().await.map(drop);
                let call = call.map_err(|e| call_error("ec2:DisassociateIamInstanceProfile", e));
                settled(call, Class::Gone)
            }
            (None, Some(profile)) => {
                let call = aws.ec2().associate_iam_instance_profile().instance_id(&self.instance);
                let call = call.iam_instance_profile(profile).send().await.map(drop);
                call.map_err(|e| call_error("ec2:AssociateIamInstanceProfile", e))
            }
            (Some(id), Some(profile)) => {
                let call = aws.ec2().replace_iam_instance_profile_association().association_id(id);
                let call = call.iam_instance_profile(profile).send().await.map(drop);
                call.map_err(|e| call_error("ec2:ReplaceIamInstanceProfileAssociation", e))
            }
        }
    }
}
