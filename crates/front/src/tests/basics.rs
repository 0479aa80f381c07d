//! A stand-in answers its operations, everything else is the upstream's, and both are recorded.

use serde_json::json;

use super::testing::served;
use crate::{Answer, AwsError, Call, Front, Route, StandIn};

/// A stand-in as small as one can be.
struct Hello;

impl StandIn for Hello {
    fn service(&self) -> &'static str {
        "fis"
    }

    fn operations(&self) -> &'static [&'static str] {
        &["GetExperiment", "ListExperiments"]
    }

    fn routes(&self) -> &'static [Route] {
        const {
            &[
                Route::new("GET", "/experiments/{id}", "GetExperiment"),
                Route::new("GET", "/experiments", "ListExperiments"),
            ]
        }
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &["experiments exist only in name"]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        Some(match call.operation.as_str() {
            "GetExperiment" => get(call, front).await.into(),
            _ => Answer::ok(json!({ "experiments": [] })),
        })
    }
}

async fn get(call: &Call, front: &Front) -> Result<serde_json::Value, AwsError> {
    let id = call.required("id")?;
    if id != "EXP1" {
        return Err(AwsError::not_found(format!("Experiment {id} was not found.")));
    }
    let vpcs = front.as_caller(call).query("ec2", "DescribeVpcs", json!({})).await?;
    Ok(json!({ "experiment": { "id": id, "vpcs": vpcs.all("vpcSet/item").len() } }))
}

#[tokio::test]
async fn boto3_talks_to_a_stand_in_and_to_the_upstream() {
    let lab = served(|front| front.with(Hello)).await;
    let script = "
fis = client('fis')
try:
    fis.get_experiment(id='EXP2')
except ClientError as error:
    refused = [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode']]
vpcs = client('ec2').describe_vpcs()['Vpcs']
result = [fis.list_experiments()['experiments'], refused, len(vpcs), client('sts').get_caller_identity()['Account']]
";
    let result = lab.boto3(script).await;
    assert_eq!(result, json!([[], ["ResourceNotFoundException", 404], 1, lab.account]));
    let found = lab
        .client
        .rest("fis", "GetExperiment", hyper::Method::GET, "/experiments/EXP1", json!(null))
        .await;
    assert_eq!(found.expect("found")["experiment"]["vpcs"], 1);
    let names: Vec<_> =
        lab.front.trail().before(&lab.scope(), u64::MAX).iter().map(|r| r.name.clone()).collect();
    assert_eq!(
        names,
        ["GetExperiment", "GetCallerIdentity", "ListExperiments", "DescribeVpcs", "GetExperiment"]
    );
}
