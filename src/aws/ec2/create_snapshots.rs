//! Snapshots of all volumes of an instance, taken at one point in time and crash-consistent across
//! them. The instance keeps running.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html>

use aws_sdk_ec2::types::{CopyTagsFromSource, InstanceSpecification, ResourceType, Snapshot};

use super::{
    permissions::*,
    start_once::{Marks, once, single_attempt, unmarked_if_refused},
    tagged::{delete_snapshots, find_snapshots, poll_snapshots, tags},
    things::{INSTANCE, SNAPSHOT, VOLUME},
};
use crate::aws::kit::*;

operation! {
    #[derive(PartialEq, Eq)]
    pub struct CreateSnapshots {
        pub instance: String,
        /// At most 255 characters.
        pub description: String,
        /// The volumes attached when it was planned; EC2 takes all that are attached at the start.
        pub volumes: Vec<String>,
    }
    "ec2.create-snapshots" = Snapshots, target "{instance}";
    uses [
        CREATE_SNAPSHOTS, CREATE_SNAPSHOTS.at(VOLUMES), CREATE_SNAPSHOTS.at(SNAPSHOTS),
        CREATE_TAGS.at(SNAPSHOTS), DESCRIBE_SNAPSHOTS,
    ];
    // Where tags are denied, they are made without them.
    spares [CREATE_TAGS.at(SNAPSHOTS)];
    discards [DELETE_SNAPSHOT.at(SNAPSHOTS), DESCRIBE_SNAPSHOTS];
    leaves "snapshots of the volumes of `{instance}`", planned Snapshots::planned(volumes);
    touches [INSTANCE, VOLUME] |it| {
        let volumes = it.volumes.iter().map(|volume| VOLUME.thing(volume));
        volumes.chain([INSTANCE.with_volumes(&it.instance)]).collect()
    };
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// By volume.
    pub snapshots: Vec<SnapshotRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SnapshotRef {
    pub volume: String,
    pub snapshot: String,
}

impl Snapshots {
    fn of(snapshots: impl Iterator<Item = (String, String)>) -> Self {
        let one = |(volume, snapshot)| SnapshotRef { volume, snapshot };
        let mut snapshots: Vec<_> = snapshots.map(one).collect();
        snapshots.sort();
        Self { snapshots }
    }

    fn planned(volumes: &[String]) -> Self {
        Self::of(volumes.iter().map(|volume| (volume.clone(), AFTER_RUN.into())))
    }
}

impl Operation<Aws> for CreateSnapshots {
    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let ids = find_snapshots(aws, token).await?;
        Ok((!ids.is_empty()).then(|| ids.join(",")))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let start = |marks: Marks| async move {
            let which = InstanceSpecification::builder().instance_id(&self.instance);
            let call = aws
                .ec2()
                .create_snapshots()
                .instance_specification(which.exclude_boot_volume(false).build())
                .description(&self.description);
            let call = match marks {
                Marks::All => call.copy_tags_from_source(CopyTagsFromSource::Volume),
                Marks::Own | Marks::None => call,
            };
            let call = match marks {
                Marks::All | Marks::Own => {
                    call.tag_specifications(tags(ResourceType::Snapshot, token))
                }
                Marks::None => call,
            };
            let call = call.customize().config_override(single_attempt());
            let made = call.send().await.by(CREATE_SNAPSHOTS)?;
            let made = made.snapshots.into_iter().flatten();
            let mut ids: Vec<_> = made.filter_map(|one| one.snapshot_id).collect();
            ids.sort();
            Ok(ids.join(","))
        };
        once(|| unmarked_if_refused(start), || self.find(aws, token)).await
    }

    /// `job` is the ids of all snapshots, joined by commas.
    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Snapshots>, CallError> {
        let ids = ids(job);
        if ids.is_empty() {
            return Ok(Progress::Failed(format!("`{}` has no EBS volume", self.instance)));
        }
        let of = |one: Snapshot| Some((one.volume_id?, one.snapshot_id?));
        poll_snapshots(aws, &ids, |found| Snapshots::of(found.into_iter().filter_map(of))).await
    }

    fn made(&self, job: &str) -> Vec<Thing> {
        ids(job).into_iter().map(|id| SNAPSHOT.thing(id)).collect()
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        delete_snapshots(aws, &ids(job)).await.map(|()| true)
    }
}

fn ids(job: &str) -> Vec<&str> {
    job.split(',').filter(|id| !id.is_empty()).collect()
}
