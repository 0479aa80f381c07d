//! What every fact, setting and operation would write again: its head, the error of a call under the
//! permission that it needs, and what is absent. Owns these; the functions that do something stay plain
//! functions below the head.

use std::error::Error;

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub(crate) use serde::{Deserialize, Serialize};

pub(crate) use super::pages::Pages;
pub(crate) use super::{Aws, thing::Thing};
pub(crate) use crate::{
    engine::{
        AFTER_RUN, CallError, Class, Fact, FactHead, How, Operation, OperationHead, Permission,
        Progress, Rule, Setting, SettingHead, Token, World, on, settled,
    },
    fact, operation, setting,
};

/// The outcome of a call, under the permission that it needs.
pub(crate) trait By<T> {
    /// The error in the engine's words, with the permission's name. In debug and test builds the
    /// permission must be in the table of the kind at work.
    ///
    /// # Errors
    /// The call's own.
    fn by(self, permission: Permission) -> Result<T, CallError>;
}

impl<T, E> By<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn by(self, permission: Permission) -> Result<T, CallError> {
        permission.witness();
        self.map_err(|e| super::call_error(permission.action, e))
    }
}

/// What may not be there.
pub(crate) trait Absent<T> {
    /// `None` where AWS says that there is no such thing.
    ///
    /// # Errors
    /// All others.
    fn absent_if_gone(self) -> Result<Option<T>, CallError>;

    /// Nothing to do where AWS says that there is no such thing (any more).
    ///
    /// # Errors
    /// All others.
    fn done_if_gone(self) -> Result<(), CallError>;
}

impl<T> Absent<T> for Result<T, CallError> {
    fn absent_if_gone(self) -> Result<Option<T>, CallError> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(e) if e.class == Class::Gone => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn done_if_gone(self) -> Result<(), CallError> {
        self.absent_if_gone().map(drop)
    }
}

impl Permission {
    /// The call cannot be made: `why`.
    pub fn invalid(self, why: impl Into<String>) -> CallError {
        CallError::local(self.action, Class::Invalid, why)
    }

    /// There is no such thing.
    pub fn gone(self, what: &str, id: &str) -> CallError {
        let text = format!("there is no {what} `{id}` in this account and Region");
        CallError::local(self.action, Class::Gone, text)
    }
}

/// The head of a fact: the struct, its kind and value, its target as a format string over its fields,
/// and the permissions that reading it needs. `target "{}" of |it| it.mark.name` is for what no field
/// says by itself.
///
/// ```text
/// fact! {
///     /// Tags by key.
///     pub struct BucketTags { pub bucket: String }
///     "s3.bucket-tags" = Option<Tags>, target "{bucket}";
///     reads [GET_BUCKET_TAGGING];
/// }
/// ```
#[macro_export]
macro_rules! fact {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$fmeta:meta])* $fvis:vis $field:ident: $type:ty),* $(,)? }
        $kind:literal = $value:ty, target $target:literal $(of |$it:ident| $of:expr)?;
        reads [$($read:expr),* $(,)?];
    ) => {
        #[derive(Clone, Debug, serde::Serialize)]
        $(#[$meta])*
        $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }

        impl $crate::engine::FactHead<$crate::aws::Aws> for $name {
            const KIND: &'static str = $kind;
            const READS: &'static [$crate::engine::Permission] = &[$($read),*];
            type Value = $value;

            #[allow(unused_variables, reason = "a target names the fields that it needs")]
            fn target(&self) -> String {
                let Self { $($field),* } = self;
                format!($target $(, { let $it = self; $of })?)
            }
        }
    };
}

/// The head of a setting: that of a fact, then what writing it and giving it back needs, how release
/// treats it, and what it touches.
///
/// ```text
/// setting! {
///     /// Whether a bucket keeps the versions of its objects.
///     pub struct Versioning { pub bucket: String }
///     "s3.versioning" = Versioned, target "{bucket}";
///     reads [GET]; writes [PUT];
///     release Restored Protection;
///     touches [BUCKET(bucket)];
/// }
/// ```
/// `spares [..]` after the writes are those that it can do without, and `releases [..]` is what giving back needs, where that is less. In place of
/// `touches` a setting that makes a thing of the run's own has `makes;`. Where what is touched depends
/// on the value before, `touches [CLASS, ..] |it, before| ..` names all classes that can come.
#[macro_export]
macro_rules! setting {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$fmeta:meta])* $fvis:vis $field:ident: $type:ty),* $(,)? }
        $kind:literal = $value:ty, target $target:literal $(of |$it:ident| $of:expr)?;
        reads [$($read:expr),* $(,)?]; writes [$($write:expr),* $(,)?]; $(spares [$($spare:expr),* $(,)?];)? $(releases [$($release:expr),* $(,)?];)?
        release $how:ident $order:ident;
        $($touches:tt)*
    ) => {
        $crate::fact! {
            #[derive(serde::Deserialize)] $(#[$meta])*
            $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }
            $kind = $value, target $target $(of |$it| $of)?;
            reads [$($read),*];
        }

        impl $crate::engine::SettingHead<$crate::aws::Aws> for $name {
            const RULE: $crate::engine::Rule = $crate::engine::Rule {
                how: $crate::engine::How::$how,
                order: $crate::engine::Order::$order,
            };
            const WRITES: &'static [$crate::engine::Permission] = &[$($write),*];
            $(const SPARES: &'static [$crate::engine::Permission] = &[$($spare),*];)?
            $(const RELEASES: &'static [$crate::engine::Permission] = &[$($release),*];)?
            $crate::touches! { $($touches)* }
        }
    };
}

