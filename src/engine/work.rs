//! Which step a call is made for, for what lies below the step handle: the wait for AWS's rate asks
//! how urgent a call is and reports who waits. Owns that scope; the world decides what is paced.

use std::future::Future;

use super::{Event, Events};

tokio::task_local! {
    static WORK: Work;
}

/// The work that a call belongs to.
#[derive(Clone)]
pub(crate) struct Work {
    pub step: String,
    /// It contains, or ends an exposed state.
    pub urgent: bool,
    pub events: Events,
}

impl Work {
    /// Calls made by `body` belong to this work.
    pub async fn scope<F: Future>(self, body: F) -> F::Output {
        WORK.scope(self, body).await
    }
}

/// Whether the present call contains, or ends an exposed state.
pub fn is_urgent() -> bool {
    WORK.try_with(|work| work.urgent).unwrap_or(false)
}

/// Reports that the current step waits until AWS accepts more calls of this kind; `waiting` calls are waiting.
pub fn paced(calls: &str, waiting: usize) {
    // Outside a run nobody listens.
    let _ = WORK.try_with(|work| {
        let (step, calls) = (work.step.clone(), calls.to_owned());
        work.events.send(Event::Paced { step, calls, waiting });
    });
}
