//! A machine image of an instance. EC2 reboots the instance for it unless instructed not to.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>

use std::collections::BTreeSet;

use aws_sdk_ec2::types;

use super::{
    permissions::*,
    start_once::{once, patiently, single_attempt},
    tagged::{delete_snapshots, tags, with_token},
    things::{INSTANCE, VOLUME},
};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct CreateImage {
        pub instance: String,
        /// 3 to 128 characters, unique in the account and Region.
        pub name: String,
        pub description: String,
        #[serde(default = "yes")]
        pub no_reboot: bool,
    }
    // The id of the image.
    "ec2.create-image" = String, target "{instance}";
    uses [
        CREATE_IMAGE, CREATE_IMAGE.at(IMAGES), CREATE_IMAGE.at(SNAPSHOTS), CREATE_TAGS.at(IMAGES),
        CREATE_TAGS.at(SNAPSHOTS), DESCRIBE_IMAGES,
    ];
    discards [DELETE_SNAPSHOT.at(SNAPSHOTS), DEREGISTER_IMAGE, DESCRIBE_IMAGES, DESCRIBE_SNAPSHOTS];
    leaves "image `{name}` of `{instance}` and its snapshots", planned AFTER_RUN.into();
    touches [INSTANCE, VOLUME] |it| vec![INSTANCE.with_volumes(&it.instance)];
}

fn yes() -> bool {
    true
}

impl Operation<Aws> for CreateImage {
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let call = aws.ec2().describe_images().owners("self").filters(with_token(token));
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_IMAGES, page).all().await?;
        let mut images = pages.into_iter().flat_map(|page| page.images.unwrap_or_default());
        Ok(images.find_map(|image| image.image_id))
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
                .tag_specifications(tags(types::ResourceType::Image, token))
                .tag_specifications(tags(types::ResourceType::Snapshot, token))
                .customize();
            let made = call.config_override(single_attempt()).send().await.by(CREATE_IMAGE)?;
            Ok(made.image_id.unwrap_or_default())
        };
        once(start, || self.find(aws, token)).await
    }

    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<String>, CallError> {
        let image = patiently(|| async {
            let call = aws.ec2().describe_images().image_ids(job).send().await;
            let found = call.by(DESCRIBE_IMAGES)?.images;
            found.into_iter().flatten().next().ok_or_else(|| {
                let text = format!("image `{job}` is not listed");
                CallError::local(DESCRIBE_IMAGES.action, Class::Gone, text)
            })
        })
        .await?;
        Ok(progress(&image, job))
    }

    /// A snapshot can be deleted only after its image, and then no image names it any more: it is
    /// known by its description.
    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/deregister-ami.html>
    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let mut snapshots = self.snapshots_of(aws, job).await?;
        let call = aws.ec2().describe_images().image_ids(job).send().await;
        let found = gone(call.by(DESCRIBE_IMAGES))?.and_then(|call| call.images);
        for image in found.iter().flatten() {
            let disks = image.block_device_mappings().iter().filter_map(|disk| disk.ebs());
            snapshots.extend(disks.filter_map(|disk| disk.snapshot_id.clone()));
        }
        let call = aws.ec2().deregister_image().image_id(job).send().await;
        gone(call.by(DEREGISTER_IMAGE))?;
        let snapshots: Vec<_> = snapshots.iter().map(String::as_str).collect();
        delete_snapshots(aws, &snapshots).await.map(|()| true)
    }
}

impl CreateImage {
    /// By the description that EC2 gives them; some have the volume after the image.
    async fn snapshots_of(&self, aws: &Aws, image: &str) -> Result<BTreeSet<String>, CallError> {
        let made = format!("Created by CreateImage({}) for {image}", self.instance);
        let by = types::Filter::builder().name("description");
        let by = by.values(format!("{made} *")).values(made).build();
        let call = aws.ec2().describe_snapshots().owner_ids("self").filters(by);
        let page = |token| call.clone().set_next_token(token).send();
        let pages = Pages::new(DESCRIBE_SNAPSHOTS, page).all().await?;
        let found = pages.into_iter().flat_map(|page| page.snapshots.unwrap_or_default());
        Ok(found.filter_map(|snapshot| snapshot.snapshot_id).collect())
    }
}

