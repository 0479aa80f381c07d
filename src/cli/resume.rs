//! `backburn resume`: goes on with a run where its journal ends.

use clap::Args;

use crate::{
    engine::{Scope, World, plan::Expected},
    journal::{Ledger, Record, RunDir, RunStatus, forms},
    program::{bind::RunFactsOwned, planfile::PlanFile, prepare::sources_sha256},
};

use super::{
    Context, Exit, Failure, drill,
    prepare::{self, Inputs, operator},
    run::Lead,
    session::{Frozen, Start},
    settings,
};

#[derive(Args, Debug)]
pub struct Resume {
    /// Run id, a unique prefix of it, or `last`
    run: String,
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    lead: Lead,
}

impl Resume {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let page = self.lead.serve.bind().await?;
        let start = Start::of(context, &self.run)?;
        let id = start.dir.id().to_owned();
        let refuse = |why: &str| Err(Failure::new(Exit::Refused, format!("run {id} {why}")));
        if start.ledger.aborted {
            return refuse("was aborted; it can only be released");
        }
        if let Some(complete) = start.ledger.released {
            return refuse(match complete {
                true => "was released; start a new run",
                false => "is being released; `backburn release` goes on with that",
            });
        }
        // A drill that has succeeded and was killed before it was given back still is to be.
        if start.ledger.status == Some(RunStatus::Succeeded) && start.ledger.drill().is_none() {
            return refuse("has succeeded; there is nothing to go on with");
        }
        let frozen: Frozen = start.dir.read_json("inputs.json")?;
        let plan: PlanFile = start.dir.read_json("plan.json")?;
        let text = start.dir.read_text("playbook.yaml")?;
        if let Some(Record::RunStarted { playbook_sha256, plan_sha256, .. }) = &start.ledger.started
            && (sources_sha256(&text, &frozen.files) != *playbook_sha256
                || plan.sha256 != *plan_sha256
                || !plan.is_intact())
        {
            return refuse(
                "has a playbook or plan that was changed after it started; release it, or put the files back",
            );
        }
        let given = inputs(&frozen, &self.inputs.inputs)?;
        let sources = prepare::Sources::Kept(&frozen.files);
        let (prepared, outline) = prepare::loaded(context, &frozen.name, text, sources, &given)?;
        let aws = reconnect(context, &start).await?.with_run(&id);
        let aws = aws.with_belts(start.belts(&prepared)?);
        let expected = Expected::of(plan.planned());
        let facts = RunFactsOwned { id, started: frozen.started };
        let session =
            start.open(context, aws, prepared.secrets(), expected, self.lead.approvals())?;
        session.append(Record::Resumed { operator: operator() }).await?;
        session.introduce(context);
        let live = page.map(|page| page.start(context, &session.dir));
        let lead = &self.lead;
        let exit = match outline {
            Some(outline) => {
                drill::conduct(context, session, &prepared, facts, &outline, lead.parallel).await
            }
            None => {
                let presumed = lead.accept_presumed;
                session.run(context, &prepared, facts, lead.parallel, presumed, true).await
            }
        };
        if let Some(live) = live {
            live.end(context).await;
        }
        exit
    }
}

/// The frozen inputs as they were given; sensitive ones have to be given again.
fn inputs(frozen: &Frozen, given: &[(String, String)]) -> Result<Vec<(String, String)>, Failure> {
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

/// What must not be shown of a run that is given back or ended. Nobody has to give its sensitive
/// inputs again for that; a change that holds one is told from a foreign one only when they are.
pub fn known(
    context: &Context,
    dir: &RunDir,
    given: &[(String, String)],
) -> Result<Vec<String>, Failure> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let frozen: Frozen = dir.read_json("inputs.json")?;
    let values = inputs(&frozen, given)?;
    if frozen.sensitive.iter().all(|name| given.iter().any(|(one, _)| one == name)) {
        let sources = prepare::Sources::Kept(&frozen.files);
        let text = dir.read_text("playbook.yaml")?;
        let (prepared, _) = prepare::loaded(context, &frozen.name, text, sources, &values)?;
        return Ok(prepared.secrets());
    }
    let values: Vec<_> = given.iter().map(|(_, value)| value.clone()).collect();
    context.hide(forms(&values));
    Ok(forms(&values))
}

/// The account and endpoint of an earlier run; anything else is refused.
pub async fn reconnect(context: &Context, start: &Start) -> Result<crate::aws::Aws, Failure> {
    reconnect_to(context, account_of(&start.ledger)?).await
}

/// Scope and endpoint of a run.
pub fn account_of(ledger: &Ledger) -> Result<(&Scope, Option<&String>), Failure> {
    match &ledger.started {
        Some(Record::RunStarted { scope, endpoint, .. }) => Ok((scope, endpoint.as_ref())),
        _ => Err(Failure::new(Exit::Internal, "the journal does not start with a run")),
    }
}

pub async fn reconnect_to(
    context: &Context,
    (scope, endpoint): (&Scope, Option<&String>),
) -> Result<crate::aws::Aws, Failure> {
    let mut options = context.connect_options();
    options.region = Some(scope.region.clone());
    if options.endpoint_url.is_none() {
        options.endpoint_url = endpoint.cloned();
    }
    let aws = settings::enter_again(context, options, scope).await?;
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
