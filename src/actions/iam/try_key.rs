//! Try calls with a leaked key and report whether AWS refuses each of them.
//!
//! For an incident in which the responder holds the leaked credentials. Put it after the containment: reading the account
//! shows what was written, and only the key itself shows what it can still do. No shipped playbook does this.
//!
//! `secret-key` and `session-token` are read from sensitive inputs, used as a whole; `check` refuses anything else. Give them
//! from a file, the environment or a secret store. They are never printed and never journaled. The calls only read, and are made by
//! the key's owner as CloudTrail has it, so they show up there as uses of the leaked key.
//!
//! A call counts as refused when it was refused with an access error twice in a row, at least 5 s apart: IAM is eventually
//! consistent. That it was allowed before, nobody can show now: choose calls that the key could make.
//! `sts:GetCallerIdentity` is not among them, because AWS never refuses it to valid credentials.
//!
//! A secret that does not belong to the key is no refusal (`SignatureDoesNotMatch`): it may be mistyped. For a key id
//! or a session token that AWS does not know, the answer is the same as for one that was deleted, so copy them with care.
//!
//! ```yaml
//! try-it:
//!   uses: iam.try-key
//!   needs: [disable-key, deny-sessions]
//!   with:
//!     access-key: ${{ inputs.access-key }}
//!     secret-key: ${{ inputs.secret-key }}
//! ```
//!
//! Verdict: proven for these calls when each is refused; failed when one works, with its name; presumed when one got no
//! clear answer (a throttle, no answer, a wrong secret).
//!
//! AWS: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html>

use std::time::Duration as Time;

use tokio::time::{Instant, sleep};

use crate::{
    actions::kit::*,
    aws::tried::{Call, Holder, Name, Reads, TriedCall, Until, Watch, all, detail, outcome},
    engine::AFTER_RUN,
    playbook::types::{AccessKeyId, Duration, is_placeholder},
};

/// Inputs of `iam.try-key`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TryKey {
    /// Id of the leaked key (`AKIA...` or `ASIA...`); it is no secret.
    pub access_key: AccessKeyId,
    /// Its secret.
    #[schemars(length(min = 1), extend("writeOnly" = true, "x-secret" = true))]
    pub secret_key: String,
    /// The token of its session, for a temporary key (`ASIA...`).
    #[serde(default)]
    #[schemars(extend("writeOnly" = true, "x-secret" = true))]
    pub session_token: Option<String>,
    /// Calls that only read.
    #[serde(default = "usual")]
    #[schemars(length(min = 1))]
    pub calls: Vec<Reads>,
    /// How long AWS may take to refuse them.
    #[serde(default = "minute")]
    pub within: Duration,
}

fn usual() -> Vec<Reads> {
    vec![Reads::DescribeInstances, Reads::ListUsers, Reads::ListAllMyBuckets]
}

fn minute() -> Duration {
    Duration::new("1m").expect("a duration")
}

/// Outputs of `iam.try-key`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct KeyTried {
    /// `pass` when each call is refused, else `unknown`. One that works fails the step.
    pub outcome: String,
    /// What became of each call.
    pub calls: Vec<TriedCall>,
}

impl Action for TryKey {
    const SPEC: Spec = spec! {
        "iam.try-key": "Try calls with a leaked key and report what is refused";
        Verify, verdict;
    };
    type Output = KeyTried;

    async fn run(&self, step: &Step<Aws>) -> Result<KeyTried, StepError> {
        self.check()?;
        let key = self.access_key.as_str();
        let names: Vec<_> = self.calls.iter().map(|call| call.name()).collect();
        let mut tried = KeyTried { outcome: AFTER_RUN.into(), calls: Vec::new() };
        step.verify(&format!("calls of access key `{key}`: {}", names.join(", ")), async {
            tried.calls = self.tried(step).await?;
            tried.outcome = outcome(&tried.calls).into();
            let reason = detail(&tried.calls);
            let verdict = match tried.outcome.as_str() {
                "pass" => Verdict::Proven,
                "still-works" => Verdict::Failed { reason },
                _ => Verdict::Presumed { reason },
            };
            Ok((verdict, json!({ "access-key": key, "calls": &tried.calls })))
        })
        .await?;
        Ok(tried)
    }
}

impl TryKey {
    fn check(&self) -> Result<(), StepError> {
        let refuse = |text: String| Err(StepError::Refused(text));
        let key = self.access_key.as_str();
        if self.calls.is_empty() {
            return refuse("`calls` is empty, so nothing would be tried".into());
        }
        if self.secret_key.is_empty() {
            return refuse("`secret-key` is empty".into());
        }
        let temporary = key.starts_with("ASIA");
        match &self.session_token {
            _ if is_placeholder(key) => Ok(()),
            None if temporary => {
                refuse(format!("`{key}` is a temporary key: give its `session-token`, too"))
            }
            Some(_) if !temporary => {
                refuse(format!("`{key}` is a long-term key, which has no `session-token`"))
            }
            _ => Ok(()),
        }
    }

