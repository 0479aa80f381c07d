//! The Availability Zones of the Region that can be used now.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html>

use aws_sdk_ec2::types;

use super::permissions::*;
use crate::aws::kit::*;

fact! {
    #[derive(PartialEq, Eq)]
    pub struct Zones {
        region: String,
    }
    // Names, sorted. No Local Zones and no Wavelength Zones.
    "ec2.availability-zones" = Vec<String>, target "{region}";
    reads [DESCRIBE_AVAILABILITY_ZONES];
}

impl Zones {
    pub fn of(aws: &Aws) -> Self {
        Self { region: aws.scope().region.clone() }
    }
}

impl Fact<Aws> for Zones {
    async fn read(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let filter = |name: &str, value: &str| types::Filter::builder().name(name).values(value);
        let call = aws
            .ec2()
            .describe_availability_zones()
            .filters(filter("zone-type", "availability-zone").build())
            .filters(filter("state", "available").build())
            .send()
            .await
            .by(DESCRIBE_AVAILABILITY_ZONES)?;
        let zones = call.availability_zones.into_iter().flatten();
        let mut names: Vec<_> = zones.filter_map(|zone| zone.zone_name).collect();
        names.sort();
        Ok(names)
    }
}
