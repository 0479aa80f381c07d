//! Which step a call is made for, for what lies below the step handle: the wait for AWS's rate asks
//! how urgent a call is and reports who waits. Owns that scope; the world decides what is paced.

use std::future::Future;

use super::{Event, Events};

tokio::task_local! {
    static WORK: Work;
    static EXPOSURE: Exposure;
}

/// What a call has to do with an exposed state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposure {
    #[default]
    None,
    /// It begins one: the call that ends it must not have to wait.
    Opens,
    /// It ends one that this process began.
    Ends,
}

impl Exposure {
    pub(crate) async fn scope<F: Future>(self, body: F) -> F::Output {
        EXPOSURE.scope(self, body).await
    }
}

/// What the present call has to do with an exposed state.
pub fn exposure() -> Exposure {
    EXPOSURE.try_with(|exposure| *exposure).unwrap_or_default()
}

/// Keeps `body` within the present work where a task of its own runs it.
pub fn same_work<F: Future>(body: F) -> impl Future<Output = F::Output> {
    let work = WORK.try_with(Clone::clone).ok();
    async move {
        match work {
            Some(work) => work.scope(body).await,
            None => body.await,
        }
    }
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
    pub(super) async fn scope<F: Future>(self, body: F) -> F::Output {
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
