//! What a service that the front answers itself must offer. Owns the contract, answers nothing.

use std::future::Future;

use futures::future::BoxFuture;

use super::wire::Route;
use super::{Answer, Call, Front};

/// A service, or a part of one, that the front answers instead of the upstream.
pub(crate) trait StandIn: Send + Sync + 'static {
    /// Signing name of the service: `fis`, `backup`, `monitoring`.
    fn service(&self) -> &'static str;

    /// Operations that [`answer`](Self::answer) wants to see. All others go to the upstream unread.
    fn operations(&self) -> &'static [&'static str];

    /// How to distinguish operations of a REST service. Services of the other protocols need none.
    fn routes(&self) -> &'static [Route] {
        &[]
    }

    /// What it stands in for and where it differs from AWS, one plain sentence each.
    fn stands_in_for(&self) -> &'static [&'static str];

    /// The answer, or `None` to pass the call to the upstream unchanged.
    fn answer(&self, call: &Call, front: &Front) -> impl Future<Output = Option<Answer>> + Send;

    /// Called once, before the first call: carry on with what [`Store`](super::Store) still knows. What it
    /// returns is shown to the user: work that was lost, one sentence each.
    fn begin(&self, _front: &Front) -> impl Future<Output = Vec<String>> + Send {
        async { Vec::new() }
    }
}

/// [`StandIn`] behind a pointer.
pub(super) trait AnyStandIn: Send + Sync {
    fn service(&self) -> &'static str;
    fn operations(&self) -> &'static [&'static str];
    fn routes(&self) -> &'static [Route];
    fn stands_in_for(&self) -> &'static [&'static str];
    fn answer<'a>(&'a self, call: &'a Call, front: &'a Front) -> BoxFuture<'a, Option<Answer>>;
    fn begin<'a>(&'a self, front: &'a Front) -> BoxFuture<'a, Vec<String>>;
}

impl<S: StandIn> AnyStandIn for S {
    fn service(&self) -> &'static str {
        StandIn::service(self)
    }

    fn operations(&self) -> &'static [&'static str] {
        StandIn::operations(self)
    }

    fn routes(&self) -> &'static [Route] {
        StandIn::routes(self)
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        StandIn::stands_in_for(self)
    }

    fn answer<'a>(&'a self, call: &'a Call, front: &'a Front) -> BoxFuture<'a, Option<Answer>> {
        Box::pin(StandIn::answer(self, call, front))
    }

    fn begin<'a>(&'a self, front: &'a Front) -> BoxFuture<'a, Vec<String>> {
        Box::pin(StandIn::begin(self, front))
    }
}
