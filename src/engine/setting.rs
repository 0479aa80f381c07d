//! The first primitive: facts that can be read, settings that can be read and written, and how
//! release treats each kind. Owns the traits and their erased forms; the kinds live in `aws`.

#![warn(missing_docs)]

use std::future::Future;

use futures::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{CallError, How, Permission, World, permission::at_work};

/// The head of a fact: what it is called, what it reads as, and what reading it needs. Written by
/// `fact!` and `setting!` for the kinds of AWS.
pub trait FactHead<C: World>: Serialize + Clone + Send + Sync + 'static {
    /// `service.noun`, such as `ec2.eni-groups`. Kept on disk, so it never changes.
    const KIND: &'static str;
    /// What [`Fact::read`] calls, at most.
    const READS: &'static [Permission];
    /// What a read returns; `Option` where the thing may be absent. Kept in journals and plans.
    type Value: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static;

    /// Names it for people and, with [`FactHead::KIND`], identifies it in plans and journals: unique
    /// within its kind, account and Region.
    fn target(&self) -> String;
}

/// Something that can be read from the world.
pub trait Fact<C: World>: FactHead<C> {
    /// The value now. Makes no call that changes anything, and may be repeated at any time.
    ///
    /// # Errors
    /// The call that failed. A thing that is not there is an error of [`Class::Gone`](super::Class)
    /// unless the value can say so.
    fn read(&self, world: &C) -> impl Future<Output = Result<Self::Value, CallError>> + Send;
}

/// The head of a setting: how release treats it, what writing it needs, and what it touches.
/// Written by `setting!` for the kinds of AWS.
pub trait SettingHead<C: World>: FactHead<C> + DeserializeOwned {
    /// How release treats the kind.
    const RULE: Rule;
    /// What [`Setting::write`] calls, at most, beside the reads.
    const WRITES: &'static [Permission];
    /// Of the writes, those without which the setting still does what it is for, such as tags: where they are denied,
    /// nothing is held up.
    const SPARES: &'static [Permission] = &[];
    /// The permissions to write the value before. Fewer than all writes if release only ever removes the setting.
    const RELEASES: &'static [Permission] = Self::WRITES;
    /// Whether the belts count and look at what it touches.
    const REACH: Reach;
    /// What looking at the things that it touches needs, a table for each class of them.
    const LOOKUPS: &'static [&'static [Permission]];

    /// The things in the account that a write changes, given the value before it, which is `None`
    /// while it is not known. An id that AWS assigns later may be in it as a placeholder: the belts
    /// look at it when it is known. Makes no call.
    fn touches(&self, before: Option<&Self::Value>) -> Vec<C::Thing>;
}

/// One readable, writable piece of account state.
pub trait Setting<C: World>: Fact<C> + SettingHead<C> {
    /// Makes the state `value`, which [`Fact::read`] then returns, sooner or later. Must be safe to
    /// call again when an earlier call was cut off anywhere.
    ///
    /// # Errors
    /// The call that failed. [`Class::AlreadySo`](super::Class) and `Gone` are settled by reading;
    /// after `Unreachable` the write may have taken effect, so the engine reads as well.
    fn write(
        &self,
        world: &C,
        value: &Self::Value,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Makes the state `after` where it still is `before`, for services whose writes carry the
    /// version that they replace (a lock token, an ETag, a revision). The engine calls this one, and
    /// by default it is [`Setting::write`]. `before` is `None` where it held a secret, which no
    /// journal keeps; a setting that overrides this one refuses then.
    ///
    /// # Errors
    /// As for [`Setting::write`]; and that the value is not `before` any more, or was changed
    /// between the reading of its version and the write. Nothing was overwritten then.
    fn swap(
        &self,
        world: &C,
        _before: Option<&Self::Value>,
        after: &Self::Value,
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        self.write(world, after)
    }

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

    /// Whether `now` says that the thing itself has ended for good, so that release has nothing to give
    /// back to. Where a read finds nothing, its error of class `Gone` says so already.
    fn is_gone(_now: &Self::Value) -> bool {
        false
    }

    /// Whether the error of a write of the value before says that what it belonged to is gone for good,
    /// while the setting itself can still be read: an address whose interface was deleted.
    fn ended_by(_error: &CallError) -> bool {
        false
    }

    /// What release cannot give back of `before`, shown in the plan.
    fn caveat(_before: &Self::Value) -> Option<&'static str> {
        None
    }
}

