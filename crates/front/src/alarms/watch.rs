//! The loop that evaluates the alarms of one account and Region, as often as CloudWatch would.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::alarm::{Alarm, UNCHECKED};
use super::evaluate::evaluate;
use super::metrics::Window;
use super::{Holds, KIND, metrics, reason, status_check, traffic, upstream};
use crate::{AwsError, Front, Scope, Session};

/// How often CloudWatch looks: at alarms with periods below a minute, and at all others.
const FINE: Duration = Duration::from_secs(10);
const COARSE: Duration = Duration::from_mins(1);
/// The upstream is not asked more often than this, however fast the clock.
const SHORTEST: Duration = Duration::from_millis(500);
/// How long an account without alarms is left alone.
const IDLE: Duration = Duration::from_secs(2);

/// Runs until the front stops.
pub(super) async fn watch(front: Front, at: Scope, holds: Holds) {
    let session = front.as_service(&at);
    let mut seen = Seen::default();
    let pause = front.clock().shorten(FINE).max(SHORTEST);
    loop {
        tokio::time::sleep(pause).await;
        // Nothing is asked for once an upstream's reset has made everything forgotten.
        if !front.store().scopes(KIND).contains(&at) {
            continue;
        }
        match pass(&front, &session, &holds, &mut seen).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(IDLE).await,
            Err(error) => tracing::debug!(%error, "alarms were not evaluated"),
        }
    }
}

/// In which turn of its interval each alarm, and what the lab publishes for them, were last looked at.
#[derive(Default)]
struct Seen {
    alarms: HashMap<String, i128>,
    checks: Option<i128>,
}

/// Whether there are alarms at all.
async fn pass(
    front: &Front,
    session: &Session,
    holds: &Holds,
    seen: &mut Seen,
) -> Result<bool, AwsError> {
    let now = Timestamp::now();
    let turn = |interval: Duration| {
        let length = front.clock().shorten(interval).max(SHORTEST);
        now.as_nanosecond() / i128::try_from(length.as_nanos()).unwrap_or(1)
    };
    let alarms = upstream::alarms(session, None).await?;
    seen.alarms.retain(|name, _| alarms.iter().any(|alarm| alarm.name == *name));
    for alarm in &alarms {
        let turn = turn(if alarm.period < 60 { FINE } else { COARSE });
        if holds.is_held(session.scope(), &alarm.name)
            || seen.alarms.get(&alarm.name) == Some(&turn)
        {
            continue;
        }
        // A new alarm waits for its next turn, as its metric may just have begun.
        let is_known = seen.alarms.insert(alarm.name.clone(), turn).is_some();
        if is_known && let Err(error) = judge(front, session, alarm, now).await {
            tracing::debug!(alarm = alarm.name, %error, "an alarm was not evaluated");
        }
    }
    let turn = turn(COARSE);
    if seen.checks.replace(turn) != Some(turn) {
        status_check::publish(session, &alarms).await?;
        traffic::publish(session, &alarms).await?;
    }
    Ok(!alarms.is_empty())
}

async fn judge(
    front: &Front,
    session: &Session,
    alarm: &Alarm,
    now: Timestamp,
) -> Result<(), AwsError> {
    let Some(rule) = alarm.rule().filter(|_| !alarm.is_extended) else { return Ok(()) };
    let window = Window::before(now, alarm.period, rule.range(), front.clock());
    let range = metrics::read(session, alarm, window).await?;
    let Some(verdict) = evaluate(&rule, &range) else { return Ok(()) };
    let is_same = verdict.state == alarm.standing.state;
    if is_same && alarm.standing.reason != UNCHECKED {
        return Ok(());
    }
    let text = reason::text(&rule, alarm.to_alarm.is_some(), &verdict);
    let data = reason::data(alarm, &verdict, now).to_string();
    let new = upstream::standing(verdict.state, text, data);
    upstream::set(session, &alarm.name, &new).await?;
    if !is_same {
        upstream::announce(front, session, alarm, &new).await;
    }
    Ok(())
}
