//! Plans a run: walks the units with a step handle that only reads. Owns that walk.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use serde_json::Value;

use super::{
    StepError, World,
    plan::{PlanState, PlannedStep},
    step::{Mode, Overlay, Planned, Reads, Step},
    unit::Unit,
    walk::{Drive, Settled, walk},
    withheld::Withheld,
};

struct Planner<C: World> {
    world: C,
    run: String,
    overlay: Arc<Overlay>,
    withheld: Withheld,
    steps: Mutex<IndexMap<String, Arc<Mutex<PlannedStep>>>>,
}

/// How many steps read concurrently before a plan is made.
const SCOUTS: usize = 32;

/// What each unit would do, in the order in which they would run one by one; reads only. Steps of
/// a for-each carry their item: `isolate[2]`.
pub async fn plan<C: World>(units: &Arc<Vec<Unit<C>>>, world: C, run: &str) -> Vec<PlannedStep> {
    plan_over(units, world, run, &Arc::default(), &Withheld::default()).await
}

/// Walks side by side for what is read, so that plans over the same reads come sooner. What this walk
/// plans is thrown away, since it may see steps in any order.
pub async fn scout<C: World>(
    units: &Arc<Vec<Unit<C>>>,
    world: C,
    run: &str,
    withheld: &Withheld,
) -> Arc<Reads> {
    let reads: Arc<Reads> = Arc::default();
    walk(units, Planner::over(world, run, reads.clone(), withheld.clone()), SCOUTS).await;
    reads
}

/// The same plan as [`plan`] over what was read already, without the steps that are held back: nothing of
/// them is planned, and later steps see the account without them.
pub async fn plan_over<C: World>(
    units: &Arc<Vec<Unit<C>>>,
    world: C,
    run: &str,
    reads: &Arc<Reads>,
    withheld: &Withheld,
) -> Vec<PlannedStep> {
    let planner = Planner::over(world, run, reads.clone(), withheld.clone());
    // One by one, so that each step sees what the steps before it would have changed.
    walk(units, planner.clone(), 1).await;
    let steps = std::mem::take(&mut *planner.steps.lock().unwrap_or_else(PoisonError::into_inner));
    steps
        .into_values()
        .map(|step| {
            let mut step = step.lock().unwrap_or_else(PoisonError::into_inner).clone();
            step.arrange();
            step
        })
        .collect()
}

impl<C: World> Planner<C> {
    fn over(world: C, run: &str, reads: Arc<Reads>, withheld: Withheld) -> Arc<Self> {
        let overlay = Arc::new(Overlay::over(reads));
        Arc::new(Self { world, run: run.into(), overlay, withheld, steps: Mutex::default() })
    }

    fn step(&self, id: &str) -> Arc<Mutex<PlannedStep>> {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Mutex::new(PlannedStep { id: id.into(), ..Default::default() }));
        steps.entry(id.into()).or_insert_with(new).clone()
    }

    fn state(&self, id: &str, state: PlanState) {
        self.step(id).lock().unwrap_or_else(PoisonError::into_inner).state = state;
    }
}

impl<C: World> Drive<C> for Planner<C> {
    const PLANS: bool = true;

    fn known(&self, _id: &str) -> Option<Settled> {
        None
    }

    fn begun(&self, _id: &str) -> bool {
        false
    }

    fn withheld(&self) -> &Withheld {
        &self.withheld
    }

    async fn leave_out(&self, id: &str) -> Result<(), StepError> {
        self.state(id, PlanState::LeftOut);
        Ok(())
    }

    async fn skip(&self, id: &str, why: &str) -> Result<(), StepError> {
        self.state(id, PlanState::Skipped(why.into()));
        Ok(())
    }

    async fn expand(&self, _id: &str, items: Vec<Value>) -> Result<Vec<Value>, StepError> {
        Ok(items)
    }

    async fn perform(&self, unit: &Unit<C>, id: String, inputs: Value) -> Result<Value, StepError> {
        let planned = self.step(&id);
        if let Some(approval) = &unit.policy.approval {
            let mut planned = planned.lock().unwrap_or_else(PoisonError::into_inner);
            let role = approval.role.as_ref().map(|role| format!(" by {role}")).unwrap_or_default();
            let rule = approval.rule.words();
            planned.asks.push(format!("approval{role}{rule}: {}", approval.reason));
        }
        let mode = Mode::Plan(Planned::new(self.overlay.clone(), planned));
        let step = Step::new(id.clone(), self.run.clone(), self.world.clone(), mode);
        let result = unit.body.run(step, inputs).await;
        if let Err(error) = &result {
            self.fail(&id, error).await;
        }
        result
    }

    async fn fail(&self, id: &str, error: &StepError) {
        self.state(
            id,
            match error {
                StepError::Open(why) => PlanState::Open(why.clone()),
                StepError::Refused(why) => PlanState::Refused(why.clone()),
                other => PlanState::Refused(other.to_string()),
            },
        );
    }

    fn blocked(&self, id: &str, by: &str) {
        self.state(id, PlanState::Blocked(format!("needs `{by}`, which cannot be planned")));
    }

    fn stopping(&self) -> bool {
        false
    }
}
