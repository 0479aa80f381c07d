//! Make a trail for a drill, and start its logging.
//!
//! The trail writes management events of its Region into `bucket`, which must be in this account. The
//! statements that CloudTrail needs are added to the bucket's policy, limited to this one trail. The
//! trail is named after run and step unless `name` says otherwise; one of that name that this run did not
//! make is never touched.
//!
//! Release deletes the trail, then gives the bucket its policy back. AWS charges for a second copy of
//! management events while the trail logs.
//!
//! ```yaml
//! trail:
//!   uses: cloudtrail.create-trail
//!   with:
//!     bucket: ${{ steps.logs.bucket }}
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    actions::{kit::*, naming},
    aws::{cloudtrail::Trail, owned::Made, partition, policy_document::listed, s3::BucketPolicy},
    engine::Scope,
    playbook::types::BucketName,
};

/// Inputs of `cloudtrail.create-trail`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateTrail {
    /// Where the log files go.
    pub bucket: BucketName,
    /// 3 to 128 characters; `backburn-RUN-STEP` when left out.
    #[serde(default)]
    #[schemars(length(min = 3, max = 128))]
    pub name: Option<String>,
    /// Tags beside those of the run.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// Outputs of `cloudtrail.create-trail`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TrailMade {
    /// Name of the trail.
    pub trail: String,
    pub arn: String,
}

impl Action for CreateTrail {
    const SPEC: Spec = spec! {
        "cloudtrail.create-trail": "Make a trail for a drill and start its logging";
        Recover;
        uses [setting BucketPolicy, setting Trail];
    };
    type Output = TrailMade;

    async fn run(&self, step: &Step<Aws>) -> Result<TrailMade, StepError> {
        naming::check_tags(&self.tags)?;
        let name = self.name.clone().unwrap_or_else(|| naming::own(step, 128));
        let bucket = self.bucket.to_string();
        let policy = BucketPolicy { bucket: bucket.clone() };
        // A bucket that the plan is still to make has no policy.
        let before = match self.bucket.is_placeholder() {
            true => None,
            false => step.read(&policy).await?,
        };
        let wanted = with_trail(before, &bucket, &name, step.world().scope());
        step.set(policy, Some(wanted)).await?;
        let trail = Trail {
            name: name.clone(),
            run: step.run().into(),
            step: step.id().into(),
            bucket,
            tags: self.tags.clone(),
        };
        let asked = json!({ "bucket": trail.bucket, "tags": trail.tags });
        let made = step.set(trail, Made::wanted(asked)).await?;
        Ok(TrailMade {
            trail: naming::shown(step, &name),
            arn: Made::id_of(made.as_ref(), &format!("ARN of {name}")),
        })
    }
}

/// The policy before with the two statements of this trail, once.
fn with_trail(before: Option<Value>, bucket: &str, trail: &str, scope: &Scope) -> Value {
    let partition = partition::of_arn(&scope.principal);
    let (region, account) = (&scope.region, &scope.account);
    let arn = format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{trail}");
    let place = format!("arn:{partition}:s3:::{bucket}");
    let service = json!({ "Service": "cloudtrail.amazonaws.com" });
    let sid = |word: &str| -> String {
        let text = format!("Backburn{word}{trail}");
        text.chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let ours = [
        json!({
            "Sid": sid("Acl"),
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": place,
            "Condition": { "StringEquals": { "aws:SourceArn": arn } },
        }),
        json!({
            "Sid": sid("Write"),
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": format!("{place}/AWSLogs/{account}/*"),
            "Condition": { "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": arn,
            } },
        }),
    ];
    let mut policy = before.unwrap_or_else(|| json!({ "Version": "2012-10-17", "Statement": [] }));
    let mine = |statement: &&Value| !ours.iter().any(|our| our["Sid"] == statement["Sid"]);
    let kept: Vec<_> = listed(&policy["Statement"]).iter().filter(mine).cloned().collect();
    policy["Statement"] = kept.into_iter().chain(ours.iter().cloned()).collect();
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_keeps_its_statements_and_gets_ours_once() {
        let scope = Scope {
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            principal: "arn:aws-cn:iam::123456789012:user/x".into(),
        };
        let theirs =
            json!({ "Version": "2012-10-17", "Statement": { "Sid": "x", "Effect": "Deny" } });
        let once = with_trail(Some(theirs), "logs", "t-1", &scope);
        assert_eq!(once["Statement"].as_array().map(Vec::len), Some(3));
        assert_eq!(once["Statement"][0]["Sid"], "x");
        assert_eq!(once["Statement"][2]["Resource"], "arn:aws-cn:s3:::logs/AWSLogs/123456789012/*");
        assert_eq!(with_trail(Some(once.clone()), "logs", "t-1", &scope), once);
        let fresh = with_trail(None, "logs", "t-1", &scope);
        assert_eq!(fresh["Statement"][0]["Sid"], "BackburnAclt1");
    }
}
