//! From a file and `-i` to a playbook that can be planned, and from options to an account. Owns the
//! messages when either does not work.

use std::path::Path;

use crate::{
    actions::{catalogue, policy::Kept},
    aws::{Aws, ConnectOptions},
    drill::{self, Files, Outline},
    journal::InLab,
    playbook::inputs,
    program::{Checked, check, planfile::PlanFile, prepare::Prepared},
};

use super::{Context, Exit, Failure};

/// The input that the configuration fills.
const BUCKET: &str = "evidence-bucket";

pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", path.display())))
}

/// Where the files come from that a simulation names.
#[derive(Clone, Copy)]
pub enum Sources<'a> {
    /// Beside the simulation's own file.
    Beside(&'a Path),
    /// As a run kept them.
    Kept(&'a Files),
}

impl Sources<'_> {
    fn read(&self, name: &str) -> Result<String, String> {
        match self {
            Self::Beside(path) => drill::beside(path)(name),
            Self::Kept(files) => {
                files.get(name).cloned().ok_or_else(|| "the run did not keep it".into())
            }
        }
    }
}

/// A playbook or simulation that compiles.
pub struct Compiled {
    pub checked: Checked,
    pub files: Files,
    /// A simulation has one.
    pub outline: Option<Outline>,
}

/// Checks a playbook or simulation; its diagnostics go to stderr, and errors end the command.
pub fn checked(
    context: &Context,
    name: &str,
    text: &str,
    sources: Sources<'_>,
) -> Result<Compiled, Failure> {
    let catalogue = catalogue::catalogue();
    if !drill::is_simulation(text) {
        let checked = check(name, text, &catalogue);
        said(context, std::iter::once(&checked), name)?;
        return Ok(Compiled { checked, files: Files::new(), outline: None });
    }
    let found = drill::check(name, text, &catalogue, &|name| sources.read(name));
    said(context, found.all(), name)?;
    let drill::CheckedDrill { checked, files, outline, .. } = found;
    Ok(Compiled { checked, files, outline })
}

fn said<'a>(
    context: &Context,
    all: impl Iterator<Item = &'a Checked>,
    name: &str,
) -> Result<(), Failure> {
    let mut count = 0;
    for checked in all {
        let drawn = checked.render(context.err.color, context.err.width);
        if !drawn.is_empty() {
            context.say(drawn.trim_end());
        }
        count += checked.diagnostics.iter().filter(|one| one.is_error()).count();
    }
    if count == 0 {
        return Ok(());
    }
    let problems = crate::report::plan::plural(count, "problem");
    Err(Failure::new(Exit::Invalid, format!("{name} has {problems}; nothing was changed")))
}

/// A playbook or simulation and its inputs, ready to be planned; the outline is a simulation's.
pub fn loaded(
    context: &Context,
    name: &str,
    text: String,
    sources: Sources<'_>,
    given: &[(String, String)],
) -> Result<(Prepared, Option<Outline>), Failure> {
    let Compiled { checked, files, outline } = checked(context, name, &text, sources)?;
    let (Some(playbook), Some(program)) = (checked.playbook, checked.program) else {
        return Err(Failure::new(Exit::Internal, format!("{name} has no problem and no program")));
    };
    let mut playbook = playbook;
    let config = context.settings().config();
    for (name, role) in &mut playbook.roles {
        if let Some(contact) = config.contacts.get(name) {
            role.contact = Some(contact.clone());
        }
    }
    let mut given = given.to_vec();
    if let Some(bucket) = &config.evidence_bucket
        && playbook.inputs.contains_key(BUCKET)
        && !given.iter().any(|(name, _)| name == BUCKET)
    {
        given.push((BUCKET.into(), bucket.clone()));
    }
    let inputs = inputs::resolve(&playbook, &given).map_err(|problems| {
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Failure::new(Exit::Invalid, said.join("\n       "))
            .help(format!("`{name}` declares its inputs under `inputs`"))
    })?;
    let kept = if outline.is_some() { Kept::Nothing } else { Kept::Evidence };
    let (playbook, program) = (playbook.into(), program.into());
    let prepared = Prepared { text, files, playbook, program, inputs, kept };
    context.hide(prepared.secrets());
    Ok((prepared, outline))
}

/// A playbook and its inputs; a simulation is refused.
pub fn prepared(
    context: &Context,
    name: &str,
    text: String,
    given: &[(String, String)],
) -> Result<Prepared, Failure> {
    if drill::is_simulation(&text) {
        return Err(Failure::new(Exit::Usage, format!("{name} is a simulation, not a playbook"))
            .help(format!("`backburn drill run {name}` runs it")));
    }
    let (prepared, _) = loaded(context, name, text, Sources::Kept(&Files::new()), given)?;
    Ok(prepared)
}

/// Reaches the account. The lab that runs under this home needs no credentials of the user's.
pub async fn connect(context: &Context, mut options: ConnectOptions) -> Result<Aws, Failure> {
    let configured = std::env::var_os("AWS_ACCESS_KEY_ID").is_some() || options.profile.is_some();
    if !configured
        && let Some(url) = &options.endpoint_url
        && let Ok(Some(lab)) = crate::lab::status(&context.lab_options()).await
        && lab.endpoint == url.trim_end_matches('/')
    {
        options.keys =
            Some((crate::lab::ACCESS_KEY_ID.to_owned(), crate::lab::SECRET_ACCESS_KEY.to_owned()));
        options.region.get_or_insert(lab.region);
    }
    Ok(Aws::connect(&options).await?)
}

/// The plan, marked with the lab where the endpoint is one.
pub async fn plan(prepared: &Prepared, aws: &Aws, run: &str, probe: bool) -> PlanFile {
    let behind = async {
        let endpoint = aws.endpoint().filter(|_| aws.is_local())?;
        crate::lab::behind(endpoint).await
    };
    let (mut plan, lab) = tokio::join!(prepared.plan_with(aws, run, probe), behind);
    plan.lab = lab.map(|crate::lab::Behind { upstream, clock, stand_ins }| InLab {
        upstream,
        clock,
        stand_ins,
    });
    plan
}

/// Who runs the program, for records.
pub fn operator() -> String {
    let name = ["BACKBURN_OPERATOR", "USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    name.unwrap_or_else(|| "unknown".into())
}

/// A new run's id.
pub fn new_run() -> String {
    ulid::Ulid::generate().to_string()
}
