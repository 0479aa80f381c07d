//! Back to an earlier run: its inputs as they were given, what must not be shown of it, and its account.

use crate::{
    aws::Aws,
    engine::World,
    journal::{Ledger, Record, RunDir, forms},
};

use super::{Context, Exit, Failure, Loaded, Sources, access, frozen::Frozen};

/// The frozen inputs as they were given; sensitive ones must be given again.
pub(super) fn inputs(
    frozen: &Frozen,
    given: &[(String, String)],
) -> Result<Vec<(String, String)>, Failure> {
    for (name, _) in given {
        if !frozen.sensitive.contains(name) {
            return Err(Failure::new(
                Exit::Usage,
                format!("input `{name}` was fixed when the run started"),
            )
            .help("give only sensitive inputs again, which are kept nowhere"));
        }
    }
    let kept = frozen.values.iter().map(|(name, value)| {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (name.clone(), text)
    });
    Ok(kept.chain(given.iter().cloned()).collect())
}

/// What must not be shown of a run that is released or aborted. Its sensitive inputs need not be
/// given again for that; but only then can a change that holds one be distinguished from a foreign one.
pub(super) fn known(
    context: &Context,
    dir: &RunDir,
    given: &[(String, String)],
) -> Result<Vec<String>, Failure> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let frozen: Frozen = dir.read_json(RunDir::INPUTS)?;
    let values = inputs(&frozen, given)?;
    if frozen.sensitive.iter().all(|name| given.iter().any(|(one, _)| one == name)) {
        let sources = Sources::Kept(&frozen.files);
        let text = dir.read_text(RunDir::PLAYBOOK)?;
        let loaded = Loaded::text(context, &frozen.name, text, sources, &values)?;
        return Ok(loaded.prepared.secrets());
    }
    let values: Vec<_> = given.iter().map(|(_, value)| value.clone()).collect();
    context.hide(forms(&values));
    Ok(forms(&values))
}

/// The account and endpoint of an earlier run; anything else is refused.
pub(super) async fn reconnect(context: &Context, ledger: &Ledger) -> Result<Aws, Failure> {
    let Some(Record::RunStarted { scope, endpoint, .. }) = &ledger.started else {
        return Err(Failure::new(Exit::Internal, "the journal does not start with a run"));
    };
    let endpoint = endpoint.as_ref();
    let mut options = context.connect_options();
    options.region = Some(scope.region.clone());
    if options.endpoint_url.is_none() {
        options.endpoint_url = endpoint.cloned();
    }
    let aws = access::enter_again(context, options, scope).await?;
    let differs = |what: &str, was: &str, is: &str| {
        Err(Failure::new(
            Exit::Refused,
            format!("the run was made in {what} {was}, this would go to {is}; nothing was changed"),
        )
        .help("choose the run's account with `--profile`, and its endpoint with `--endpoint-url`"))
    };
    if aws.scope().account != scope.account {
        return differs("account", &scope.account, &aws.scope().account);
    }
    // A local endpoint may come back on another port; AWS and a local endpoint are never the same.
    if aws.endpoint().is_some() != endpoint.is_some() {
        let name = |url: Option<&str>| url.unwrap_or("AWS").to_owned();
        return differs("endpoint", &name(endpoint.map(String::as_str)), &name(aws.endpoint()));
    }
    Ok(aws)
}
