//! One EBS volume: its size, type, key and where it is.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Volume.html>

use serde::{Deserialize, Serialize};

use super::{gone, some};
use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, Permission, on},
};

const CALL: &str = "ec2:DescribeVolumes";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub volume: String,
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
    const KIND: &'static str = "ec2.volume";
    const READS: &'static [Permission] = &[on(CALL, "*")];
    type Value = VolumeFacts;

    fn target(&self) -> String {
        self.volume.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<VolumeFacts, CallError> {
        let call = aws.ec2().describe_volumes().volume_ids(&self.volume).send().await;
        let found = call.map_err(|e| call_error(CALL, e))?.volumes;
        let found = found.into_iter().flatten().next();
        let found = found.ok_or_else(|| gone(CALL, "volume", &self.volume))?;
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
