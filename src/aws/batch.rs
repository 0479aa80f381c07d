//! Reads of single things, gathered: those asked for at the same time share one call. Owns the
//! gathering; what a call asks for and how its answer is taken apart is the asker's.
//!
//! A key is only put into a call that has not been sent yet, so an answer is never older than the
//! question. While one call is under way, or waits for AWS's rate, the next one gathers.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::engine::{CallError, Class, is_urgent, same_work};

/// So many keys in one call: EC2 takes 200 values of a filter.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>
const MOST: usize = 200;
/// Who asks within this time asks together.
const GATHERS: Duration = Duration::from_millis(2);

type Answer<V> = Result<Option<V>, CallError>;

/// One kind of read. Clones share it; what is urgent has a queue of its own.
pub(crate) struct Batch<K, V>(Arc<[Queue<K, V>; 2]>);

impl<K, V> Clone for Batch<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Batch<K, V> {
    fn default() -> Self {
        Self(Arc::new([Queue::default(), Queue::default()]))
    }
}

struct Queue<K, V>(Mutex<Waiting<K, V>>);

struct Waiting<K, V> {
    asked: Vec<(K, oneshot::Sender<Answer<V>>)>,
    /// Somebody sends what is asked for.
    is_led: bool,
}

impl<K, V> Default for Queue<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Waiting { asked: Vec::new(), is_led: false }))
    }
}

impl<K, V> Queue<K, V> {
    fn held(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Batch<K, V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What `fetch` finds under this key; `None` where it finds nothing.
    ///
    /// # Errors
    /// The call's, for all keys that were in it.
    pub(super) async fn load<F, S>(&self, key: K, fetch: F) -> Answer<V>
    where
        F: Fn(Vec<K>) -> S + Send + Sync + 'static,
        S: Future<Output = Result<HashMap<K, V>, CallError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let queue = usize::from(is_urgent());
        let leads = {
            let mut waiting = self.0[queue].held();
            waiting.asked.push((key, answer));
            !std::mem::replace(&mut waiting.is_led, true)
        };
        if leads {
            // A task of its own: whoever asked first may give up while others wait for the same call.
            let sends = self.clone().send(queue, fetch);
            tokio::spawn(same_work(sends).in_current_span());
        }
        answered.await.unwrap_or_else(|_| {
            let text = "the read that it was gathered into was given up";
            Err(CallError::local("gather", Class::Unreachable, text))
        })
    }

    async fn send<F, S>(self, queue: usize, fetch: F)
    where
        F: Fn(Vec<K>) -> S + Send + Sync,
        S: Future<Output = Result<HashMap<K, V>, CallError>> + Send,
    {
        loop {
            tokio::time::sleep(GATHERS).await;
            let mut keys: Vec<K> = Vec::new();
            let mut asked = Vec::new();
            {
                let mut waiting = self.0[queue].held();
                let mut later = Vec::new();
                for (key, answer) in std::mem::take(&mut waiting.asked) {
                    let is_known = keys.contains(&key);
                    if !is_known && keys.len() == MOST {
                        later.push((key, answer));
                        continue;
                    }
                    if !is_known {
                        keys.push(key.clone());
                    }
                    asked.push((key, answer));
                }
                waiting.asked = later;
                if asked.is_empty() {
                    waiting.is_led = false;
                    return;
                }
            }
            let found = guarded(&fetch, keys).await;
            for (key, answer) in asked {
                // Who does not wait any more needs no answer.
                let _ = answer.send(found(&key));
            }
        }
    }
}

/// The answer for each key. A panic must not keep those who ask later waiting for ever, nor cost the others of the
/// call their answer: each is asked for alone then, and the one that panics again is an error of its own.
async fn guarded<K, V, F, S>(fetch: &F, keys: Vec<K>) -> impl Fn(&K) -> Answer<V>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    F: Fn(Vec<K>) -> S + Send + Sync,
    S: Future<Output = Result<HashMap<K, V>, CallError>> + Send,
{
    let call = |keys: Vec<K>| AssertUnwindSafe(async { fetch(keys).await }).catch_unwind();
    let whole = call(keys.clone()).await;
    let mut alone = HashMap::new();
    if whole.is_err() {
        for key in keys {
            let found = call(vec![key.clone()]).await.unwrap_or_else(|_| {
                let text = "reading it ended in a bug of the program";
                Err(CallError::local("gather", Class::Unknown, text))
            });
            alone.insert(key, found);
        }
    }
    move |key| {
        let found = match &whole {
            Ok(found) => Some(found),
            Err(_) => alone.get(key),
        };
        match found {
            Some(Ok(found)) => Ok(found.get(key).cloned()),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn who_asks_at_the_same_time_shares_a_call_and_nobody_gets_an_older_answer() {
        let calls = Arc::new(AtomicUsize::new(0));
        let batch = Batch::<u32, usize>::default();
        let load = |key: u32| {
            let (batch, calls) = (batch.clone(), calls.clone());
            async move {
                let fetch = move |keys: Vec<u32>| {
                    let calls = calls.clone();
                    async move {
                        let nth = calls.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Ok(keys.into_iter().filter(|key| *key != 7).map(|key| (key, nth)).collect())
                    }
                };
                batch.load(key, fetch).await.expect("an answer")
            }
        };
        let all = join_all((0..300).map(|n| load(n % 250))).await;
        assert_eq!(calls.load(Ordering::Relaxed), 2, "200 keys, then the other 50");
        assert_eq!((all[0], all[7], all[249], all[250]), (Some(0), None, Some(1), Some(0)));
        assert_eq!(load(0).await, Some(2), "asked again");
    }

    #[tokio::test]
    async fn an_error_is_everybodys_and_who_gives_up_keeps_nobody_waiting() {
        let batch = Batch::<u32, u32>::default();
        let load = |key: u32| {
            batch.load(key, |_| async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(CallError::local("x", Class::Denied, "no"))
            })
        };
        let brief = Duration::from_millis(5);
        let (first, second) = tokio::join!(tokio::time::timeout(brief, load(1)), load(2));
        assert!(first.is_err(), "gave up");
        assert_eq!(second.map_err(|error| error.class), Err(Class::Denied));
    }

    /// What an answer says may be made by an attacker: one that the program cannot take must not hide the others.
    #[tokio::test]
    async fn a_panic_costs_nobody_else_their_answer() {
        let batch = Batch::<u32, u32>::default();
        let load = |key: u32| {
            batch.load(key, |keys: Vec<u32>| async move {
                assert!(!keys.contains(&7), "a bug");
                Ok(keys.into_iter().map(|key| (key, key * 2)).collect())
            })
        };
        let (first, bad, last) = tokio::join!(load(1), load(7), load(3));
        assert_eq!((first.ok(), last.ok()), (Some(Some(2)), Some(Some(6))));
        assert_eq!(bad.map_err(|error| error.class), Err(Class::Unknown));
        assert_eq!(load(4).await.ok(), Some(Some(8)), "who asks later is not kept waiting");
    }
}
