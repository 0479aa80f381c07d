//! A machine image of an instance. EC2 reboots the instance for it unless told not to.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>

use aws_sdk_ec2::types;
use serde::{Deserialize, Serialize};

use super::{
    start_once::{once, patiently, single_attempt},
    tagged,
};
use crate::{
    aws::{Aws, call_error},
    engine::{AFTER_RUN, CallError, Class, Operation, Permission, Progress, Token, on},
};

const CALL: &str = "ec2:CreateImage";
const DESCRIBE: &str = "ec2:DescribeImages";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateImage {
    pub instance: String,
    /// 3 to 128 characters, unique in the account and Region.
    pub name: String,
    pub description: String,
    #[serde(default = "yes")]
    pub no_reboot: bool,
}

fn yes() -> bool {
    true
}

impl Operation<Aws> for CreateImage {
    const KIND: &'static str = "ec2.create-image";
    const USES: &'static [Permission] = &[
        on(CALL, "arn:aws:ec2:{region}:{account}:instance/*"),
        on(CALL, "arn:aws:ec2:{region}::image/*"),
        on(CALL, "arn:aws:ec2:{region}::snapshot/*"),
        on("ec2:CreateTags", "arn:aws:ec2:{region}::image/*"),
        on("ec2:CreateTags", "arn:aws:ec2:{region}::snapshot/*"),
        on(DESCRIBE, "*"),
    ];
    /// Id of the image.
    type Output = String;

    fn target(&self) -> String {
        self.instance.clone()
    }

    fn leaves(&self) -> String {
        format!("image `{}` of `{}` and its snapshots", self.name, self.instance)
    }

    fn planned(&self) -> String {
        AFTER_RUN.into()
    }

    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let call = aws.ec2().describe_images().owners("self").filters(tagged::with_token(token));
        let call = call.send().await.map_err(|e| call_error(DESCRIBE, e))?;
        Ok(call.images.into_iter().flatten().find_map(|image| image.image_id))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let start = || async {
            let call = aws
                .ec2()
                .create_image()
                .instance_id(&self.instance)
                .name(&self.name)
                .description(&self.description)
                .no_reboot(self.no_reboot)
                .tag_specifications(tagged::tags(types::ResourceType::Image, token))
                .tag_specifications(tagged::tags(types::ResourceType::Snapshot, token))
                .customize()
                .config_override(single_attempt())
                .send()
                .await
                .map_err(|e| call_error(CALL, e))?;
            Ok(call.image_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        let image = patiently(|| async {
            let call = aws.ec2().describe_images().image_ids(job).send().await;
            let found = call.map_err(|e| call_error(DESCRIBE, e))?.images;
            found.into_iter().flatten().next().ok_or_else(|| {
                CallError::local(DESCRIBE, Class::Gone, format!("image `{job}` is not listed"))
            })
        })
        .await?;
        Ok(progress(&image, job))
    }
}

fn progress(image: &types::Image, job: &str) -> Progress<String> {
    let state = image.state.as_ref().map_or("unknown", |state| state.as_str());
    match state {
        "available" => Progress::Done(job.into()),
        "pending" | "transient" => {
            Progress::Running { percent: None, note: format!("image `{job}` is {state}") }
        }
        other => {
            let why = image.state_reason.as_ref().and_then(|reason| reason.message());
            let why = why.unwrap_or("AWS gives no reason");
            Progress::Failed(format!("image `{job}` is {other}: {why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_image_says_why() {
        let reason = types::StateReason::builder().message("snapshot failed").build();
        let image = types::Image::builder().state(types::ImageState::Failed).state_reason(reason);
        let text = "image `ami-1` is failed: snapshot failed".into();
        assert_eq!(progress(&image.build(), "ami-1"), Progress::Failed(text));
    }
}
