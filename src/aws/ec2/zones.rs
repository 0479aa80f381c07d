//! The Availability Zones of the Region that can be used now.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html>

use aws_sdk_ec2::types;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Aws, call_error},
    engine::{CallError, Fact, Permission, World, on},
};

const CALL: &str = "ec2:DescribeAvailabilityZones";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zones {
    region: String,
}

impl Zones {
    pub fn of(aws: &Aws) -> Self {
        Self { region: aws.scope().region.clone() }
    }
}

impl Fact<Aws> for Zones {
    const KIND: &'static str = "ec2.availability-zones";
    const READS: &'static [Permission] = &[on(CALL, "*")];
    /// Names, sorted. No Local Zones and no Wavelength Zones.
    type Value = Vec<String>;

    fn target(&self) -> String {
        self.region.clone()
    }

    async fn read(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let filter = |name: &str, value: &str| types::Filter::builder().name(name).values(value);
        let call = aws
            .ec2()
            .describe_availability_zones()
            .filters(filter("zone-type", "availability-zone").build())
            .filters(filter("state", "available").build())
            .send()
            .await
            .map_err(|e| call_error(CALL, e))?;
        let zones = call.availability_zones.into_iter().flatten();
        let mut names: Vec<_> = zones.filter_map(|zone| zone.zone_name).collect();
        names.sort();
        Ok(names)
    }
}