/// EC2 reports a deregistered image as unavailable, and later as unknown.
fn gone<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(e) if e.class == Class::Gone || e.message.contains("no longer available") => Ok(None),
        Err(e) => Err(e),
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
    use crate::aws::replay::{Replay, aws};

    fn operation() -> CreateImage {
        CreateImage {
            instance: "i-1".into(),
            name: "case".into(),
            description: String::new(),
            no_reboot: true,
        }
    }

    fn snapshots(ids: &[&str]) -> String {
        let items: String =
            ids.iter().map(|id| format!("<item><snapshotId>{id}</snapshotId></item>")).collect();
        format!(
            "<DescribeSnapshotsResponse><snapshotSet>{items}</snapshotSet></DescribeSnapshotsResponse>"
        )
    }

    #[tokio::test]
    async fn an_image_goes_with_its_snapshots() {
        let image = "<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId><blockDeviceMapping><item><ebs><snapshotId>snap-2</snapshotId></ebs></item></blockDeviceMapping></item></imagesSet></DescribeImagesResponse>";
        let replay = Replay::default()
            .xml("DescribeSnapshots", &snapshots(&["snap-1"]))
            .xml("DescribeImages", image)
            .xml("DeregisterImage", "<DeregisterImageResponse/>")
            .xml("DeleteSnapshot", "<DeleteSnapshotResponse/>");
        assert_eq!(operation().discard(&aws(&replay), "ami-1").await, Ok(true));
        let deleted = ["DescribeSnapshots", "DescribeImages", "DeregisterImage"];
        assert_eq!(replay.actions(), [&deleted[..], &["DeleteSnapshot"; 2]].concat());
    }

    #[tokio::test]
    async fn snapshots_of_an_image_that_is_gone_are_still_found() {
        for (code, text) in [
            ("InvalidAMIID.NotFound", "the image id '[ami-1]' does not exist"),
            ("InvalidAMIID.Unavailable", "the image ID 'ami-1' is no longer available"),
        ] {
            let replay = Replay::default()
                .xml("DescribeSnapshots", &snapshots(&["snap-1"]))
                .ec2_error("DescribeImages", 400, code, text)
                .ec2_error("DeregisterImage", 400, code, text)
                .ec2_error("DeleteSnapshot", 400, "InvalidSnapshot.NotFound", "gone");
            assert_eq!(operation().discard(&aws(&replay), "ami-1").await, Ok(true), "{code}");
            assert_eq!(replay.actions().last().map(String::as_str), Some("DeleteSnapshot"));
        }
    }

    #[tokio::test]
    async fn an_image_that_cannot_go_keeps_its_snapshots() {
        let text = "The AMI ID 'ami-1' is currently pending and may not be used for this operation";
        let replay = Replay::default()
            .xml("DescribeSnapshots", &snapshots(&["snap-1"]))
            .xml("DescribeImages", "<DescribeImagesResponse/>")
            .ec2_error("DeregisterImage", 400, "InvalidAMIID.Unavailable", text);
        let error = operation().discard(&aws(&replay), "ami-1").await.expect_err("pending");
        assert!(error.message.contains("pending"), "{error}");
        assert!(!replay.actions().contains(&"DeleteSnapshot".into()));
    }

    #[test]
    fn a_failed_image_says_why() {
        let reason = types::StateReason::builder().message("snapshot failed").build();
        let image = types::Image::builder().state(types::ImageState::Failed).state_reason(reason);
        let text = "image `ami-1` is failed: snapshot failed".into();
        assert_eq!(progress(&image.build(), "ami-1"), Progress::Failed(text));
    }
}
