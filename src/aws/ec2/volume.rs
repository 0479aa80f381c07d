//! One EBS volume: its size, type, key and where it is.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Volume.html>

use super::{gone, permissions::*, some};
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct Volume {
        pub volume: String,
    }
    "ec2.volume" = VolumeFacts, target "{volume}";
    reads [DESCRIBE_VOLUMES];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VolumeFacts {
    pub volume: String,
    /// `creating`, `available`, `in-use`, `deleting`, `deleted` or `error`.
    pub state: String,
    pub gib: i32,
    /// `gp3`, `io2` and so on.
    pub volume_type: String,
    pub encrypted: bool,
    pub zone: Option<String>,
    /// The snapshot that it was made of.
    pub snapshot: Option<String>,
}

impl Volume {
    pub fn of(volume: impl AsRef<str>) -> Self {
        Self { volume: volume.as_ref().into() }
    }
}

impl Fact<Aws> for Volume {
    async fn read(&self, aws: &Aws) -> Result<VolumeFacts, CallError> {
        let call = aws.ec2().describe_volumes().volume_ids(&self.volume).send().await;
        let found = call.by(DESCRIBE_VOLUMES)?.volumes;
        let found = found.into_iter().flatten().next();
        let found = found.ok_or_else(|| gone(DESCRIBE_VOLUMES.action, "volume", &self.volume))?;
        Ok(VolumeFacts {
            volume: self.volume.clone(),
            state: found.state.map_or_else(|| "unknown".into(), |s| s.as_str().to_string()),
            gib: found.size.unwrap_or_default(),
            volume_type: found.volume_type.map(|t| t.as_str().to_string()).unwrap_or_default(),
            encrypted: found.encrypted.unwrap_or_default(),
            zone: some(found.availability_zone),
            snapshot: some(found.snapshot_id),
        })
    }
}
