//! `aws:fis:inject-api-*-error`: rules in the front's own faults, for the calls of the targeted roles' sessions.
//!
//! Which errors the three mean, by service:
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-server>,
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/CommonErrors.html>.

use super::{Step, Trouble};
use crate::faults::{Effect, Rule};
use crate::fis::catalogue::{Kind, list};
use crate::fis::model::Undo;

pub(super) async fn install(step: &Step) -> Result<(), Trouble> {
    let service = step.parameter("service").unwrap_or_default();
    let percentage = step.parameter("percentage").and_then(|text| text.parse().ok());
    let mut rules = Vec::new();
    for role in step.arns() {
        for operation in list(step.parameter("operations").unwrap_or_default()) {
            let mut rule = Rule::new(service, operation, effect(step.kind, service));
            rule.role = Some(role.to_owned());
            rule.percentage = percentage;
            rule.check().map_err(Trouble::configuration)?;
            rules.push(step.front.faults().add(rule));
        }
    }
    step.journal(Undo::RemoveFaults { rules }).await;
    Ok(())
}

/// Rules do not outlive the front: a restart puts them in force again.
pub(super) async fn renew(step: &Step) -> Result<(), Trouble> {
    for undo in step.journaled() {
        step.forget(&undo);
    }
    install(step).await
}

pub(super) fn remove(step: &Step, rules: &[String]) {
    for rule in rules {
        step.front.faults().remove(rule);
    }
}

fn effect(kind: Kind, service: &str) -> Effect {
    let error = |code: &str, status: u16, message: &str| Effect::Error {
        code: code.into(),
        status,
        message: message.into(),
    };
    let unavailable = "The service is unavailable. Please try again shortly.";
    match (kind, service) {
        (Kind::ThrottleError, _) => Effect::Throttle,
        (Kind::UnavailableError, "ec2") => error("Unavailable", 503, unavailable),
        (Kind::UnavailableError, _) => error("ServiceUnavailable", 503, unavailable),
        (_, "ec2") => error("InternalError", 500, "An internal error has occurred"),
        _ => error("InternalFailure", 500, "An internal failure has occurred"),
    }
}
