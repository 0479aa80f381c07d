//! Requests to stop while a process works on a run: from the console, or from another terminal. Owns what
//! a request means at each moment; how one reaches the console is the console's.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    aws::Aws,
    engine::{self, Event, is_exposed},
    journal::RunDir,
};

use super::{Console, Context};

/// How often it is looked whether another terminal asks, and whether what is exposed was closed.
const LOOK: Duration = Duration::from_millis(300);
/// A step that had passed its last check before the first request has journaled its intent by then.
const SETTLES: Duration = Duration::from_secs(1);

/// What the process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing yet: a request counts for what follows.
    Beginning,
    /// Steps. Asked once, nothing new starts; asked again, the process ends as soon as nothing is exposed.
    Steps,
    /// Steps of a drill, which is given back before the process ends, however often it is asked.
    Drill,
    /// A release that somebody asked for: it stops between two changes, and ends as steps do.
    Release,
    /// What leaves the account better the further it gets: closing what is exposed, removing a drill.
    Closing,
    /// Nothing but waiting for a terminal that takes nothing: the journal is written.
    Nothing,
}

/// Watches for requests until it is dropped.
pub(super) struct Stopping {
    doing: watch::Sender<Doing>,
    _watcher: JoinSet<()>,
}

impl Stopping {
    pub(super) fn begin(
        context: &Context,
        dir: &RunDir,
        run: &Arc<engine::Run<Aws>>,
        stop: &watch::Sender<bool>,
        first: Doing,
    ) -> Self {
        let (doing, now) = watch::channel(first);
        let request = dir.stop_request();
        let (context, run, stop) = (context.clone(), Arc::downgrade(run), stop.clone());
        let id = dir.id().to_owned();
        // Asked here and not in the task: from now on no signal ends the process.
        context.console().listen();
        let mut watcher = JoinSet::new();
        watcher.spawn(Watcher { context, id, run, stop, request, now, first: None }.watch());
        Self { doing, _watcher: watcher }
    }

    /// What the process does from now on.
    pub(super) fn is(&self, doing: Doing) {
        self.doing.send_replace(doing);
    }
}

struct Watcher {
    context: Context,
    id: String,
    run: std::sync::Weak<engine::Run<Aws>>,
    stop: watch::Sender<bool>,
    request: PathBuf,
    now: watch::Receiver<Doing>,
    /// When it was first asked to stop.
    first: Option<Instant>,
}

impl Watcher {
    async fn watch(mut self) {
        let console = self.context.console().clone();
        let mut is_there = true;
        loop {
            let elsewhere = self.first.is_none();
            tokio::select! {
                asked = console.stop(), if is_there => match asked {
                    true => self.asked(&console).await,
                    false => is_there = false,
                },
                () = tokio::time::sleep(LOOK), if elsewhere => {
                    if self.stops_between_calls() && self.request.exists() {
                        self.stop();
                    }
                }
                else => return,
            }
        }
    }

    fn stops_between_calls(&self) -> bool {
        matches!(*self.now.borrow(), Doing::Steps | Doing::Drill | Doing::Release)
    }

    fn stop(&mut self) {
        self.first.get_or_insert_with(Instant::now);
        if !self.stop.send_replace(true)
            && let Some(run) = self.run.upgrade()
        {
            run.events.send(Event::Stopping);
        }
    }

    async fn asked(&mut self, console: &Arc<dyn Console>) {
        let doing = *self.now.borrow();
        match (doing, self.first) {
            (Doing::Nothing, _) => console.stop_at_once("the work on the run had ended"),
            (Doing::Closing, _) | (Doing::Beginning, Some(_)) => self.context.say(
                "asked to stop: what is being closed or given back is finished first; if this process is killed, it is left undone",
            ),
            (Doing::Beginning | Doing::Steps | Doing::Drill | Doing::Release, None) => self.stop(),
            (Doing::Drill, Some(_)) => self.context.say(&format!(
                "asked again to stop: the drill is given back first; if this process is killed, `backburn drill halt {}` gives it back",
                self.id
            )),
            (Doing::Steps | Doing::Release, Some(first)) => self.leave(console, first).await,
        }
    }

    /// Ends the process once nothing is exposed. Whatever the steps still do then is settled by the next
    /// process that works on the run.
    async fn leave(&self, console: &Arc<dyn Console>, first: Instant) {
        tokio::time::sleep_until(first + SETTLES).await;
        let (mut said, mut quiet) = (false, false);
        loop {
            // Without its journal it is unknown what is exposed: the steps end by themselves.
            let Some(run) = self.run.upgrade() else { return };
            let Some(ledger) = run.journal.ledger().await else { return };
            drop(run);
            match is_exposed(&ledger) {
                // What closing it had kept from ending may end by itself now.
                false if quiet => break,
                exposed => quiet = !exposed,
            }
            if !quiet && !std::mem::replace(&mut said, true) {
                self.context.say(
                    "asked again to stop: what is open is closed first; a process that is killed now leaves it open",
                );
            }
            tokio::time::sleep(if quiet { SETTLES } else { LOOK }).await;
            if !self.stops_between_calls() {
                return;
            }
        }
        console.stop_at_once(&format!(
            "left run {0} with calls under way: `backburn resume {0}` continues it, `backburn release {0}` gives back what it took",
            self.id
        ));
    }
}
