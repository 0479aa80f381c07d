//! Check that a drill may run here and now, before it touches anything.
//!
//! Refused, in the plan and again in the run, unless all of this holds:
//!
//! - the run works in one of `accounts` and in one of `regions`;
//! - the safety lever of FIS is not engaged: someone has stopped all experiments;
//! - each of `stop-alarms` exists and is not in `ALARM`: it would stop the experiment, or there is an incident
//!   already;
//! - the estimated cost is at most `max-cost`;
//! - it is within `window`, on AWS's clock.
//!
//! Noted, not refused: an alarm without data, a Region without a safety lever, and experiments that
//! run already. `required-tag` is recorded here; targets are held to it where faults are injected.
//! The cost is an estimate from list prices in us-east-1, not a bill. What it leaves out is noted (`unpriced`).
//!
//! Time zones by name are read from the files of the machine that runs the drill; `UTC` and offsets
//! need none. <https://docs.aws.amazon.com/fis/latest/userguide/safety-lever.html>
//!
//! ```yaml
//! guard:
//!   uses: drill.guard
//!   with:
//!     accounts: ["111122223333"]
//!     regions: [eu-central-1]
//!     required-tag: backburn:drill=allowed
//!     max-cost: 5
//!     forecast: { fis-action-minutes: 10, restores: 1 }
//!     stop-alarms: [checkout-errors]
//!     window: { days: [mon, tue, wed], from: "09:00", to: "16:00", time-zone: Europe/Berlin }
//! ```

use super::{cost::Forecast, window::Window};
use crate::{
    actions::kit::*,
    aws::{
        drill::{AlarmStates, AwsTime},
        fis::{RunningExperiments, SafetyLever},
        iam::Caller,
    },
    playbook::types::{AccountId, Region},
};

/// Inputs of `drill.guard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guard {
    /// Accounts in which the drill may run.
    #[schemars(length(min = 1))]
    pub accounts: Vec<AccountId>,
    /// Regions in which it may run.
    #[schemars(length(min = 1))]
    pub regions: Vec<Region>,
    /// `key=value` that every target must have.
    #[serde(default)]
    pub required_tag: Option<String>,
    /// The most that it may cost, in USD.
    #[schemars(range(min = 0))]
    pub max_cost: f64,
    /// What it is going to use.
    #[serde(default)]
    pub forecast: Forecast,
    /// What may cost more than the forecast knows, in words.
    #[serde(default)]
    pub unpriced: Vec<String>,
    /// Names or ARNs of CloudWatch alarms that must not be in `ALARM`; those of the run's account
    /// and Region.
    #[serde(default)]
    pub stop_alarms: Vec<String>,
    /// When it may run; at any time when left out.
    #[serde(default)]
    pub window: Option<Window>,
}

/// Outputs of `drill.guard`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Guarded {
    /// The account in which the drill runs.
    pub account: String,
    /// The Region in which it runs.
    pub region: String,
    /// Forecast, in USD.
    pub cost: f64,
    /// State of the safety lever: `disengaged`, or `none` where there is none.
    pub lever: String,
}

impl Action for Guard {
    const SPEC: Spec = spec! {
        "drill.guard": "Check that a drill may run here and now";
        Verify;
        uses [
            fact Caller, fact AwsTime, fact SafetyLever, fact RunningExperiments,
            fact AlarmStates,
        ];
    };
    type Output = Guarded;

    async fn run(&self, step: &Step<Aws>) -> Result<Guarded, StepError> {
        self.well_formed()?;
        let cost = self.affordable()?;
        let account = step.read(&Caller).await?.account;
        let region = step.world().scope().region.clone();
        self.here(&account, &region)?;
        self.now(step).await?;
        let lever = lever(step, &region).await?;
        self.alarms(step, &account, &region).await?;
        let running = step.read(&RunningExperiments::of(step.world())).await?;
        if !running.is_empty() {
            step.note(format!(
                "FIS experiments run already in {region}: {}; what they do may show in this drill",
                running.iter().map(|one| one.experiment.as_str()).collect::<Vec<_>>().join(", ")
            ))
            .await?;
        }
        if !self.unpriced.is_empty() {
            let what = self.unpriced.join("; ");
            step.note(format!("not in the forecast of {cost:.2} USD: {what}")).await?;
        }
        if let Some(tag) = &self.required_tag {
            step.note(format!("targets must have the tag `{tag}`")).await?;
        }
        Ok(Guarded { account, region, cost, lever })
    }
}

fn refuse<T>(text: String) -> Result<T, StepError> {
    Err(StepError::Refused(format!("{text}; nothing was touched")))
}

