//! What joins the live page to a run: its state is read from the run's directory, and an answer is
//! left there as `approve` leaves one. The server is `crate::serve`'s.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::{
    actions::catalogue,
    config::Config,
    journal::{RunDir, hash, redact_text},
    playbook::Catalogue,
    program::planfile::PlanFile,
    report::model,
    serve::{Ask, Given, Shown, Source, Stamp},
};

use super::{
    Context,
    answer::{self, Wanted},
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
pub struct LivePage {
    config: Config,
    dir: RunDir,
    secrets: Vec<String>,
    catalogue: Catalogue,
    watch: Watch,
}

impl LivePage {
    /// `own` where this process works on the run.
    pub fn of(context: &Context, dir: &RunDir, own: bool) -> Self {
        Self {
            config: context.configuration().config().clone(),
            dir: dir.clone(),
            secrets: context.secrets(),
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
        asked
            .map(|asked| {
                let roles = asked.role.clone().map_or_else(
                    || answer::roles(&self.dir).unwrap_or_default(),
                    |role| vec![role],
                );
                let role = asked.role.as_deref().unwrap_or("ROLE");
                let command = format!(
                    "backburn approve {} {} --as {role} --reason ...",
                    self.dir.id(),
                    asked.step
                );
                Ask {
                    question: hash(asked.question.as_bytes()),
                    step: asked.step.clone(),
                    text: redact_text(asked.question.clone(), &self.secrets),
                    plan: plan.clone().unwrap_or_default(),
                    since: asked.since,
                    roles,
                    command,
                    open: self.watch == Watch::Own,
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
            reason,
            yes,
            plan: Some(plan),
            question: Some(question),
            via: Some("page".into()),
        };
        let given = answer::answer(&self.dir, wanted).map_err(|failure| failure.message)?;
        let word = if given.yes { "Approved" } else { "Denied" };
        Ok(format!("{word} as {} by {}. The run takes it up.", given.role, given.by))
    }
}
