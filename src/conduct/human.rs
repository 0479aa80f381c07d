//! Asks the responder: by the approvals that were given beforehand, on the console, and by what
//! `approve` leaves from another terminal. Owns which of them counts first.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;

use crate::{
    engine::{Answer, Human, Question},
    notify::{Notification, Office},
};

use super::{
    Context,
    desk::{Asked, Desk},
    operator,
};

/// How often the run looks for an answer from elsewhere.
const LOOK: Duration = Duration::from_millis(300);

/// The approvals that are given when a run starts.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Steps approved beforehand; `all` is every one.
    pub steps: Vec<String>,
    /// Wait for `approve` where nobody can be asked on the console.
    pub wait: bool,
}

/// Who answers the questions of one run.
pub(super) struct Responder {
    approvals: Approvals,
    is_interactive: bool,
    desk: Desk,
    office: Arc<Office>,
    context: Context,
}

impl Responder {
    pub(super) fn new(
        context: &Context,
        approvals: Approvals,
        desk: Desk,
        office: Arc<Office>,
    ) -> Self {
        let is_interactive = context.console().is_interactive();
        Self { approvals, is_interactive, desk, office, context: context.clone() }
    }

    async fn given(&self, asked: &Asked) -> Answer {
        loop {
            if let Some(answer) = self.desk.take(asked) {
                return answer;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Human for Responder {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let Approvals { steps, wait } = &self.approvals;
            if steps.iter().any(|step| *step == question.step || step == "all") {
                let reason = "given on the command line".into();
                return Answer::Yes { by: operator(), reason, at: None, via: None };
            }
            let asked = self.desk.put(question);
            if let Some(answer) = self.desk.take(&asked) {
                return answer;
            }
            let Question { step, role, text } = question;
            let text = &self.office.redact(text);
            self.office
                .tell(|about| Notification::approval_wanted(about, step, role.as_deref(), text));
            if !self.is_interactive && !wait {
                return Answer::Unreachable(elsewhere(question));
            }
            if !self.is_interactive {
                // Whoever looks at this console sees what to type at another.
                self.context.say(self.desk.how(&asked).trim_end());
            }
            let answer = tokio::select! {
                answer = self.given(&asked) => {
                    if self.is_interactive {
                        // The prompt is still there; the run continues anyway.
                        self.context.say("answered from another terminal");
                    }
                    answer
                }
                answer = self.context.console().ask(question), if self.is_interactive => answer,
            };
            if !matches!(answer, Answer::Unreachable(_)) {
                self.desk.withdraw(&question.step);
            }
            answer
        })
    }
}

/// How a question is answered that nobody could be asked.
fn elsewhere(question: &Question) -> String {
    format!("when it is done: `backburn resume last --approve {}`", question.step)
}
