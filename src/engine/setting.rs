//! The first primitive: facts that can be read, settings that can be read and written, and how
//! release treats each kind. Owns the traits and their erased forms; the kinds live in `aws`.

use std::future::Future;

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{CallError, How, World};

/// One permission and the ARN pattern of what it is needed on; `{region}` and `{account}` are
/// filled in when a policy is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    pub action: &'static str,
    pub resource: &'static str,
}

/// Shorthand for permission tables.
pub const fn on(action: &'static str, resource: &'static str) -> Permission {
    Permission { action, resource }
}

/// Something that can be read from the world. `target` names it for people and, with `KIND`,
/// identifies it in plans and journals, so it must be unique within its kind and scope.
pub trait Fact<C: World>: Serialize + Clone + Send + Sync + 'static {
    /// Stable on disk, such as `ec2.eni-groups`.
    const KIND: &'static str;
    const READS: &'static [Permission];
    type Value: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static;

    fn target(&self) -> String;
    fn read(&self, world: &C) -> impl Future<Output = Result<Self::Value, CallError>> + Send;
}

/// One readable, writable piece of account state.
pub trait Setting<C: World>: Fact<C> + DeserializeOwned {
    const RULE: Rule;
    const WRITES: &'static [Permission];
    /// What writing the value before needs. Less than all writes for what is only ever taken away.
    const RELEASES: &'static [Permission] = Self::WRITES;

    /// Makes the state `value`. Must be safe to call again when an earlier call was cut off.
    fn write(
        &self,
        world: &C,
        value: &Self::Value,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// How release treats this one; overridden where it depends on what the setting is for.
    fn rule(&self) -> Rule {
        Self::RULE
    }

    /// Whether `have` is what a write of `want` leads to. Overridden where AWS assigns parts.
    fn agrees(want: &Self::Value, have: &Self::Value) -> bool {
        want == have
    }

    /// Whether `now` can only be our own write from `before` to `after`, cut off between two calls.
    fn halfway(_before: &Self::Value, _after: &Self::Value, _now: &Self::Value) -> bool {
        false
    }

    /// What release cannot give back of `before`, said in the plan.
    fn caveat(_before: &Self::Value) -> Option<&'static str> {
        None
    }
}

/// How release treats a kind of setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub how: How,
    pub order: Order,
}

/// Release gives back in this order, and backwards in time within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Faults that a drill injects end before anything else is given back.
    Faults,
    Network,
    Capacity,
    Protection,
    Tags,
    Credentials,
    /// What the run built and other changes may still have leaned on.
    Scaffolding,
}

/// A [`Setting`] with its types erased: what the engine itself works with.
pub trait AnySetting<C: World>: Send + Sync {
    fn kind(&self) -> &'static str;
    fn target(&self) -> String;
    fn rule(&self) -> Rule;
    /// The setting itself as kept in the journal, enough to make it again.
    fn to_json(&self) -> Value;
    fn read<'a>(&'a self, world: &'a C) -> BoxFuture<'a, Result<Value, CallError>>;
    fn write<'a>(&'a self, world: &'a C, value: &'a Value) -> BoxFuture<'a, Result<(), CallError>>;
    fn agrees(&self, want: &Value, have: &Value) -> bool;
    fn halfway(&self, before: &Value, after: &Value, now: &Value) -> bool;
    fn caveat(&self, before: &Value) -> Option<&'static str>;
}

pub(crate) struct Erased<S>(pub S);

fn typed<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// Serialising the engine's own value types cannot fail: they are plain data with string keys.
pub(crate) fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

impl<C: World, S: Setting<C>> AnySetting<C> for Erased<S> {
    fn kind(&self) -> &'static str {
        S::KIND
    }
    fn target(&self) -> String {
        self.0.target()
    }
    fn rule(&self) -> Rule {
        self.0.rule()
    }
    fn to_json(&self) -> Value {
        json(&self.0)
    }
    fn read<'a>(&'a self, world: &'a C) -> BoxFuture<'a, Result<Value, CallError>> {
        Box::pin(async move { self.0.read(world).await.map(|v| json(&v)) })
    }
    fn write<'a>(&'a self, world: &'a C, value: &'a Value) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move {
            let typed = typed::<S::Value>(value).ok_or_else(|| {
                let text = format!("`{value}` is not a value of `{}`", S::KIND);
                CallError::local(S::KIND, super::Class::Invalid, text)
            })?;
            self.0.write(world, &typed).await
        })
    }
    fn agrees(&self, want: &Value, have: &Value) -> bool {
        match (typed(want), typed(have)) {
            (Some(want), Some(have)) => S::agrees(&want, &have),
            _ => false,
        }
    }
    fn halfway(&self, before: &Value, after: &Value, now: &Value) -> bool {
        match (typed(before), typed(after), typed(now)) {
            (Some(before), Some(after), Some(now)) => S::halfway(&before, &after, &now),
            _ => false,
        }
    }
    fn caveat(&self, before: &Value) -> Option<&'static str> {
        typed(before).and_then(|before| S::caveat(&before))
    }
}
