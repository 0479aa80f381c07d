//! What was read from the upstream, kept until a call changes it or it grows old. Owns the keeping, reads nothing.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// After this a thing is read again: a call that did not pass the front may have changed it.
const AGE: Duration = Duration::from_secs(30);
/// The same for what could not be read.
const FAILED: Duration = Duration::from_secs(2);
/// Things of a kind; more than a lab has. Beyond it all are read again.
const MOST: usize = 2_000;

/// A thing that was read, or why it could not be.
pub(crate) type Read<T> = Result<Arc<T>, String>;

type Slots<T> = HashMap<String, (Instant, Arc<OnceCell<Read<T>>>)>;

/// Things of one kind by name. Those who ask for one at the same time share one reading of it.
pub(crate) struct Kept<T> {
    slots: Mutex<Slots<T>>,
    age: Duration,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self::aged(AGE)
    }
}

impl<T> Kept<T> {
    /// Keeps each thing for so long.
    pub(crate) fn aged(age: Duration) -> Self {
        Self { slots: Mutex::default(), age }
    }

    /// The thing of this name, read now if it is not kept. A reading that a change overtakes answers only those who
    /// asked before the change.
    pub(crate) async fn get(
        &self,
        name: &str,
        read: impl Future<Output = Result<T, String>>,
    ) -> Read<T> {
        let cell = {
            let mut slots = self.lock();
            let found = slots.get(name).filter(|(made, cell)| {
                let failed = cell.get().is_some_and(Result::is_err);
                made.elapsed() < if failed { FAILED } else { self.age }
            });
            match found {
                Some((_, cell)) => cell.clone(),
                None => {
                    if slots.len() >= MOST {
                        slots.clear();
                    }
                    let cell = Arc::new(OnceCell::new());
                    slots.insert(name.to_owned(), (Instant::now(), cell.clone()));
                    cell
                }
            }
        };
        cell.get_or_init(async || read.await.map(Arc::new)).await.clone()
    }

    pub(crate) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Forgets those whose names fit.
    pub(crate) fn forget_those(&self, fits: impl Fn(&str) -> bool) {
        self.lock().retain(|name, _| !fits(name));
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thing_is_read_once_until_it_is_forgotten() {
        let kept = Kept::default();
        let read = async |number: i32| *kept.get("a", async { Ok(number) }).await.expect("read");
        assert_eq!((read(1).await, read(2).await), (1, 1));
        kept.forget("b");
        assert_eq!(read(3).await, 1);
        kept.forget("a");
        assert_eq!(read(4).await, 4);
        kept.forget_those(|name| name == "a");
        assert_eq!(read(5).await, 5);
    }

    #[tokio::test]
    async fn a_reading_under_way_answers_nobody_who_asks_after_the_change() {
        let kept = Arc::new(Kept::default());
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let slow = tokio::spawn({
            let kept = kept.clone();
            async move {
                let read = async {
                    gone.await.expect("told");
                    Ok("before")
                };
                kept.get("a", read).await
            }
        });
        while kept.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        kept.forget("a");
        assert_eq!(*kept.get("a", async { Ok("after") }).await.expect("read"), "after");
        go.send(()).expect("waiting");
        assert_eq!(*slow.await.expect("no panic").expect("read"), "before");
        assert_eq!(*kept.get("a", async { Ok("again") }).await.expect("read"), "after");
    }
}
