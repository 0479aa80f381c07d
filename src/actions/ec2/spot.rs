//! What EC2 does not do with Spot Instances. Owns the question whether one can stop.

use crate::{
    aws::{
        Aws,
        ec2::{InstanceFacts, Lasting, SpotRequest},
    },
    engine::{Step, StepError},
};

/// Whether it is of a Spot request that is made once: EC2 stops only those of a persistent one. A request
/// that is not shown any more is taken for such a one.
pub(super) async fn is_one_time(
    step: &Step<Aws>,
    facts: &InstanceFacts,
) -> Result<bool, StepError> {
    match (&facts.spot_request, facts.spot) {
        (Some(request), _) => {
            let request = SpotRequest { request: request.clone() };
            Ok(step.read(&request).await? != Some(Lasting::Persistent))
        }
        (None, spot) => Ok(spot),
    }
}
