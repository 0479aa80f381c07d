//! What a thing refuses by its own state, whoever asks: a disabled key, a throttled function, a bucket that blocks public
//! access, a locked object. Upstreams keep these settings and act as if they were not there.
//!
//! ```text
//! call -> policies -> state of the thing -> quotas -> stand-in or upstream
//! ```
//! Owns which calls are looked at. The state is read from the upstream as its root user for each such call, so that it is
//! never an old one. What cannot be read refuses nothing.

mod functions;
mod keys;
mod locks;
mod public;
mod public_access;

pub(crate) use public::{is_public_group, is_public_policy};
pub(crate) use public_access::blocks;

use crate::{Answer, Call, Front};

/// Whether a call is one of those, as far as its head tells.
pub(crate) fn watches(front: &Front, service: &str, operation: &str) -> bool {
    let is_one = match service {
        "kms" => keys::watches(operation),
        "lambda" => functions::watches(operation),
        "s3" => public_access::watches(operation) || locks::watches(operation),
        _ => false,
    };
    is_one && !front.passes(service)
}

/// Whether only the body of a call upon data tells what it asks for.
pub(crate) fn reads_body(front: &Front, service: &str, operation: &str) -> bool {
    let is_one = service == "s3" && ["PutObjectAcl", "PutObjectRetention"].contains(&operation);
    is_one && watches(front, service, operation)
}

/// What AWS would answer because of the state; `None` for a call that passes.
pub(crate) async fn answer(front: &Front, call: &Call) -> Option<Answer> {
    if !watches(front, &call.service, &call.operation) {
        return None;
    }
    match call.service.as_str() {
        "kms" => keys::refuses(front, call).await.map(Answer::from),
        "lambda" => functions::answer(front, call).await,
        _ if locks::watches(&call.operation) => locks::refuses(front, call).await.map(Answer::from),
        _ => public_access::refuses(front, call).await.map(Answer::from),
    }
}
