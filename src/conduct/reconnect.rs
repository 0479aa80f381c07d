//! Back to an earlier run: its inputs as they were given, what must not be shown of it, and its account.

use crate::{
    aws::{Aws, Endpoints, Place},
    engine::World,
    journal::{Ledger, Record, RunDir, forms},
    program::planfile::PlanFile,
};

use super::{Context, Exit, Failure, Loaded, Sources, access, confided, frozen::Frozen, whose};

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
pub(super) async fn known(
    context: &Context,
    aws: &Aws,
    dir: &RunDir,
    ledger: &Ledger,
    given: &[(String, String)],
) -> Result<Vec<String>, Failure> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let frozen = whose::inputs(dir, ledger)?;
    let is_sensitive = |name: &str| frozen.sensitive.iter().any(|one| one == name);
    confided::fetch(context, aws, is_sensitive, given).await?;
    let values = inputs(&frozen, given)?;
    if frozen.sensitive.iter().all(|name| given.iter().any(|(one, _)| one == name)) {
        let kept = whose::document(dir, ledger.started.as_ref())?;
        let sources = Sources::Kept(&kept.files);
        let loaded = Loaded::text(context, &kept.name, kept.text, sources, &values)?;
        return Ok(loaded.prepared.secrets());
    }
    let given = confided::read(context, is_sensitive, given)?;
    let values: Vec<_> = given.into_iter().map(|(_, value)| value).collect();
    context.hide(forms(&values));
    Ok(forms(&values))
}

/// The account and endpoints of an earlier run; anything else is refused.
pub(super) async fn reconnect(
    context: &Context,
    dir: &RunDir,
    ledger: &Ledger,
) -> Result<Aws, Failure> {
    let Some(Record::RunStarted { scope, endpoint, .. }) = &ledger.started else {
        return Err(Failure::new(Exit::Internal, "the journal does not start with a run"));
    };
    // Of a run that called services at several places, its plan has which.
    let plan = whose::plan(dir, ledger);
    let Some(was) = Was::of(plan.as_ref(), endpoint.as_deref()) else {
        let id = dir.id();
        return Err(Failure::new(
            Exit::Refused,
            format!("run {id} called services at several places, and which is in its plan, which is missing or was changed after the run started; nothing was changed"),
        )
        .help("put the run's `plan.json` back"));
    };
    let mut options = context.connect_options();
    options.region = Some(scope.region.clone());
    if options.endpoint_url.is_none() {
        options.endpoint_url = was.one.map(str::to_owned);
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
    if let Some((service, was, is)) = was.differs(aws.endpoints()) {
        return differs(&format!("endpoint ({service})"), &was, &is);
    }
    Ok(aws)
}

/// Where a run's calls went.
pub(super) struct Was<'a> {
    /// One endpoint for all that it called; none is AWS, or see `each`.
    one: Option<&'a str>,
    each: Vec<(&'a str, Option<&'a str>)>,
}

impl<'a> Was<'a> {
    /// None where they went to several places, and the plan that has them is not there.
    pub(super) fn of(plan: Option<&'a PlanFile>, journaled: Option<&'a str>) -> Option<Self> {
        let Some(plan) = plan else {
            // Without its plan there is what the journal has: one place for all, or words for several.
            let is_one = journaled.is_none_or(|url| url.contains("://") && !url.contains(" at "));
            return is_one.then(|| Self { one: journaled, each: vec![("sts", journaled)] });
        };
        if plan.endpoints.is_empty() {
            let one = plan.endpoint.as_deref();
            let services = plan.permissions.iter().filter_map(|one| one.split(':').next());
            let services = services.filter(|name| Endpoints::knows(name));
            let each = services.chain(["sts"]).map(|name| (name, one)).collect();
            return Some(Self { one, each });
        }
        let url = |url: &'a str| url.contains("://").then_some(url);
        let each = plan.endpoints.iter().map(|(name, at)| (&**name, url(at))).collect();
        Some(Self { one: None, each })
    }

    /// Where the calls of a service went.
    ///
    /// # Errors
    /// It is none of those that the run called, in words.
    pub(super) fn at(&self, service: &str) -> Result<Option<&'a str>, String> {
        let found = self.each.iter().find(|(name, _)| *name == service);
        let unknown = || format!("where the run called `{service}` is not known");
        found.map(|(_, url)| *url).ok_or_else(unknown)
    }

    /// The first service whose calls would go elsewhere now. A local endpoint may come back on another port; AWS and
    /// a local endpoint are never the same.
    fn differs(&self, now: &Endpoints) -> Option<(String, String, String)> {
        let name = |url: Option<&str>| url.unwrap_or("AWS").to_owned();
        self.each.iter().find_map(|(service, was)| {
            let is = now.url(service);
            let same = match (Endpoints::place_of(*was, service), now.place(service)) {
                (Place::Elsewhere, Place::Elsewhere) => *was == is,
                (was, is) => was == is,
            };
            (!same).then(|| ((*service).to_owned(), name(*was), name(is)))
        })
    }
}
