//! Gives back what a run took, and nothing else.

use crate::{
    engine::{
        plan::Expected,
        release::{Item, Request, is_left_over},
    },
    journal::{self, RunDir},
    program::prepare::parent,
};

use super::{
    Approvals, Context, Exit, Failure, drill, operator,
    reconnect::{known, reconnect},
    start::Start,
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

/// What a release came to.
pub struct Released {
    pub dir: RunDir,
    pub items: Vec<Item>,
    /// SHA-256 of the journal's last line.
    pub head: String,
    /// Whether the scorecard of a completely released drill could be saved again.
    pub scored: Result<(), Failure>,
}

impl Released {
    pub fn exit(&self) -> Exit {
        if self.items.iter().any(is_left_over) { Exit::Drift } else { Exit::Ok }
    }
}

/// Releases a run, by its id, a unique prefix of it, or `last`.
///
/// # Errors
/// There is no such run or step, another process works on the run, or its account cannot be reached.
/// What could not be given back is in the items.
pub async fn release(
    context: &Context,
    asked: &str,
    release: Release,
) -> Result<Released, Failure> {
    let start = Start::of(context, asked)?;
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
    let aws = reconnect(context, &start.ledger).await?.with_run(&id);
    let is_drill = start.ledger.drill().is_some();
    let secrets = known(context, &dir, &release.inputs)?;
    let session = start.open(context, aws, secrets, Expected::default(), Approvals::default())?;
    let whole = release.steps.is_empty();
    let request = Request {
        steps: (!whole).then_some(release.steps),
        force: release.force,
        discard: is_drill || release.discard,
        by: operator(),
    };
    let items = session.release(&request).await?;
    let head = journal::each(&dir.journal(), drop)?.head.hash;
    let scored =
        if is_drill && whole { drill::rescored(context, &dir, &items).map(drop) } else { Ok(()) };
    Ok(Released { dir, items, head, scored })
}