/// What a kind of setting or operation does to the things that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It changes them: each is looked at for the tag that protects, and counted against the limits.
    Changes,
    /// It makes a thing of the run's own, which carries the run's tag from its creating call on, and
    /// refuses one that is there already and does not. There is nothing of others to protect or to count.
    Makes,
    /// It waits or reads. What it looks at may be protected.
    Looks,
}

/// How release treats a kind of setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What release does.
    pub how: How,
    /// When, among the settings of a run.
    pub order: Order,
}

/// Release gives back in this order, and backwards in time within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Faults that a drill injects end before anything else is given back.
    Faults,
    /// Who can be reached.
    Network,
    /// What is in service.
    Capacity,
    /// What keeps things from being ended or deleted.
    Protection,
    /// What things are marked with.
    Tags,
    /// Who can act.
    Credentials,
    /// What the run built to keep copies in. It is emptied with roles of the run, so it goes before them.
    Stores,
    /// What the run built and other changes may still have leaned on.
    Scaffolding,
}

/// A [`Setting`] with its types erased: what the engine itself works with.
pub trait AnySetting<C: World>: Send + Sync {
    /// See [`FactHead::KIND`].
    fn kind(&self) -> &'static str;
    /// See [`FactHead::target`].
    fn target(&self) -> String;
    /// See [`SettingHead::RULE`].
    fn rule(&self) -> Rule;
    /// See [`SettingHead::REACH`].
    fn reach(&self) -> Reach;
    /// What a write touches, by the value before; empty unless it changes what it names.
    fn touches(&self, before: &Value) -> Vec<C::Thing>;
    /// The setting itself as kept in the journal, enough to make it again.
    fn to_json(&self) -> Value;
    /// See [`Fact::read`]; the value as JSON.
    fn read<'a>(&'a self, world: &'a C) -> BoxFuture<'a, Result<Value, CallError>>;
    /// See [`Setting::swap`].
    fn swap<'a>(
        &'a self,
        world: &'a C,
        before: &'a Value,
        after: &'a Value,
    ) -> BoxFuture<'a, Result<(), CallError>>;
    /// See [`Setting::agrees`].
    fn agrees(&self, want: &Value, have: &Value) -> bool;
    /// See [`Setting::halfway`].
    fn halfway(&self, before: &Value, after: &Value, now: &Value) -> bool;
    /// See [`Setting::is_gone`].
    fn is_gone(&self, now: &Value) -> bool;
    /// See [`Setting::ended_by`].
    fn ended_by(&self, error: &CallError) -> bool;
    /// See [`Setting::caveat`].
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
    fn reach(&self) -> Reach {
        S::REACH
    }
    fn touches(&self, before: &Value) -> Vec<C::Thing> {
        match S::REACH {
            Reach::Changes => self.0.touches(typed(before).as_ref()),
            Reach::Makes | Reach::Looks => Vec::new(),
        }
    }
    fn read<'a>(&'a self, world: &'a C) -> BoxFuture<'a, Result<Value, CallError>> {
        let read = async move { self.0.read(world).await.map(|v| json(&v)) };
        Box::pin(at_work(S::KIND, &[S::READS], read))
    }
    fn swap<'a>(
        &'a self,
        world: &'a C,
        before: &'a Value,
        after: &'a Value,
    ) -> BoxFuture<'a, Result<(), CallError>> {
        let swap = async move {
            let wanted = typed::<S::Value>(after).ok_or_else(|| {
                let text = format!("`{after}` is not a value of `{}`", S::KIND);
                CallError::local(S::KIND, super::Class::Invalid, text)
            })?;
            self.0.swap(world, typed(before).as_ref(), &wanted).await
        };
        Box::pin(at_work(S::KIND, &[S::READS, S::WRITES], swap))
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
    fn ended_by(&self, error: &CallError) -> bool {
        S::ended_by(error)
    }
    fn is_gone(&self, now: &Value) -> bool {
        typed(now).is_some_and(|now| S::is_gone(&now))
    }
    fn caveat(&self, before: &Value) -> Option<&'static str> {
        typed(before).and_then(|before| S::caveat(&before))
    }
}