async fn lever(step: &Step<Aws>, region: &str) -> Result<String, StepError> {
    match step.read(&SafetyLever::of(step.world())).await? {
        None => {
            step.note(format!(
                "FIS has no safety lever in {region}: nobody can stop all experiments at once"
            ))
            .await?;
            Ok("none".into())
        }
        Some(lever) if lever.is_free() => Ok(lever.status),
        Some(lever) => {
            let reason = lever.reason;
            let reason =
                reason.map_or("no reason is given".into(), |why| format!("because: {why}"));
            refuse(format!(
                "the safety lever of FIS in {region} is {}, {reason}; all experiments are stopped there, so ask who engaged it, and disengage it when the reason is gone",
                lever.status
            ))
        }
    }
}

impl Guard {
    fn well_formed(&self) -> Result<(), StepError> {
        let open = self.accounts.iter().any(AccountId::is_placeholder)
            || self.regions.iter().any(Region::is_placeholder);
        if open {
            return Err(StepError::Open("is held to what an earlier step gives".into()));
        }
        if let Some(tag) = &self.required_tag
            && tag.split_once('=').is_none_or(|(key, _)| key.trim().is_empty())
        {
            return refuse(format!("`required-tag` is `{tag}`, and must be `key=value`"));
        }
        Ok(())
    }

    fn affordable(&self) -> Result<f64, StepError> {
        let cost = self.forecast.cost().or_else(refuse)?;
        if self.max_cost.is_finite() && cost <= self.max_cost {
            return Ok(cost);
        }
        refuse(format!(
            "the drill would cost about {cost:.2} USD, and `max-cost` is {:.2}; make it shorter or smaller, or raise `max-cost`",
            self.max_cost
        ))
    }

    fn here(&self, account: &str, region: &str) -> Result<(), StepError> {
        let list = |all: Vec<&str>| match all.is_empty() {
            true => "none".into(),
            false => format!("`{}`", all.join("`, `")),
        };
        let accounts: Vec<_> = self.accounts.iter().map(AccountId::as_str).collect();
        if !accounts.contains(&account) {
            return refuse(format!(
                "this run works in account {account}, and the drill may run in {}; use other credentials, or add it to `accounts`",
                list(accounts)
            ));
        }
        let regions: Vec<_> = self.regions.iter().map(Region::as_str).collect();
        if !regions.contains(&region) {
            return refuse(format!(
                "this run works in {region}, and the drill may run in {}; give `--region`, or add it to `regions`",
                list(regions)
            ));
        }
        Ok(())
    }

    async fn now(&self, step: &Step<Aws>) -> Result<(), StepError> {
        let Some(window) = &self.window else { return Ok(()) };
        let now = step.read(&AwsTime).await?;
        match window.holds(now) {
            Ok(true) => Ok(()),
            Ok(false) => refuse(format!(
                "the drill may run {window}, and now it is {}; wait, or change `window` with whoever set it",
                window.local(now)
            )),
            Err(why) => refuse(why),
        }
    }

    async fn alarms(&self, step: &Step<Aws>, account: &str, region: &str) -> Result<(), StepError> {
        if self.stop_alarms.is_empty() {
            return Ok(());
        }
        let names = self.stop_alarms.iter().map(|alarm| alarm_name(alarm, account, region));
        let names = names.collect::<Result<Vec<_>, _>>()?;
        let states = step.read(&AlarmStates { names: names.clone() }).await?;
        for name in &names {
            match states.get(name).map(String::as_str) {
                Some("OK") => {}
                Some("INSUFFICIENT_DATA") => {
                    step.note(format!(
                        "alarm `{name}` has no data yet: it can stop nothing until it has"
                    ))
                    .await?;
                }
                Some("ALARM") => {
                    return refuse(format!(
                        "alarm `{name}` is in ALARM: the experiment would be stopped at once, or something is wrong already; look into it first"
                    ));
                }
                Some(other) => {
                    return refuse(format!("alarm `{name}` is in the unknown state `{other}`"));
                }
                None => {
                    return refuse(format!(
                        "there is no alarm `{name}` in {region}: nothing would stop the experiment; make it, or correct `stop-alarms`"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// An alarm's name. A stop condition of FIS is an alarm of the same account and Region.
fn alarm_name(alarm: &str, account: &str, region: &str) -> Result<String, StepError> {
    if !alarm.starts_with("arn:") {
        return Ok(alarm.into());
    }
    let parts: Vec<&str> = alarm.splitn(7, ':').collect();
    match parts[..] {
        [_, _, "cloudwatch", there, whose, "alarm", name]
            if there == region && whose == account =>
        {
            Ok(name.into())
        }
        _ => refuse(format!("`{alarm}` is no alarm of account {account} in {region}")),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
