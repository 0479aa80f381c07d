//! Plans until no further step turns out to be refused. What a refused step would have changed is not part
//! of the account that later steps are planned in, so the plan is made again without it; what was read is
//! not read again. Owns that repetition.

use std::sync::Arc;

use crate::{
    aws::{
        Aws,
        belts::{self, Belts, Count},
    },
    engine::{self, Reads, Withheld, plan::PlannedStep, unit::Unit},
};

pub(super) struct Settling<'a> {
    pub aws: &'a Aws,
    pub run: &'a str,
    pub units: &'a Arc<Vec<Unit<Aws>>>,
    /// Each plan counts for itself; what was looked at is shared.
    pub belts: Belts,
    /// Limits that would have been exceeded, with what would have been touched.
    pub over: Vec<Count>,
}

impl Settling<'_> {
    pub(super) async fn scout(&self, withheld: &Withheld) -> Arc<Reads> {
        let aws = self.aws.with_belts(Arc::new(self.belts.scout()));
        engine::scout(self.units, aws, self.run, withheld).await
    }

    /// The plan, the belts that it was held against, and in `withheld` what it refuses.
    pub(super) async fn settle(
        &mut self,
        reads: &Arc<Reads>,
        withheld: &mut Withheld,
    ) -> (Vec<PlannedStep>, Arc<Belts>) {
        // Each round holds back at least one more step.
        loop {
            let belts = Arc::new(self.belts.scout());
            let aws = self.aws.with_belts(belts.clone());
            let steps = engine::plan_over(self.units, aws, self.run, reads, withheld).await;
            let mut new = withheld.new_in(&steps);
            if new.is_empty() {
                let counts = belts.counts().await.into_iter();
                for count in counts.filter(|one| one.touched.len() as u64 > one.limit) {
                    for step in belts.touching(count.what).await {
                        new.entry(step).or_insert_with(|| belts::over(&count, None));
                    }
                    self.over.push(count);
                }
            }
            if new.is_empty() {
                return (steps, belts);
            }
            withheld.refused.extend(new);
        }
    }
}