/// The head of an operation: the struct, its kind and output, its target and what it leaves as format
/// strings over its fields, the output as far as a plan knows it, the permissions that the job needs
/// and that taking away what it left needs, and what it touches.
///
/// ```text
/// operation! {
///     /// A snapshot of one volume.
///     pub struct CreateSnapshot { pub volume: String }
///     "ec2.create-snapshot" = String, target "{volume}";
///     uses [CREATE_SNAPSHOT, DESCRIBE_SNAPSHOTS]; discards [DELETE_SNAPSHOT];
///     leaves "a snapshot of volume `{volume}`", planned AFTER_RUN.into();
///     touches [VOLUME(volume)];
/// }
/// ```
/// `spares [..]` is as in [`setting!`]. An operation that makes a thing of the run's own has `makes;` in place of `touches`, and one that
/// only waits or reads has `looks;`. Where what is touched takes more than a field, `touches
/// [CLASS, ..] |it| ..` names all classes that can come.
#[macro_export]
macro_rules! operation {
    (
        $(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$fmeta:meta])* $fvis:vis $field:ident: $type:ty),* $(,)? }
        $kind:literal = $output:ty, target $target:literal $(of |$it:ident| $of:expr)?;
        uses [$($uses:expr),* $(,)?]; $(spares [$($spare:expr),* $(,)?];)? $(discards [$($discards:expr),* $(,)?];)?
        leaves $leaves:literal, planned $planned:expr;
        $($touches:tt)*
    ) => {
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        $(#[$meta])*
        $vis struct $name { $($(#[$fmeta])* $fvis $field: $type),* }

        #[allow(unused_variables, reason = "a head names the fields that it needs")]
        impl $crate::engine::OperationHead<$crate::aws::Aws> for $name {
            const KIND: &'static str = $kind;
            const USES: &'static [$crate::engine::Permission] = &[$($uses),*];
            $(const SPARES: &'static [$crate::engine::Permission] = &[$($spare),*];)?
            $(const DISCARDS: &'static [$crate::engine::Permission] = &[$($discards),*];)?
            type Output = $output;

            fn target(&self) -> String {
                let Self { $($field),* } = self;
                format!($target $(, { let $it = self; $of })?)
            }

            fn leaves(&self) -> String {
                let Self { $($field),* } = self;
                format!($leaves)
            }

            fn planned(&self) -> $output {
                let Self { $($field),* } = self;
                $planned
            }

            $crate::operation_touches! { $($touches)* }
        }
    };
}

/// What an operation touches, as the body of its impl.
#[macro_export]
macro_rules! operation_touches {
    (makes;) => { $crate::operation_touches! { Makes } };
    (looks;) => { $crate::operation_touches! { Looks } };
    ($reach:ident) => {
        const REACH: $crate::engine::Reach = $crate::engine::Reach::$reach;

        fn touches(&self) -> Vec<$crate::aws::thing::Thing> {
            Vec::new()
        }
    };
    (touches [$($class:ident($field:ident)),+ $(,)?];) => {
        $crate::operation_touches! {
            touches [$($class),+] |it| vec![$($class.thing(&it.$field)),+];
        }
    };
    (touches [$($class:ident),+ $(,)?] |$it:ident| $things:expr;) => {
        const REACH: $crate::engine::Reach = $crate::engine::Reach::Changes;
        const LOOKUPS: &'static [&'static [$crate::engine::Permission]] = &[$($class.permissions()),+];

        fn touches(&self) -> Vec<$crate::aws::thing::Thing> {
            let $it = self;
            $things
        }
    };
}

/// What a setting touches, as the body of its impl.
#[macro_export]
macro_rules! touches {
    (makes;) => {
        const REACH: $crate::engine::Reach = $crate::engine::Reach::Makes;
        const LOOKUPS: &'static [&'static [$crate::engine::Permission]] = &[];

        fn touches(&self, _before: Option<&Self::Value>) -> Vec<$crate::aws::thing::Thing> {
            Vec::new()
        }
    };
    (touches [$($class:ident($field:ident)),+ $(,)?];) => {
        const REACH: $crate::engine::Reach = $crate::engine::Reach::Changes;
        const LOOKUPS: &'static [&'static [$crate::engine::Permission]] = &[$($class.permissions()),+];

        fn touches(&self, _before: Option<&Self::Value>) -> Vec<$crate::aws::thing::Thing> {
            vec![$($class.thing(&self.$field)),+]
        }
    };
    (touches [$($class:ident),+ $(,)?] |$it:ident, $before:ident| $things:expr;) => {
        const REACH: $crate::engine::Reach = $crate::engine::Reach::Changes;
        const LOOKUPS: &'static [&'static [$crate::engine::Permission]] = &[$($class.permissions()),+];

        fn touches(&self, $before: Option<&Self::Value>) -> Vec<$crate::aws::thing::Thing> {
            let $it = self;
            $things
        }
    };
}
