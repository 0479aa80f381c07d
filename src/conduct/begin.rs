//! A new run: the turn in which it begins, its directory, and its first record.

use crate::{
    engine::{World, plan::Expected},
    journal::{self, Head, Ledger, Record, RunDir},
    notify::Notification,
    program::bind::RunFactsOwned,
};

use super::{
    Approvals, Context, Exit, Failure, Planned, Ready, frozen::Frozen, held, identity::seen,
    operator, start::Start, stopping::Doing, whose::called,
};

/// Keeps the inputs with the run; their SHA-256.
fn frozen_into(dir: &RunDir, frozen: &Frozen) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(frozen);
    let text = text.map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
    dir.write(RunDir::INPUTS, text.as_bytes())?;
    Ok(journal::hash(text.as_bytes()))
}

impl Planned {
    /// Begins the run: makes its directory and journals its start.
    ///
    /// # Errors
    /// Something stands against the plan, or another run was faster; nothing was changed then. The
    /// disk refuses the directory or the journal.
    pub async fn begin(self, context: &Context, approved: Approvals) -> Result<Ready, Failure> {
        self.refused()?;
        context.seal()?;
        // Others may have begun while somebody read the plan.
        let turn = held::turn(context)?;
        held::check(context, &self.plan, &self.beside, &self.looked)?;
        let Self { name, prepared, outline, plan, aws, .. } = self;
        let dir = RunDir::create(context.home(), &plan.run)?;
        let lock = dir.lock()?;
        let clock = aws.now().await.ok();
        let started = clock.unwrap_or_else(jiff::Timestamp::now).to_string();
        dir.write(RunDir::PLAYBOOK, prepared.text.as_bytes())?;
        let inputs_sha256 = Some(frozen_into(&dir, &Frozen::of(&name, &started, &prepared))?);
        dir.write_json(RunDir::PLAN, &plan)?;
        let me = seen(&aws);
        let record = Record::RunStarted {
            format: journal::FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            run: plan.run.clone(),
            playbook: plan.playbook.id.clone(),
            drill: outline.as_ref().map(|outline| outline.simulation.clone()),
            playbook_sha256: plan.playbook.sha256.clone(),
            plan_sha256: plan.sha256.clone(),
            inputs_sha256,
            scope: aws.scope().clone(),
            endpoint: called(&plan),
            lab: plan.lab.clone(),
            operator: operator(),
            who: me.clone(),
            clock,
        };
        let partition = aws.partition().to_owned();
        let facts = RunFactsOwned { id: plan.run.clone(), started, partition };
        let (head, ledger) = (Head::default(), Ledger::default());
        let doing = Doing::Beginning;
        let start = Start { dir, lock, head, ledger, records: Vec::new(), doing };
        let aws = aws.with_belts(start.belts(&prepared)?);
        let expected = Expected::of(plan.planned());
        let session = start.open(context, aws, prepared.secrets(), expected, approved, me)?;
        session.office.begin(&record);
        session.append(record).await?;
        session.introduce(context);
        session.office.tell(|about| Notification::run_start(about, &plan.sha256));
        // From here on the run's directory has the plan; of a long run it is large.
        drop((turn, plan));
        Ok(Ready { session, prepared, facts, outline })
    }
}
