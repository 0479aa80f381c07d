//! A filter of network interfaces that the upstream does not know. Owns the answer to it.

use serde_json::json;

use super::{Answer, Call, Front, StandIn};

/// The upstream makes plain interfaces only: there is none of any other type to be found.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html>
pub(crate) struct Interfaces;

impl StandIn for Interfaces {
    fn service(&self) -> &'static str {
        "ec2"
    }

    fn operations(&self) -> &'static [&'static str] {
        &["DescribeNetworkInterfaces"]
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[]
    }

    async fn answer(&self, call: &Call, _front: &Front) -> Option<Answer> {
        let filters = call.params.get("Filter")?.as_array()?;
        let of_type = filters.iter().find(|filter| filter["Name"] == json!("interface-type"))?;
        let types = of_type["Value"].as_array()?;
        let plain = types.iter().any(|kind| *kind == json!("interface"));
        (!plain).then(Answer::empty)
    }
}
