//! Snapshots of all volumes of an instance, taken at one point in time and crash-consistent across
//! them. The instance goes on running.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html>

use aws_sdk_ec2::types;

use super::{
    permissions::*,
    start_once::{once, single_attempt},
    tagged,
    things::{INSTANCE, VOLUME},
};

use crate::{aws::kit::*, engine::AFTER_RUN};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSnapshots {
    pub instance: String,
    /// At most 255 characters.
    pub description: String,
    /// The volumes attached when it was planned; EC2 takes all that are attached at the start.
    pub volumes: Vec<String>,
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

impl Operation<Aws> for CreateSnapshots {
    const KIND: &'static str = "ec2.create-snapshots";
    const USES: &'static [Permission] = &[
        CREATE_SNAPSHOTS,
        CREATE_SNAPSHOTS.at(VOLUMES),
        CREATE_SNAPSHOTS.at(SNAPSHOTS),
        CREATE_TAGS.at(SNAPSHOTS),
        DESCRIBE_SNAPSHOTS,
    ];
    const DISCARDS: &'static [Permission] = &[DELETE_SNAPSHOT.at(SNAPSHOTS), DESCRIBE_SNAPSHOTS];
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] =
        &[INSTANCE.permissions(), VOLUME.permissions()];
    type Output = Snapshots;

    fn target(&self) -> String {
        self.instance.clone()
    }

    fn touches(&self) -> Vec<Thing> {
        let volumes = self.volumes.iter().map(|volume| VOLUME.thing(volume));
        volumes.chain([INSTANCE.thing(&self.instance)]).collect()
    }

    fn leaves(&self) -> String {
        format!("snapshots of the volumes of `{}`", self.instance)
    }

    fn planned(&self) -> Snapshots {
        let open =
            |volume: &String| SnapshotRef { volume: volume.clone(), snapshot: AFTER_RUN.into() };
        let mut snapshots: Vec<_> = self.volumes.iter().map(open).collect();
        snapshots.sort();
        Snapshots { snapshots }
    }

    async fn find(&self, aws: &Aws, token: &Token) -> Result<Option<String>, CallError> {
        let ids = tagged::find_snapshots(aws, token).await?;
        Ok((!ids.is_empty()).then(|| ids.join(",")))
    }

    async fn start(&self, aws: &Aws, token: &Token) -> Result<String, CallError> {
        let start = || async {
            let which = types::InstanceSpecification::builder()
                .instance_id(&self.instance)
                .exclude_boot_volume(false)
                .build();
            let call = aws
                .ec2()
                .create_snapshots()
                .instance_specification(which)
                .description(&self.description)
                .copy_tags_from_source(types::CopyTagsFromSource::Volume)
                .tag_specifications(tagged::tags(types::ResourceType::Snapshot, token))
                .customize()
                .config_override(single_attempt())
                .send()
                .await
                .by(CREATE_SNAPSHOTS)?;
            let mut ids: Vec<_> =
                call.snapshots.into_iter().flatten().filter_map(|s| s.snapshot_id).collect();
            ids.sort();
            Ok(ids.join(","))
        };
        once(start, || self.find(aws, token)).await
    }

    /// `job` is the ids of all snapshots, joined by commas.
    async fn poll(&self, aws: &Aws, job: &str) -> Result<Progress<Snapshots>, CallError> {
        let ids: Vec<_> = job.split(',').filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return Ok(Progress::Failed(format!("`{}` has no EBS volume", self.instance)));
        }
        let found = tagged::describe_snapshots(aws, &ids).await?;
        Ok(match tagged::progress(&found) {
            Progress::Done(()) => {
                let of = |s: types::Snapshot| {
                    Some(SnapshotRef { volume: s.volume_id?, snapshot: s.snapshot_id? })
                };
                let mut snapshots: Vec<_> = found.into_iter().filter_map(of).collect();
                snapshots.sort();
                Progress::Done(Snapshots { snapshots })
            }
            Progress::Running { percent, note } => Progress::Running { percent, note },
            Progress::Failed(why) => Progress::Failed(why),
        })
    }

    async fn discard(&self, aws: &Aws, job: &str) -> Result<bool, CallError> {
        let ids: Vec<_> = job.split(',').filter(|id| !id.is_empty()).collect();
        tagged::delete_snapshots(aws, &ids).await.map(|()| true)
    }
}
