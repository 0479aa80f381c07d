//! What joins the live page to a run: its state is read from the run's directory, and an answer is
//! left there as `approve` leaves one. The server is `crate::serve`'s.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    actions::catalogue,
    config::Config,
    journal::{RunDir, Who, redact_text},
    playbook::Catalogue,
    program::planfile::PlanFile,
    report::model,
    serve::{Ask, Given, Shown, Source, Stamp},
};

use super::{
    Context, Secrets,
    answer::{self, Wanted},
    desk::approve,
    entitled::PAGE,
    page,
};

/// Who works on the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    /// This process: it takes answers, and reports by itself when it has ended.
    Own,
    Other,
}

/// A run's directory as the page's source.
pub(crate) struct LivePage {
    config: Config,
    dir: RunDir,
    secrets: Secrets,
    context: Context,
    catalogue: Catalogue,
    watch: Watch,
}

impl LivePage {
    /// `own` where this process works on the run.
    pub(crate) fn of(context: &Context, dir: &RunDir, own: bool) -> Self {
        Self {
            config: context.configuration().config().clone(),
            dir: dir.clone(),
            secrets: context.hidden(),
            context: context.clone(),
            catalogue: catalogue::catalogue(),
            watch: if own { Watch::Own } else { Watch::Other },
        }
    }

    fn asks(&self, sources: &model::Sources, report: &model::Report) -> Vec<Ask> {
        let plan = sources.plan.as_ref().map(|plan: &PlanFile| plan.sha256.clone());
        let waits = |step: &str| {
            let mut rows = report.steps.iter().filter(|row| row.id == step);
            rows.any(|row| row.state == model::State::Waiting)
        };
        let asked = sources.asked.iter().filter(|asked| waits(&asked.step));
        let started = sources.read.lines.first().map(|line| &line.record);
        asked
            .map(|asked| {
                let roles = asked.role.clone().map_or_else(
                    || answer::roles(&self.dir, started).unwrap_or_default(),
                    |role| vec![role],
                );
                let command = approve(self.dir.id(), &asked.step, asked.role.as_deref());
                let mut text = redact_text(asked.question.clone(), &self.secrets.all());
                if !asked.rule.is_open() {
                    // Whoever has the page may be anybody.
                    let rule = asked.rule.words();
                    let who = format!(
                        "It is answered in a terminal{rule}: this page cannot show who answers."
                    );
                    text = [text, who].join("\n");
                }
                Ask {
                    question: asked.id.clone(),
                    step: asked.step.clone(),
                    text,
                    plan: plan.clone().unwrap_or_default(),
                    since: asked.since,
                    roles,
                    command,
                    open: self.watch == Watch::Own && asked.rule.is_open(),
                }
            })
            .collect()
    }
}

impl Source for LivePage {
    fn stamp(&self) -> Stamp {
        let length = std::fs::metadata(self.dir.journal()).map_or(0, |data| data.len());
        let mut names = DefaultHasher::new();
        let entries = std::fs::read_dir(self.dir.path()).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
            .map(|entry| {
                (entry.file_name(), entry.metadata().and_then(|data| data.modified()).ok())
            })
            .collect();
        found.sort_unstable();
        found.hash(&mut names);
        (length, names.finish())
    }

    fn shown(&self, over: bool) -> Result<Shown, String> {
        let sources =
            model::Sources::read(&self.dir, &self.catalogue).map_err(|e| e.to_string())?;
        let sources = sources.with_contacts(&self.config.contacts);
        let live = match self.watch {
            Watch::Own => !over,
            Watch::Other => page::is_live(&self.dir, &sources),
        };
        let report = model::fold(&sources, &page::options_now(&self.config, live));
        let asked = self.asks(&sources, &report);
        Ok(Shown { report, asked, live })
    }

    fn answer(&self, given: Given) -> Result<String, String> {
        if self.watch != Watch::Own {
            return Err("this page only shows the run".into());
        }
        let Given { step, question, plan, by, role, reason, yes } = given;
        let wanted = Wanted {
            step,
            role,
            by,
            who: Who::default(),
            reason,
            yes,
            plan: Some(plan),
            question: Some(question),
            via: PAGE,
        };
        let given =
            answer::answer(&self.context, &self.dir, wanted).map_err(|failure| failure.message)?;
        let word = if given.yes { "Approved" } else { "Denied" };
        Ok(format!("{word} as {} by {}. The run takes it up.", given.role, given.by))
    }
}
