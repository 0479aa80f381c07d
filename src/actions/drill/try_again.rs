//! Make calls as the attacker of a drill, and report whether each of them works or is refused.
//!
//! A drill adds this step by itself, twice: before the response (`until: works`), so that a refusal later shows something,
//! and after it (`until: refused`). In a simulation it is written as `refused`.
//!
//! | outcome | means |
//! |---|---|
//! | `pass` | each call was refused with an access error, twice in a row and at least 5 s apart |
//! | `still-works` | a call works after `within` |
//! | `unknown` | a call got no clear answer (a throttle, a validation error, no answer at all), or it did not work before the response, either |
//!
//! Refused is what AWS answers with `AccessDenied`, `UnauthorizedOperation`, `InvalidClientTokenId` and the like. IAM is
//! eventually consistent, so one refusal is not believed.
//!
//! The calls change nothing. They read, or they are an attack's own call on a thing that this run made:
//! `s3:PutBucketPublicAccessBlock` writes the switches that the bucket has at that moment, which whoever runs the drill
//! reads.
//!
//! ```yaml
//! refused-key:
//!   uses: drill.try-again
//!   with:
//!     name: key
//!     calls: [{ call: "iam:ListUsers" }]
//!     since: ${{ steps.responded.at }}
//!     within: 2m
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use crate::{
    actions::{kit::*, s3::is_target},
    aws::{
        s3::BucketTags,
        tried::{Call, Memory, Name, Own, Tried, Tries, Until},
    },
    playbook::types::{BucketName, Duration, is_placeholder},
};

/// Inputs of `drill.try-again`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TryAgain {
    /// Name of the attempt, used once in a step.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The calls.
    #[schemars(length(min = 1))]
    pub calls: Vec<Call>,
    /// What each call has to do: `works` or `refused`.
    #[serde(default = "refused")]
    pub until: Until,
    /// When the response ended, as RFC 3339 on AWS's clock (`drill.mark`); needed for `refused`.
    #[serde(default)]
    pub since: Option<String>,
    /// How long it may take until they do.
    pub within: Duration,
    /// The calls that worked before the response: the refusal of another one shows nothing.
    #[serde(default)]
    pub worked: Option<Vec<String>>,
}

fn refused() -> Until {
    Until::Refused
}

impl Action for TryAgain {
    const SPEC: Spec = spec! {
        "drill.try-again": "Make an attacker's calls again and report what is refused";
        Verify;
        uses [fact BucketTags, operation Tries];
    };
    type Output = Tried;

    async fn run(&self, step: &Step<Aws>) -> Result<Tried, StepError> {
        self.check()?;
        for call in &self.calls {
            if let (Name::Own(Own::PutBucketPublicAccessBlock), Some(bucket)) =
                (call.call, &call.on)
            {
                let bucket: BucketName =
                    bucket.parse().map_err(|e| StepError::Refused(format!("`on`: {e}")))?;
                is_target(step, &bucket, None).await?;
            }
        }
        let attacker = step.world();
        // A session that this process took only now is not the one that the attacker had.
        if let (Some(session), Some(since)) = (attacker.session_taken(), &self.since)
            && since.parse::<jiff::Timestamp>().is_ok_and(|since| session.taken > since)
        {
            let text = "the stolen session was known only to the process that took it; release this drill and run it again";
            return Err(StepError::Refused(text.into()));
        }
        let runner = step.as_runner().world().clone();
        let tries = Tries {
            name: self.name.clone(),
            calls: self.calls.clone(),
            until: self.until,
            since: self.since.clone(),
            within: self.within.as_std(),
            before: self.worked.clone(),
            runner: Some(runner),
            memory: Memory::default(),
        };
        step.acting_as(attacker.asked_once()).start(tries).await
    }
}

impl TryAgain {
    fn check(&self) -> Result<(), StepError> {
        let refuse = |text: String| Err(StepError::Refused(text));
        if self.calls.is_empty() {
            return refuse("`calls` is empty, so nothing would be tried".into());
        }
        for call in &self.calls {
            match (call.call, &call.on) {
                (Name::Own(_), None) => {
                    return refuse(format!(
                        "`{}` needs `on`, the thing that it is made on",
                        call.call.text()
                    ));
                }
                (Name::Reads(_), Some(_)) => {
                    return refuse(format!(
                        "`{}` is made on nothing: take `on` off it",
                        call.call.text()
                    ));
                }
                _ => {}
            }
        }
        match (&self.since, self.until) {
            (None, Until::Refused) => {
                refuse("`until: refused` needs `since`, when the response ended".into())
            }
            (Some(since), _)
                if !is_placeholder(since) && since.parse::<jiff::Timestamp>().is_err() =>
            {
                refuse(format!(
                    "`since` is `{since}`, which is no moment; take it from `drill.mark`"
                ))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        actions::testing::plan,
        aws::replay::{Replay, aws},
        engine::plan::{PlanState, PlannedStep},
    };

    async fn planned(change: Value) -> PlannedStep {
        let mut inputs = json!({ "name": "key", "calls": [{ "call": "iam:ListUsers" }],
            "since": "(known after run)", "within": "2m" });
        let map = inputs.as_object_mut().expect("a mapping");
        map.extend(change.as_object().expect("a mapping").clone());
        plan(aws(&Replay::default()), "drill.try-again", inputs).await
    }

    #[tokio::test]
    async fn a_plan_shows_what_will_be_tried_and_tries_nothing() {
        let step = planned(json!({})).await;
        assert_eq!(step.state, PlanState::Planned, "{step:#?}");
        let operation = &step.operations[0].operation;
        assert_eq!(operation["calls"], json!([{ "call": "iam:ListUsers" }]));
    }

    #[tokio::test]
    async fn what_shows_nothing_or_hits_another_is_refused() {
        let block =
            |on: Value| json!({ "calls": [{ "call": "s3:PutBucketPublicAccessBlock", "on": on }] });
        for (change, part) in [
            (json!({ "calls": [] }), "nothing would be tried"),
            (json!({ "calls": [{ "call": "s3:PutBucketPublicAccessBlock" }] }), "needs `on`"),
            (json!({ "calls": [{ "call": "iam:ListUsers", "on": "x" }] }), "is made on nothing"),
            (json!({ "since": null }), "needs `since`"),
            (json!({ "since": "noon" }), "is no moment"),
        ] {
            let PlanState::Refused(why) = planned(change).await.state else { panic!("{part}") };
            assert!(why.contains(part), "{why}");
        }
        let tags = "<Tagging><TagSet><Tag><Key>backburn:run</Key><Value>01OTHER</Value></Tag></TagSet></Tagging>";
        let replay = Replay::default().answer("GET /photos", 200, tags);
        let mut inputs = json!({ "name": "key", "since": "(known after run)", "within": "2m" });
        let map = inputs.as_object_mut().expect("a mapping");
        map.extend(block("photos".into()).as_object().expect("a mapping").clone());
        let step = plan(aws(&replay), "drill.try-again", inputs).await;
        let PlanState::Refused(why) = step.state else { panic!("{step:#?}") };
        assert!(why.contains("was not made by this run"), "{why}");
    }
}
