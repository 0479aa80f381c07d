//! The configuration as commands use it: found and read once, and joined to the account that a
//! command works in. Owns which role is assumed, and when an account is refused.

use std::path::{Path, PathBuf};

use crate::{
    aws::{Aws, ConnectOptions, session_name},
    config::{self, Account, Checked, Config, Origin, Stance, is_account_id},
    engine::{Scope, World},
    playbook::did_you_mean,
    report::plan::plural,
};

use super::{Context, Exit, Failure, prepare};

/// What was found; without a file, everything is as if there were an empty one.
#[derive(Debug, Default)]
pub struct Settings {
    pub file: Option<(PathBuf, Origin)>,
    pub checked: Option<Checked>,
    /// It is there and cannot be read.
    unreadable: Option<String>,
    none: Config,
}

impl Settings {
    pub fn find(given: Option<&str>) -> Self {
        let here = std::env::current_dir().unwrap_or_default();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let Some((path, origin)) = config::locate(given, &here, home.as_deref()) else {
            return Self::default();
        };
        let mut found = Self { file: Some((path.clone(), origin)), ..Self::default() };
        match std::fs::read_to_string(&path) {
            Ok(text) => found.checked = Some(config::parse(&path, &text)),
            Err(e) => found.unreadable = Some(format!("{} cannot be read: {e}", path.display())),
        }
        found
    }

    /// What of it is good.
    pub fn config(&self) -> &Config {
        self.checked.as_ref().map_or(&self.none, |checked| &checked.config)
    }

    /// The folder that paths in the file are relative to.
    pub fn folder(&self) -> &Path {
        self.file.as_ref().and_then(|(path, _)| path.parent()).unwrap_or(Path::new("."))
    }

    /// # Errors
    /// The file cannot be read, or has mistakes, which are said.
    pub fn good(&self, context: &Context) -> Result<&Config, Failure> {
        if let Some(why) = &self.unreadable {
            return Err(Failure::new(Exit::Usage, why.clone())
                .help("`--config none` goes on without a configuration"));
        }
        if let Some(checked) = self.checked.as_ref().filter(|checked| checked.has_errors()) {
            context.say(checked.render(context.err.color, context.err.width).trim_end());
            let problems = plural(checked.diagnostics.len(), "problem");
            return Err(Failure::new(
                Exit::Invalid,
                format!("{} has {problems}; nothing was changed", checked.name),
            )
            .help("mend it, or go on without a configuration: `--config none`"));
        }
        Ok(self.config())
    }
}

/// Reaches the account for a new plan or run: the one of `--account`, or the credentials' own, where
/// the configuration lets a run in.
pub async fn enter(context: &Context, drill: bool) -> Result<Aws, Failure> {
    let config = context.settings().good(context)?;
    let asked = context.global.account.as_deref();
    let listed = match asked {
        Some(name) => config.account(name),
        None => None,
    };
    if let Some(name) = asked
        && listed.is_none()
        && !is_account_id(name)
    {
        let known = config.accounts.keys().map(String::as_str);
        return Err(Failure::new(
            Exit::Usage,
            format!("the configuration has no account `{name}`"),
        )
        .help(did_you_mean(name, known, "its accounts are")));
    }
    let aws = within(context, context.connect_options(), listed).await?;
    let Scope { account, region, .. } = aws.scope();
    // A drill says the same in its own words.
    if let Some(name) = asked
        && listed.is_none()
        && name != account
        && !drill
    {
        return Err(elsewhere(name, account));
    }
    match config.stance(account, region, aws.is_local()) {
        Stance::Listed | Stance::Silent => {}
        Stance::Unlisted(said) => context.say(&format!("warning: {said}")),
        Stance::Refused(said) => {
            return Err(Failure::new(
                Exit::Refused,
                format!("{said}, which has `only-listed = true`; nothing was changed"),
            )
            .help("choose a listed one with `--account NAME`, or add this one to the file"));
        }
    }
    if drill && context.settings().file.is_some() {
        config.allows_drill(account, aws.is_local()).map_err(|why| {
            Failure::new(Exit::Refused, format!("{why}; nothing was touched")).help(
                "add `drill = true` to the account in the configuration, or run it in another",
            )
        })?;
    }
    Ok(aws)
}

/// Reaches the account that an earlier run worked in: by `--account`, or by the role that the run
/// itself had, where the configuration still has it.
pub async fn enter_again(
    context: &Context,
    options: ConnectOptions,
    scope: &Scope,
) -> Result<Aws, Failure> {
    // Giving back must not fail for a mistake elsewhere in the file.
    let config = context.settings().config();
    let listed = match context.global.account.as_deref() {
        Some(name) => config.account(name),
        None => config.account(&scope.account).filter(|(_, account)| {
            let role = account.role.as_deref().and_then(|role| role.rsplit('/').next());
            role.is_some_and(|role| scope.principal.contains(&format!(":assumed-role/{role}/")))
        }),
    };
    within(context, options, listed).await
}

async fn within(
    context: &Context,
    mut options: ConnectOptions,
    listed: Option<(&str, &Account)>,
) -> Result<Aws, Failure> {
    let Some((name, account)) = listed else { return prepare::connect(context, options).await };
    if options.region.is_none() {
        let own =
            ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|one| std::env::var(one).ok());
        let fits = own.is_some_and(|own| account.regions.contains(&own));
        options.region = account.regions.first().filter(|_| !fits).cloned();
    }
    let aws = as_account(&prepare::connect(context, options).await?, account).await?;
    match aws.scope().account == account.id {
        true => Ok(aws),
        false => Err(elsewhere(name, &aws.scope().account)),
    }
}

/// The account seen as its role, where it has one.
pub async fn as_account(aws: &Aws, account: &Account) -> Result<Aws, crate::engine::CallError> {
    let Some(role) = &account.role else { return Ok(aws.clone()) };
    // The same in a plan and its run, which have to agree on who calls.
    let session = session_name("by", &prepare::operator());
    aws.as_standing_role(role, &session, account.external_id.as_deref()).await
}

fn elsewhere(name: &str, account: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("`--account {name}` is not account {account}, which the credentials are for; nothing was changed"),
    )
    .help("choose other credentials with `--profile`, or give the account a `role` in the configuration")
}
