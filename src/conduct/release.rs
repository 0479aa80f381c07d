//! Gives back what a run took, and nothing else: shows what that would be, then does what was shown.

use crate::{
    aws::{Aws, registry},
    engine::{
        World,
        foresee::{Foreseen, foresee},
        may_be_open_in,
        plan::Expected,
        release::{Item, Request, is_left_over},
    },
    journal::{self, RunDir},
    program::{prepare::parent, release_plan::ReleasePlan},
};

use super::{
    Approvals, Context, Exit, Failure,
    drill::{self, Again},
    identity::seen,
    operator,
    reconnect::{known, reconnect},
    start::Start,
    stopping::Doing,
};

/// What to give back.
#[derive(Clone, Debug, Default)]
pub struct Release {
    /// Only these steps; all when there are none.
    pub steps: Vec<String>,
    /// Conflicts to overwrite anyway, each as `KIND TARGET`.
    pub force: Vec<String>,
    /// Take away what operations left, too, and give back what is kept on purpose. A drill is always
    /// released so; of any other run that is evidence.
    pub discard: bool,
    /// Sensitive inputs of the run, which are kept nowhere: what holds one is then told from a foreign
    /// change.
    pub inputs: Vec<(String, String)>,
}

/// A release that was looked at and can be made. The run is locked until this is dropped.
pub struct PlannedRelease {
    /// What would be given back.
    pub plan: ReleasePlan,
    start: Start,
    aws: Aws,
    secrets: Vec<String>,
    is_drill: bool,
}

/// What a release came to.
pub struct Released {
    /// The directory of the run.
    pub dir: RunDir,
    /// What was given back, kept, or left alone.
    pub items: Vec<Item>,
    /// SHA-256 of the journal's last line.
    pub head: String,
    /// Whether the scorecard of a completely released drill could be saved again.
    pub scored: Result<(), Failure>,
}

impl Released {
    /// The exit code that fits.
    pub fn exit(&self) -> Exit {
        if self.items.iter().any(is_left_over) { Exit::Drift } else { Exit::Ok }
    }
}

/// Looks at what a release of a run would do, by its id, a unique prefix of it, or `last`. Writes nothing.
///
/// # Errors
/// There is no such run or step, another process works on the run, or its account cannot be reached.
pub async fn plan_release(
    context: &Context,
    asked: &str,
    release: &Release,
) -> Result<PlannedRelease, Failure> {
    let mut start = Start::of(context, asked)?;
    let dir = start.dir.clone();
    let id = dir.id().to_owned();
    for step in &release.steps {
        let known = start.ledger.steps.keys();
        if !known.clone().any(|id| id == step || parent(id) == step) {
            let known: Vec<_> = known.map(String::as_str).collect();
            return Err(Failure::new(Exit::Usage, format!("run {id} has no step `{step}`"))
                .help(format!("its steps are {}", known.join(", "))));
        }
    }
    let aws = reconnect(context, &start.dir, &start.ledger).await?.with_run(&id);
    let is_drill = start.ledger.drill().is_some();
    let secrets = known(context, &aws, &dir, &start.ledger, &release.inputs).await?;
    let request = Request {
        steps: (!release.steps.is_empty()).then(|| release.steps.clone()),
        force: release.force.clone(),
        discard: is_drill || release.discard,
        ..Request::default()
    };
    context.hide(secrets.clone());
    let redactor = start.redactor(&context.hidden());
    start.ledger.reveal(&redactor);
    let released = start.ledger.released == Some(true);
    let items = match released {
        true => Vec::new(),
        false => foresee(&aws, &registry(), &start.ledger, &request, &redactor).await?,
    };
    let used = aws.endpoints().used_by_all();
    let plan = ReleasePlan {
        run: id,
        scope: aws.scope().clone(),
        endpoint: used.endpoint,
        endpoints: used.endpoints,
        local: used.local,
        released,
        may_be_open: if released { Vec::new() } else { may_be_open_in(&start.ledger) },
        steps: release.steps.clone(),
        force: release.force.clone(),
        discard: request.discard,
        items,
        sha256: String::new(),
    };
    Ok(PlannedRelease { plan: plan.sealed(), start, aws, secrets, is_drill })
}

impl PlannedRelease {
    /// Gives back what was shown, and nothing else.
    ///
    /// # Errors
    /// The journal cannot be written, or the release was stopped. What could not be given back is in the items.
    pub async fn release(self, context: &Context) -> Result<Released, Failure> {
        let Self { plan, start, aws, secrets, is_drill } = self;
        let dir = start.dir.clone();
        let me = seen(&aws);
        let session =
            start.open(context, aws, secrets, Expected::default(), Approvals::default(), me)?;
        let whole = plan.steps.is_empty();
        let request = Request {
            steps: (!whole).then_some(plan.steps),
            force: plan.force,
            discard: plan.discard,
            shown: Some(plan.items.iter().filter_map(Foreseen::written).collect()),
            by: operator(),
        };
        let scores = is_drill && whole;
        let Again { items, card } =
            drill::released(session, &request, Doing::Release, scores).await?;
        let head = journal::each(&dir.journal(), drop)?.head.hash;
        let scored = card.map_or(Ok(()), |card| card.map(drop));
        Ok(Released { dir, items, head, scored })
    }
}

/// Looks at a run and releases it at once: the caller's own decision stands for an approval.
///
/// # Errors
/// As [`plan_release`] and [`PlannedRelease::release`].
pub async fn release(
    context: &Context,
    asked: &str,
    release: Release,
) -> Result<Released, Failure> {
    plan_release(context, asked, &release).await?.release(context).await
}
