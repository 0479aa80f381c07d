//! The front as the stand-in for AWS Backup uses it: one account and Region of its store, upstream and bus.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::input::lean;
use crate::events::Event;
use crate::upstream::Session;
use crate::{Call, Clock, Front, Scope};

/// Longest wait between two looks at whether a job was stopped.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(super) struct Desk {
    front: Front,
    at: Scope,
}

impl Desk {
    pub(super) fn new(front: &Front, at: &Scope) -> Self {
        Self { front: front.clone(), at: at.clone() }
    }

    pub(super) fn of(call: &Call, front: &Front) -> Self {
        Self::new(front, &call.scope)
    }

    pub(super) fn at(&self) -> &Scope {
        &self.at
    }

    /// The same account in another Region.
    pub(super) fn in_region(&self, region: &str) -> Self {
        Self::new(&self.front, &Scope::new(&self.at.account, region))
    }

    pub(super) fn clock(&self) -> Clock {
        self.front.clock()
    }

    /// The upstream account, as AWS Backup reaches it under a role.
    pub(super) fn session(&self, role: &str) -> Session {
        let name = role.rsplit('/').next().unwrap_or(role);
        let session = self.front.as_service(&self.at);
        session.on_behalf_of("backup.amazonaws.com", role, &format!("AWSBackup-{name}"))
    }

    pub(super) fn get<T: DeserializeOwned>(&self, kind: &str, id: &str) -> Option<T> {
        self.front.store().get(&self.at, kind, id)
    }

    pub(super) fn list<T: DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        self.front.store().list(&self.at, kind)
    }

    pub(super) fn put<T: Serialize>(&self, kind: &str, id: &str, value: &T) {
        self.front.store().put(&self.at, kind, id, value);
    }

    pub(super) fn update<T: Serialize + DeserializeOwned, R>(
        &self,
        kind: &str,
        id: &str,
        edit: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        self.front.store().update(&self.at, kind, id, edit)
    }

    pub(super) fn remove(&self, kind: &str, id: &str) -> bool {
        self.front.store().remove(&self.at, kind, id)
    }

    /// Returns when all of it is on disk.
    pub(super) async fn save(&self) {
        self.front.store().save().await;
    }

    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.front.spawn(work);
    }

    /// Waits for `span` of AWS's time, but not once `is_over`.
    pub(super) async fn wait(&self, span: Duration, is_over: impl Fn() -> bool) {
        let end = tokio::time::Instant::now() + self.clock().shorten(span);
        while tokio::time::Instant::now() < end && !is_over() {
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
        }
    }

    /// Publishes an event on the default bus.
    pub(super) fn emit(&self, kind: &str, about: Option<&str>, detail: Value) {
        let event = Event::new(&self.at, "aws.backup", kind, lean(detail));
        self.front.raise(match about {
            Some(arn) => event.about(arn),
            None => event,
        });
    }
}