    async fn tried(&self, step: &Step<Aws>) -> Result<Vec<TriedCall>, StepError> {
        let key = self.access_key.as_str();
        let runner = step.world();
        let holder = runner.with_keys(key, &self.secret_key, self.session_token.clone());
        let holder = holder.asked_once();
        let calls: Vec<_> = self.calls.iter().map(|call| Name::Reads(*call)).collect();
        let calls: Vec<_> = calls.into_iter().map(|call| Call { call, on: None }).collect();
        let (begun, mut watch) = (Instant::now(), Watch::default());
        let pause = runner.patience().poll.min(Time::from_secs(5));
        loop {
            let answers = all(&calls, &holder, runner, Holder::Given).await;
            let at = runner.now().await?;
            watch.saw(answers, at, Instant::now());
            let over = begun.elapsed() > self.within.as_std();
            if watch.settled(Until::Refused, over, Instant::now()) {
                return Ok(watch.ends(&calls, &format!("access key {key}"), None));
            }
            sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        actions::testing::{plan, run},
        aws::replay::{Replay, aws},
        engine::{Verdict, plan::PlanState},
        journal::{Ledger, StepState},
    };

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI-not-a-secret";

    fn inputs(within: &str) -> Value {
        json!({ "access-key": KEY, "secret-key": SECRET, "calls": ["iam:ListUsers"], "within": within })
    }

    fn answered(status: u16, code: &str) -> Replay {
        let body = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>No.</Message></Error></ErrorResponse>"
        );
        Replay::default()
            .date("Tue, 24 Nov 2026 10:00:00 GMT")
            .answer("ListUsers", status, &body)
            .xml(
                "GetCallerIdentity",
                "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>",
            )
    }

    fn verdict(ledger: &Ledger) -> Option<Verdict> {
        ledger.steps["step"].verdicts.values().last().map(|(verdict, _)| verdict.clone())
    }

    #[tokio::test]
    async fn a_key_that_is_refused_twice_is_proven_for_these_calls() {
        let replay = answered(403, "InvalidClientTokenId");
        let ledger = run(aws(&replay), "iam.try-key", inputs("1m")).await;
        assert_eq!(verdict(&ledger), Some(Verdict::Proven), "{:?}", ledger.steps["step"].state);
        let StepState::Finished(outputs) = &ledger.steps["step"].state else { panic!("it ended") };
        assert_eq!(outputs["calls"][0]["code"], "InvalidClientTokenId");
        let tried = replay.seen().into_iter().filter(|seen| seen.action == "ListUsers");
        assert!(tried.clone().count() >= 2 && tried.into_iter().all(|seen| seen.signed_by == KEY));
        let journaled = format!("{:?}", ledger.steps["step"]);
        assert!(!journaled.contains(SECRET), "{journaled}");
    }

    #[tokio::test]
    async fn what_works_fails_and_what_is_unclear_is_presumed() {
        let users = "<ListUsersResponse><ListUsersResult><Users/><IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>";
        let replay = answered(400, "Throttling").xml("ListUsers", users);
        let ledger = run(aws(&replay), "iam.try-key", inputs("100ms")).await;
        let Some(Verdict::Failed { reason }) = verdict(&ledger) else { panic!("{ledger:?}") };
        assert_eq!(reason, format!("`iam:ListUsers` as `access key {KEY}` still works"));
        for code in ["Throttling", "SignatureDoesNotMatch"] {
            let ledger = run(aws(&answered(403, code)), "iam.try-key", inputs("100ms")).await;
            let Some(Verdict::Presumed { reason }) = verdict(&ledger) else { panic!("{code}") };
            assert!(reason.contains("is not known"), "{reason}");
        }
    }

    #[tokio::test]
    async fn a_plan_makes_no_call_and_refuses_half_a_key() {
        let replay = Replay::default();
        let step = plan(aws(&replay), "iam.try-key", inputs("1m")).await;
        assert_eq!(step.state, PlanState::Planned, "{step:#?}");
        assert!(replay.actions().is_empty());
        let with = |key: &str, value: Value| {
            let mut inputs = inputs("1m");
            inputs[key] = value;
            inputs
        };
        for (inputs, part) in [
            (with("access-key", "ASIAIOSFODNN7EXAMPLE".into()), "give its `session-token`"),
            (with("session-token", "t".into()), "has no `session-token`"),
            (with("calls", json!([])), "nothing would be tried"),
            (with("secret-key", "".into()), "`secret-key` is empty"),
        ] {
            let step = plan(aws(&replay), "iam.try-key", inputs).await;
            let PlanState::Refused(why) = step.state else { panic!("{part}") };
            assert!(why.contains(part), "{why}");
            assert!(!why.contains(SECRET), "{why}");
        }
    }
}
