//! `backburn policy`: the least-privilege IAM policies of a playbook, to run it and to release it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    actions::policy::{Fill, Kept, too_large},
    aws::{ASSUME_ROLE, ssm::KeptSecret},
    conduct::{Sources, checked, read},
    program::policy::policies,
};

use super::{Context, Exit, Failure, inputs::Inputs};

#[derive(Args, Debug)]
pub(super) struct Policy {
    /// Playbook or simulation
    file: PathBuf,
    /// Print the policy for `release` instead of the one to run
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    inputs: Inputs,
    /// Account id for the ARNs; any when left out
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

impl Policy {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let compiled = checked(context, &name, &read(&self.file)?, Sources::Beside(&self.file))?;
        let kept = if compiled.outline.is_some() { Kept::Nothing } else { Kept::Evidence };
        let program = compiled
            .checked
            .program
            .ok_or_else(|| Failure::new(Exit::Internal, format!("{name} has no program")))?;
        let fill =
            Fill { account: self.account.as_deref(), region: context.global.region.as_deref() };
        let config = context.configuration().config();
        let topics =
            config.notifications.targets.values().filter_map(|target| target.sns.as_deref());
        let topics: Vec<_> = topics.collect();
        let both = policies(&program, kept, &topics, &self.secrets()?, fill);
        let policy = if self.release { both.release } else { both.run };
        if !self.secrets()?.is_empty() {
            context.say("note: a parameter or secret that is encrypted under a key of your own also needs `kms:Decrypt` on that key");
        }
        if let Some(warning) = too_large(&policy) {
            context.say(&format!("warning: {warning}"));
        }
        for (account, role) in self.roles(context) {
            let allow =
                json!({ "Effect": "Allow", "Action": ASSUME_ROLE.action, "Resource": role });
            context.say(&format!(
                "note: the configuration comes into account `{account}` by a role: this policy is for that role, and the credentials that assume it need {allow}"
            ));
        }
        let text = serde_json::to_string_pretty(&policy)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print_json(&(text + "\n"))?;
        Ok(Exit::Ok)
    }

    /// The sensitive inputs that are kept in the account.
    fn secrets(&self) -> Result<Vec<KeptSecret>, Failure> {
        let kept = self.inputs.inputs.iter().filter_map(|(_, text)| KeptSecret::parse(text));
        kept.collect::<Result<_, _>>().map_err(|why| Failure::new(Exit::Usage, why))
    }

    /// Accounts that are entered by a role, and its ARN; of the account that was asked for alone.
    fn roles(&self, context: &Context) -> Vec<(String, String)> {
        let accounts = context.configuration().config().accounts.iter();
        let asked = accounts.filter(|(name, account)| {
            let id = self.account.as_ref();
            id.is_none_or(|id| *id == account.id || id == *name)
        });
        asked.filter_map(|(name, account)| Some((name.clone(), account.role.clone()?))).collect()
    }
}
