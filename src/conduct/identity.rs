//! Who runs the program, as the system and AWS show them, and who the operators of a run are.

use std::time::Duration;

use crate::{
    aws::{Aws, Endpoints, Place},
    engine::World,
    journal::{Ledger, Record, RunDir, Who},
};

use super::{Context, access, operator::system_user, reconnect::Was, whose};

/// How long whoever answers waits for AWS to say who they are.
const ASKS: Duration = Duration::from_secs(20);

/// The caller that AWS sees, with those by whom it assumed its role, and the user of the system.
pub(super) fn seen(aws: &Aws) -> Who {
    let callers = aws.made_from().iter().chain([&aws.scope().principal]).cloned().collect();
    Who { callers, system: system_user() }
}

/// The same for whoever answers a question of a run, by the credentials in use. STS is asked where the run asked it,
/// and nowhere else: an endpoint of the answerer's own choice would say whatever they like. Where it cannot be asked
/// there, the program says so, and the system's user is all that is known.
pub(crate) async fn caller(context: &Context, dir: &RunDir) -> Who {
    let why = match asked(context, dir).await {
        Ok(who) => return who,
        Err(why) => why,
    };
    context.say(&format!("warning: AWS does not say who you are: {why}"));
    Who { callers: Vec::new(), system: system_user() }
}

async fn asked(context: &Context, dir: &RunDir) -> Result<Who, String> {
    let ledger = Ledger::read(&dir.journal()).map_err(|error| error.to_string())?;
    let Some(Record::RunStarted { scope, endpoint, .. }) = &ledger.started else {
        return Err("the journal does not start with a run".into());
    };
    let plan = whose::plan(dir, &ledger);
    let Some(was) = Was::of(plan.as_ref(), endpoint.as_deref()) else {
        return Err("the run's plan, which has where its calls went, is not the one that the run began with".into());
    };
    let was = was.at("sts")?;
    let mut options = context.connect_options();
    options.region.get_or_insert_with(|| scope.region.clone());
    // Of another machine, which whoever wrote the plan may have named, only a setting of one's own makes use.
    if Endpoints::place_of(was, "sts") == Place::Here {
        options.endpoint_url = was.map(str::to_owned);
    }
    let aws = match tokio::time::timeout(ASKS, access::connect(context, options)).await {
        Ok(Ok(aws)) => aws,
        Ok(Err(failure)) => return Err(failure.message),
        Err(_) => return Err(format!("no answer within {} s", ASKS.as_secs())),
    };
    let now = aws.endpoints().url("sts");
    if !is_the_same(was, now) {
        let name = |url: Option<&str>| url.unwrap_or("AWS").to_owned();
        return Err(format!(
            "the run's calls to STS go to {}, and yours would go to {}, which could say anything",
            name(was),
            name(now)
        ));
    }
    Ok(seen(&aws))
}

/// Whether two endpoints of STS say the same of whoever calls.
fn is_the_same(was: Option<&str>, now: Option<&str>) -> bool {
    let is_aws = |url| Endpoints::place_of(url, "sts") == Place::Aws;
    was == now || is_aws(was) && is_aws(now)
}

/// The system user who may read every file.
pub(super) const ADMINISTRATOR: u32 = 0;

/// Whether this process is the machine's administrator and the run is an ordinary user's. Such a process has no part of
/// the run's key, and may answer: the files that it leaves show whose they are.
pub(super) fn is_administrator_of(dir: &RunDir) -> bool {
    is_administrator() && dir.owner().is_some_and(|owner| owner != ADMINISTRATOR)
}

pub(crate) fn is_administrator() -> bool {
    #[cfg(unix)]
    {
        rustix::process::geteuid().is_root()
    }
    #[cfg(not(unix))]
    false
}

/// Everybody who started or resumed a run.
pub(super) fn operators<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Who> {
    let of = |record: &Record| match record {
        // The journal of an earlier version has the caller alone.
        Record::RunStarted { who, scope, .. } if who.is_unknown() => {
            Some(Who { callers: vec![scope.principal.clone()], system: None })
        }
        Record::RunStarted { who, .. } | Record::Resumed { who, .. } => Some(who.clone()),
        _ => None,
    };
    records.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_answers_does_not_choose_who_says_who_they_are() {
        let (aws, lab) = (None, Some("http://127.0.0.1:4566"));
        let regional = Some("https://sts.eu-west-1.amazonaws.com");
        for (was, now) in [(aws, aws), (aws, regional), (regional, aws), (lab, lab)] {
            assert!(is_the_same(was, now), "{was:?} {now:?}");
        }
        let other = Some("http://127.0.0.1:4567");
        let theirs = Some("https://sts.amazonaws.com.example.net");
        for (was, now) in [(aws, lab), (aws, theirs), (lab, other), (lab, aws), (theirs, aws)] {
            assert!(!is_the_same(was, now), "{was:?} {now:?}");
        }
    }
}
