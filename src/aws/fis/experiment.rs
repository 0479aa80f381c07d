//! An experiment that a step starts: absent, or started. Absent means that none of the step's is live:
//! taking it away stops it and waits until its actions have given back what they took.
//!
//! A stopped experiment cannot continue, and one that is over stays listed for 120 days: both agree with
//! absent, so that release has nothing to do, while a resumed step sees that it was started.
//! <https://docs.aws.amazon.com/fis/latest/userguide/stop-experiment.html>,
//! <https://docs.aws.amazon.com/fis/latest/userguide/view-experiment-progress.html>

use std::time::Duration;

use aws_sdk_fis::types;
use tokio::time::{Instant, sleep};

use super::{Mark, experiments, get, is_over, permissions::*, stop_experiment};
use crate::aws::{
    dynamodb::things::TABLE,
    ec2::things::{INSTANCE, VOLUME},
    iam::things::ROLE,
    kit::*,
    new_role::{self, is_about_assuming, with_new_role},
    s3::things::BUCKET,
    thing,
};

/// Instances that it stopped are started again while it stops.
const LONGEST: Duration = Duration::from_mins(15);
/// How long an experiment may take to resolve its targets before it is left to who waits for it.
const BEGINS: Duration = Duration::from_secs(30);

setting! {
    #[derive(PartialEq, Eq)]
    pub struct Experiment {
        #[serde(flatten)]
        pub mark: Mark,
        /// Id of the template.
        pub template: String,
        /// ARNs of what it hits, as far as its targets name them. What FIS selects by tags or filters
        /// is known only to FIS, when the experiment starts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub hits: Vec<String>,
    }
    // `None`: none was started.
    "fis.experiment" = Option<Started>, target "{}" of |it| it.mark.target();
    reads [LIST_EXPERIMENTS];
    writes [
        START_EXPERIMENT, START_EXPERIMENT.at(EXPERIMENT_TEMPLATES), TAG_RESOURCE, STOP_EXPERIMENT,
        GET_EXPERIMENT,
        // The first experiment of an account makes it.
        CREATE_SERVICE_LINKED_ROLE,
    ];
    releases [STOP_EXPERIMENT, GET_EXPERIMENT];
    release Removed Faults;
    touches [INSTANCE, VOLUME, ROLE, BUCKET, TABLE] |it, _before| {
        it.hits.iter().map(|arn| thing::of_arn(arn)).collect()
    };
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Started {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// It is not over.
    pub live: bool,
}

impl Started {
    /// Started now, by a write.
    pub fn now() -> Self {
        Self { id: None, live: true }
    }

    /// The id, or what stands for it in a plan.
    pub fn id_or_open(started: Option<&Self>) -> String {
        started.and_then(|started| started.id.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl Experiment {
    /// Live ones first.
    async fn find(&self, aws: &Aws) -> Result<Vec<(String, bool)>, CallError> {
        let live = |one: &types::ExperimentSummary| {
            let status = one.state.as_ref().and_then(|state| state.status.as_ref());
            !status.is_some_and(|status| is_over(status.as_str()))
        };
        let ours = experiments(aws).await?.into_iter();
        let ours = ours.filter(|one| self.mark.is_on(one.tags.as_ref()));
        let mut found: Vec<_> = ours
            .map(|one| (live(&one), one))
            .map(|(live, one)| (one.id.unwrap_or_default(), live))
            .collect();
        found.sort_by(|(a, a_live), (b, b_live)| b_live.cmp(a_live).then(a.cmp(b)));
        Ok(found)
    }

    /// Starts one; its id. Each attempt is another experiment.
    async fn start(&self, aws: &Aws, attempt: u32) -> Result<String, CallError> {
        let of = match attempt {
            0 => "experiment".to_owned(),
            more => format!("experiment {more}"),
        };
        let call = || async {
            let call = aws
                .fis()
                .start_experiment()
                .client_token(self.mark.token(&of))
                .experiment_template_id(&self.template)
                .set_tags(Some(self.mark.all()));
            call.send().await.by(START_EXPERIMENT)
        };
        let started = with_new_role(call).await?.experiment;
        Ok(started.and_then(|started| started.id).unwrap_or_default())
    }

    /// Whether an experiment came to nothing because FIS could not assume its role: FIS takes the
    /// start, and fails before it does anything. Others are left to who waits for the effect.
    async fn lacked_its_role(&self, aws: &Aws, id: &str) -> Result<bool, CallError> {
        let (started, pause) = (Instant::now(), aws.patience().poll);
        while started.elapsed() < BEGINS {
            let Some(now) = get(aws, id).await.absent_if_gone()? else { return Ok(false) };
            if !matches!(now.status.as_str(), "" | "pending" | "initiating") {
                let failed = now.status == "failed" && now.effective().is_none();
                return Ok(failed && is_about_assuming(&now.reason));
            }
            sleep(pause).await;
        }
        Ok(false)
    }

    async fn stop_all(&self, aws: &Aws) -> Result<(), CallError> {
        let (started, pause) = (Instant::now(), aws.patience().poll);
        let mut asked = false;
        loop {
            let live: Vec<_> =
                self.find(aws).await?.into_iter().filter(|(_, live)| *live).collect();
            let Some((id, _)) = live.first() else { return Ok(()) };
            if !asked {
                for (id, _) in &live {
                    stop_experiment(aws, id).await.done_if_gone()?;
                }
                asked = true;
            } else if started.elapsed() > LONGEST {
                let text = format!(
                    "experiment `{id}` is still stopping after {} min; look at it in the console",
                    LONGEST.as_secs() / 60
                );
                return Err(CallError::local("fis:StopExperiment", Class::Unknown, text));
            }
            sleep(pause).await;
        }
    }
}

impl Fact<Aws> for Experiment {
    async fn read(&self, aws: &Aws) -> Result<Option<Started>, CallError> {
        let found = self.find(aws).await?.into_iter().next();
        Ok(found.map(|(id, live)| Started { id: Some(id), live }))
    }
}

impl Setting<Aws> for Experiment {
    async fn write(&self, aws: &Aws, value: &Option<Started>) -> Result<(), CallError> {
        if value.is_none() {
            return self.stop_all(aws).await;
        }
        if !self.find(aws).await?.is_empty() {
            return Ok(());
        }
        for attempt in 0..new_role::ATTEMPTS {
            let id = self.start(aws, attempt).await?;
            if id.is_empty() || !self.lacked_its_role(aws, &id).await? {
                return Ok(());
            }
            sleep(new_role::PAUSE).await;
        }
        Ok(())
    }

    fn agrees(want: &Option<Started>, have: &Option<Started>) -> bool {
        match (want, have) {
            (None, None) => true,
            (None, Some(have)) => !have.live,
            (Some(want), Some(have)) => {
                want.id.is_none() || have.id.is_none() || want.id == have.id
            }
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
#[path = "experiment_tests.rs"]
mod tests;
