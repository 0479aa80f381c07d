//! The account that a run works in: reached by the credentials, joined to the configuration. Owns
//! which role is assumed, and when an account is refused.

use crate::{
    aws::{Aws, ConnectOptions, session_name},
    config::{Account, Stance, is_account_id},
    engine::{CallError, Scope, World},
    lab,
    playbook::did_you_mean,
};

use super::{Context, Exit, Failure, operator};

/// Reaches the account for a new plan or run: the one of `--account`, or the credentials' own, where
/// the configuration lets a run in.
pub(super) async fn enter(context: &Context, drill: bool) -> Result<Aws, Failure> {
    let config = context.good_configuration()?;
    let asked = context.account();
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
    // A drill reports the same in its own words.
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
            .help("choose a listed account with `--account NAME`, or add this one to the file"));
        }
    }
    if drill && context.configuration().file.is_some() {
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
pub(super) async fn enter_again(
    context: &Context,
    options: ConnectOptions,
    scope: &Scope,
) -> Result<Aws, Failure> {
    // Giving back must not fail for a mistake elsewhere in the file.
    let config = context.configuration().config();
    let listed = match context.account() {
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
    let Some((name, account)) = listed else { return connect(context, options).await };
    if options.region.is_none() {
        let own =
            ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|one| std::env::var(one).ok());
        let fits = own.is_some_and(|own| account.regions.contains(&own));
        options.region = account.regions.first().filter(|_| !fits).cloned();
    }
    let aws = as_account(&connect(context, options).await?, account).await?;
    match aws.scope().account == account.id {
        true => Ok(aws),
        false => Err(elsewhere(name, &aws.scope().account)),
    }
}

/// The account seen as its role, where it has one.
pub(crate) async fn as_account(aws: &Aws, account: &Account) -> Result<Aws, CallError> {
    let Some(role) = &account.role else { return Ok(aws.clone()) };
    // The same in a plan and its run, which have to agree on who calls.
    let session = session_name("by", &operator());
    aws.as_standing_role(role, &session, account.external_id.as_deref()).await
}

fn elsewhere(name: &str, account: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        format!("`--account {name}` is not account {account}, which the credentials are for; nothing was changed"),
    )
    .help("choose other credentials with `--profile`, or give the account a `role` in the configuration")
}

/// Reaches the account. The lab that runs under this home needs no credentials of the user's.
pub(crate) async fn connect(
    context: &Context,
    mut options: ConnectOptions,
) -> Result<Aws, Failure> {
    let configured = std::env::var_os("AWS_ACCESS_KEY_ID").is_some() || options.profile.is_some();
    if !configured
        && let Some(url) = &options.endpoint_url
        && let Ok(Some(lab)) = lab::status(&context.lab_options()).await
        && lab.endpoint == url.trim_end_matches('/')
    {
        options.keys = Some((lab::ACCESS_KEY_ID.to_owned(), lab::SECRET_ACCESS_KEY.to_owned()));
        options.region.get_or_insert(lab.region);
    }
    if let Some(url) = Aws::silent(&options).await {
        return Err(Failure::new(
            Exit::Aws,
            format!("nothing answers at {url}, an endpoint on this machine; nothing was changed"),
        )
        .help("`backburn lab up` starts the lab, `backburn lab status` shows where it answers; another endpoint is chosen with `--endpoint-url` or `AWS_ENDPOINT_URL`"));
    }
    Ok(Aws::connect(&options).await?)
}
