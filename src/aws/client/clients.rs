//! The SDK's clients of one Region: each is made when it is first asked for, and shared. Owns how every
//! one is configured; which there are is said in the services' folders.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>);

impl Clients {
    /// The client of this type; a clone shares everything with it.
    pub(super) fn get<T: Any + Clone + Send + Sync>(&self, make: impl FnOnce() -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(make()));
        // The key is the type.
        found.downcast_ref::<T>().expect("a client under its own type").clone()
    }
}

/// A client of an [`Aws`](super::Aws)'s Region as a method of it. Every one watches the clock, keeps off
/// remote endpoints, and goes through the gate. Its retries are bound by attempts and time, not by a purse
/// that throttling empties.
macro_rules! client {
    ($service:ident, $sdk:ident $(, $extra:expr)?) => {
        impl $crate::aws::Aws {
            pub fn $service(&self) -> $sdk::Client {
                self.client(stringify!($sdk), |parts| {
                    let retries = $sdk::config::retry::RetryPartition::custom("backburn")
                        .token_bucket($sdk::config::retry::TokenBucket::unlimited())
                        .build();
                    let mut config = $sdk::config::Builder::from(&parts.config);
                    // What a plan shows and what is called are one.
                    config.set_endpoint_url(parts.endpoint);
                    let config = config
                        .retry_partition(retries)
                        .retry_classifier(parts.gate.clone())
                        .identity_cache(parts.gate.clone())
                        .interceptor(parts.gate)
                        .interceptor(parts.clock)
                        .interceptor(parts.attempts)
                        .interceptor(parts.guard);
                    $(let config = $extra(self, config);)?
                    $sdk::Client::from_conf(config.build())
                })
            }
        }
    };
}

pub(crate) use client;
