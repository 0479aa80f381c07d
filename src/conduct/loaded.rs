//! From a file and its inputs to a playbook or simulation that can be planned. Owns the messages when
//! that does not work.

use std::{path::Path, sync::Arc};

use crate::{
    actions::{catalogue, policy::Kept},
    drill::{self, Files, Outline},
    playbook::inputs,
    program::{Checked, check, prepare::Prepared},
    report::plan::plural,
    text::argument,
};

use super::{Context, Exit, Failure, access, confided};

/// The input that the configuration fills.
const BUCKET: &str = "evidence-bucket";

/// # Errors
/// The file cannot be read.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = drill::named(path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    text.map_err(|e| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", path.display())))
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
pub(crate) struct Compiled {
    pub checked: Checked,
    pub files: Files,
    /// A simulation has one.
    pub outline: Option<Outline>,
}

/// Checks a playbook or simulation; its problems are reported.
///
/// # Errors
/// It does not compile.
pub(crate) fn checked(
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
    let look = context.console().look();
    let mut count = 0;
    for checked in all {
        let drawn = checked.render(look.color, look.width);
        if !drawn.is_empty() {
            context.show(drawn.trim_end());
        }
        count += checked.diagnostics.iter().filter(|one| one.is_error()).count();
    }
    if count == 0 {
        return Ok(());
    }
    let problems = plural(count, "problem");
    Err(Failure::new(Exit::Invalid, format!("{name} has {problems}; nothing was changed")))
}

/// A playbook or simulation and its inputs, ready to be planned.
#[derive(Clone)]
pub struct Loaded {
    /// The file as it was named.
    pub name: String,
    /// The program with its inputs.
    pub prepared: Arc<Prepared>,
    /// A simulation has one.
    pub outline: Option<Outline>,
}

impl Loaded {
    /// The playbook or simulation of a file, with these inputs by name.
    ///
    /// # Errors
    /// It cannot be read or does not compile, or an input is missing or wrong.
    pub fn file(
        context: &Context,
        path: &Path,
        given: &[(String, String)],
    ) -> Result<Self, Failure> {
        let text = read(path)?;
        Self::text(context, &path.display().to_string(), text, Sources::Beside(path), given)
    }

    /// The same of a text; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file).
    pub fn text(
        context: &Context,
        name: &str,
        text: String,
        sources: Sources<'_>,
        given: &[(String, String)],
    ) -> Result<Self, Failure> {
        let compiled = checked(context, name, &text, sources)?;
        Self::given(context, name, text, compiled, given)
    }

    /// The same, where sensitive inputs may be kept in the account that the context is for: they are read
    /// there, once the file has been checked.
    ///
    /// # Errors
    /// As [`file`](Self::file); the account cannot be reached, or such an input cannot be read.
    pub async fn confided(
        context: &Context,
        name: &str,
        text: String,
        sources: Sources<'_>,
        given: &[(String, String)],
    ) -> Result<Self, Failure> {
        let compiled = checked(context, name, &text, sources)?;
        let inputs = compiled.checked.playbook.as_ref().map(|playbook| &playbook.inputs);
        let is_sensitive = |name: &str| {
            inputs.and_then(|inputs| inputs.get(name)).is_some_and(|input| input.sensitive)
        };
        if confided::is_in_account(is_sensitive, given) {
            let aws = access::enter(context, compiled.outline.is_some()).await?;
            confided::fetch(context, &aws, is_sensitive, given).await?;
        }
        Self::given(context, name, text, compiled, given)
    }

    fn given(
        context: &Context,
        name: &str,
        text: String,
        compiled: Compiled,
        given: &[(String, String)],
    ) -> Result<Self, Failure> {
        let Compiled { checked, files, outline } = compiled;
        let (Some(mut playbook), Some(program)) = (checked.playbook, checked.program) else {
            return Err(Failure::new(
                Exit::Internal,
                format!("{name} has no problem and no program"),
            ));
        };
        let config = context.configuration().config();
        for (name, role) in &mut playbook.roles {
            if let Some(contact) = config.contacts.get(name) {
                role.contact = Some(contact.clone());
            }
        }
        let is_sensitive = |name: &str| playbook.inputs.get(name).is_some_and(|one| one.sensitive);
        let mut given = confided::read(context, is_sensitive, given)?;
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
        let hidden = context.hidden();
        let prepared = Prepared { text, files, playbook, program, inputs, kept, hidden };
        context.hide(prepared.secrets());
        Ok(Self { name: name.into(), prepared: Arc::new(prepared), outline })
    }

    /// A playbook and its inputs; a simulation is refused.
    ///
    /// # Errors
    /// As [`confided`](Self::confided).
    pub async fn playbook(
        context: &Context,
        name: &str,
        text: String,
        given: &[(String, String)],
    ) -> Result<Self, Failure> {
        if drill::is_simulation(&text) {
            return Err(Failure::new(
                Exit::Usage,
                format!("{name} is a simulation, not a playbook"),
            )
            .help(format!("`backburn drill run {}` runs it", argument(name))));
        }
        Self::confided(context, name, text, Sources::Kept(&Files::new()), given).await
    }
}
