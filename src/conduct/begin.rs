//! A new run: the turn in which it begins, its directory, and its first record.

use crate::{
    engine::{World, plan::Expected},
    journal::{self, Head, Ledger, Record, RunDir},
    notify::Notification,
    program::bind::RunFactsOwned,
};

use super::{
    Approvals, Context, Failure, Planned, Ready, frozen::Frozen, held, operator, start::Start,
};

impl Planned {
    /// Begins the run: makes its directory and journals its start.
    ///
    /// # Errors
    /// Something stands against the plan, or another run was faster; nothing was changed then. The
    /// disk refuses the directory or the journal.
    pub async fn begin(self, context: &Context, approved: Approvals) -> Result<Ready, Failure> {
        self.refused()?;
        // Others may have begun while somebody read the plan.
        let turn = held::turn(context)?;
        held::check(context, &self.plan, &self.beside, &self.looked)?;
        let Self { name, prepared, outline, plan, aws, .. } = self;
        let dir = RunDir::create(context.home(), &plan.run)?;
        let lock = dir.lock()?;
        let clock = aws.now().await.ok();
        let started = clock.unwrap_or_else(jiff::Timestamp::now).to_string();
        dir.write(RunDir::PLAYBOOK, prepared.text.as_bytes())?;
        dir.write_json(RunDir::INPUTS, &Frozen::of(&name, &started, &prepared))?;
        dir.write_json(RunDir::PLAN, &plan)?;
        let record = Record::RunStarted {
            format: journal::FORMAT,
            program: env!("CARGO_PKG_VERSION").into(),
            run: plan.run.clone(),
            playbook: plan.playbook.id.clone(),
            drill: outline.as_ref().map(|outline| outline.simulation.clone()),
            playbook_sha256: plan.playbook.sha256.clone(),
            plan_sha256: plan.sha256.clone(),
            scope: aws.scope().clone(),
            endpoint: aws.endpoint().map(str::to_owned),
            lab: plan.lab.clone(),
            operator: operator(),
            clock,
        };
        let facts = RunFactsOwned { id: plan.run.clone(), started };
        let (head, ledger) = (Head::default(), Ledger::default());
        let start = Start { dir, lock, head, ledger, records: Vec::new() };
        let aws = aws.with_belts(start.belts(&prepared)?);
        let expected = Expected::of(plan.planned());
        let session = start.open(context, aws, prepared.secrets(), expected, approved)?;
        session.office.begin(&record);
        session.append(record).await?;
        session.introduce(context);
        session.office.tell(|about| Notification::run_start(about, &plan.sha256));
        // From here on the run's directory has the plan; of a long run it is large.
        drop((turn, plan));
        Ok(Ready { session, prepared, facts, outline })
    }
}
