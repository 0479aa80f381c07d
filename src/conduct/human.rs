//! Asks the responder: by the approvals that were given beforehand, on the console, and by what
//! `approve` leaves from another terminal. Owns which of them counts first, and that the journal has
//! those that do not count.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;

use crate::{
    engine::{Answer, Event, Events, Human, Question, Reply},
    journal::{Journal, Record, Who},
    notify::{Notification, Office},
    text::argument,
};

use super::{
    Context,
    desk::{Asked, Desk, Found, Late},
    entitled::{Bench, COMMAND_LINE, TERMINAL},
    operator,
};

/// How often the run looks for an answer from elsewhere.
const LOOK: Duration = Duration::from_millis(300);

/// The approvals that are given when a run starts.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Steps approved beforehand; `all` is every one. Each counts once for each question of its step.
    pub steps: Vec<String>,
    /// The roles that they are given for; `all` is every one.
    pub roles: Vec<String>,
    /// Why; without one nothing is approved.
    pub reason: String,
    /// Wait for `approve` where nobody can be asked on the console.
    pub wait: bool,
}

/// Who answers the questions of one run.
pub(super) struct Responder {
    pub(super) context: Context,
    pub(super) approvals: Approvals,
    pub(super) desk: Desk,
    pub(super) office: Arc<Office>,
    pub(super) journal: Journal,
    pub(super) events: Events,
    /// Whoever sits at the console.
    pub(super) me: Who,
    pub(super) bench: Bench,
    /// Questions that the approvals were used for.
    pub(super) used: Mutex<HashSet<(String, String)>>,
}

impl Responder {
    /// Journals what did not count. A journal that cannot be written ends the run at its next record.
    async fn journal(&self, late: Vec<Late>) {
        for Late { step, text } in late {
            self.events.send(Event::Note { step: step.clone(), text: text.clone() });
            let _ = self.journal.append(Record::Note { step, text }).await;
        }
    }

    /// An answer that lies there and counts.
    async fn found(&self, asked: &Asked, found: Found) -> Option<Answer> {
        match found {
            Found::Nothing => None,
            Found::Unfit(late) => {
                self.journal(vec![late]).await;
                None
            }
            Found::Answer(given) => {
                let refused = self.bench.refuses(&asked.rule, &given.who, given.via.as_deref());
                let Some(why) = refused else { return Some(given.answer()) };
                self.desk.dismiss(&given);
                self.journal(vec![given.ignored(&why)]).await;
                None
            }
        }
    }

    async fn given(&self, asked: &Asked) -> Answer {
        loop {
            if let Some(answer) = self.found(asked, self.desk.look(asked)).await {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What was approved when the run started, once for each question.
    fn beforehand(&self, asked: &Asked) -> Option<Answer> {
        let Approvals { steps, roles, reason, .. } = &self.approvals;
        let step = &asked.step;
        if !steps.iter().any(|one| one == step || one == "all") {
            return None;
        }
        let refused = match &asked.role {
            Some(role) if !roles.iter().any(|one| one == role || one == "all") => {
                Some(format!("the step asks `{role}`, which `--as` does not name"))
            }
            _ if reason.trim().is_empty() => Some("no reason was given with it".into()),
            _ => self.bench.refuses(&asked.rule, &self.me, Some(COMMAND_LINE)),
        };
        let reply = self.mine(reason.trim().into(), COMMAND_LINE);
        if let Some(why) = refused {
            self.context.say(&format!("`--approve` does not answer `{step}`: {why}"));
            return None;
        }
        let key = (step.clone(), asked.question.clone());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.insert(key) {
            self.context.say(&format!(
                "`--approve` does not answer `{step}`: it was used for an earlier attempt, and each attempt asks anew"
            ));
            return None;
        }
        Some(Answer::Yes(reply))
    }

    fn mine(&self, reason: String, via: &str) -> Reply {
        Reply { by: operator(), who: self.me.clone(), reason, at: None, via: Some(via.into()) }
    }

    /// Asks on the console, until it gives an answer that is one.
    async fn typed(&self, question: &Question, asked: &Asked) -> Answer {
        let answer = match self.context.console().ask(question).await {
            Answer::Yes(reply) => Answer::Yes(self.mine(reply.reason, TERMINAL)),
            Answer::No(reply) => Answer::No(self.mine(reply.reason, TERMINAL)),
            nobody @ Answer::Unreachable(_) => return nobody,
        };
        match self.found(asked, self.desk.decide(asked, answer)).await {
            Some(answer) => answer,
            // What lay there first did not count either: the next look decides.
            None => self.given(asked).await,
        }
    }
}

impl Human for Responder {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let asked = self.desk.put(question);
            self.journal(self.desk.late()).await;
            if let Some(answer) = self.found(&asked, self.desk.look(&asked)).await {
                return answer;
            }
            if let Some(answer) = self.beforehand(&asked)
                && let Some(answer) = self.found(&asked, self.desk.decide(&asked, answer)).await
            {
                return answer;
            }
            let Question { step, role, text, .. } = question;
            let text = &self.office.redact(text);
            self.office
                .tell(|about| Notification::approval_wanted(about, step, role.as_deref(), text));
            let is_interactive = self.context.console().is_interactive();
            let not_mine = self.bench.refuses(&asked.rule, &self.me, Some(TERMINAL));
            if !is_interactive && !self.approvals.wait {
                return Answer::Unreachable(self.elsewhere(&asked, not_mine.is_some()));
            }
            if !is_interactive || not_mine.is_some() {
                // Whoever looks at this console sees what to type at another.
                self.context.show(self.desk.how(&asked).trim_end());
            }
            if let Some(why) = &not_mine {
                self.context.say(&format!("  it cannot be answered here: {why}"));
            }
            tokio::select! {
                answer = self.given(&asked) => {
                    if is_interactive && not_mine.is_none() {
                        // The prompt is still there; the run continues anyway.
                        self.context.say("answered from another terminal");
                    }
                    answer
                }
                answer = self.typed(question, &asked), if is_interactive && not_mine.is_none() => answer,
            }
        })
    }

    fn settled(&self, question: &Question) {
        self.desk.settled(question);
    }
}

impl Responder {
    /// How a question is answered that nobody could be asked.
    fn elsewhere(&self, asked: &Asked, by_others: bool) -> String {
        let run = self.desk.run();
        if by_others {
            let approve = self.desk.approve(asked);
            return format!(
                "somebody else answers: `{approve}`, then `backburn resume {run}` continues"
            );
        }
        let role = asked.role.as_deref().map_or_else(|| "ROLE".to_owned(), argument);
        let step = argument(&asked.step);
        format!(
            "when it is done: `backburn resume {run} --approve {step} --as {role} --reason ...`"
        )
    }
}
