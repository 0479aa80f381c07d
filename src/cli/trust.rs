//! `backburn trust`: shows the runs of a folder that is not this user's home, and takes them over. Owns the words,
//! the question and the move; what an adoption writes is `conduct`'s.

use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use crate::{
    conduct::{Looked, adopt, look},
    journal::{DIGITS, RunDir, Which, create_private_dirs, hash, is_hash},
    report::plan::plural,
    text::{argument, line, one_line},
};

use super::{Context, Exit, Failure, terminal::line, trusted::shown};

/// Where earlier versions kept runs, and where a repository may have them.
const FOLDER: &str = ".backburn";

#[derive(Args, Debug)]
pub(super) struct Trust {
    /// The folder: a home of runs, or a folder that has one in `.backburn`
    #[arg(default_value = FOLDER)]
    path: PathBuf,
    /// Do not ask: the hash of what was shown, or its first 32 digits
    #[arg(long, value_name = "HASH", require_equals = true)]
    yes: Option<String>,
}

impl Trust {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let there = home(&self.path);
        let mut found = Vec::new();
        for dir in RunDir::list(&there)? {
            found.push(look(context, &own_folder(&there, dir)?)?);
        }
        if found.is_empty() {
            context.data(
                |_| one_line(&format!("no runs in {}", there.display())) + "\n",
                &json!([]),
            )?;
            return Ok(Exit::Ok);
        }
        for looked in &found {
            context.show(shown(context, looked, &context.err).trim_end());
        }
        self.confirm(context, &there, &heads(&found))?;
        let mut taken = Vec::new();
        for looked in &found {
            adopt(context, looked).await?;
            taken.push((looked.dir.id().to_owned(), moved(context, looked)?));
        }
        let json: Vec<_> = taken.iter().map(|(run, at)| json!({ "run": run, "at": at })).collect();
        let text = |_: &_| {
            let mut out = String::new();
            taken.iter().for_each(|(run, at)| line!(out, "{run} is yours, in {}", at.display()));
            out
        };
        context.data(text, &json)?;
        Ok(Exit::Ok)
    }

    fn confirm(&self, context: &Context, there: &Path, hash: &str) -> Result<(), Failure> {
        let refused = |message: String| Err(Failure::new(Exit::Refused, message));
        let short = &hash[..DIGITS];
        match &self.yes {
            Some(given) if is_hash(hash, given) => return Ok(()),
            Some(given) => {
                return refused(format!(
                    "`--yes={given}` is not the hash of what was shown, {hash}, or its first {DIGITS} digits; nothing was changed"
                ));
            }
            None => {}
        }
        if !std::io::stdin().is_terminal() {
            let message = "nobody can be asked, and `--yes` was not given; nothing was changed";
            let command = format!("backburn trust {} --yes={short}", argument(there));
            return Err(Failure::new(Exit::Refused, message)
                .help(format!("to take over what is shown: `{command}`")));
        }
        let home = context.home().display();
        match line(&format!("Type `yes` to sign these runs and move them to {home}, {short}: "))
            .as_deref()
        {
            Some("yes") => Ok(()),
            _ => refused("declined, nothing was changed".into()),
        }
    }
}

/// Says so where the working folder has runs that no home names: earlier versions kept them there.
pub(super) fn hint(context: &Context) {
    let here = Path::new(FOLDER);
    if context.global.home.is_some() || !here.join("runs").is_dir() {
        return;
    }
    let found = match RunDir::list(here) {
        Ok(found) if found.is_empty() => return,
        Ok(found) => plural(found.len(), "run"),
        Err(_) => "runs".into(),
    };
    context.say(&format!(
        "`{FOLDER}` in this folder has {found} and is not used: `backburn trust {FOLDER}` shows them and takes them over"
    ));
}

fn home(path: &Path) -> PathBuf {
    let inner = path.join(FOLDER);
    if !path.join("runs").is_dir() && inner.is_dir() { inner } else { path.to_owned() }
}

/// What a link leads to is not what was looked at for long.
fn own_folder(home: &Path, dir: RunDir) -> Result<RunDir, Failure> {
    let about = fs::symlink_metadata(dir.path()).map_err(Failure::at(dir.path()))?;
    match about.is_dir() {
        true => Ok(RunDir::find(home, dir.id())?),
        false => Err(Failure::new(
            Exit::Refused,
            format!("{} is a link and no folder; nothing was changed", dir.path().display()),
        )),
    }
}

/// One hash for the heads of all journals.
fn heads(found: &[Looked]) -> String {
    let lines = found.iter().map(|one| [one.dir.id(), " ", &one.head.hash, "\n"].concat());
    hash(lines.collect::<String>().as_bytes())
}

/// Moves a run into this user's home; on another file system it stays, and its home has to be named.
fn moved(context: &Context, looked: &Looked) -> Result<PathBuf, Failure> {
    let from = looked.dir.path();
    if let Some(target) = into_home(context.home(), looked)? {
        return Ok(target);
    }
    context.say(&format!(
        "{} stays where it is: it cannot be moved to {}. Name its home with `--home`",
        from.display(),
        context.home().join("runs").join(looked.dir.id()).display()
    ));
    Ok(from.to_owned())
}

/// Where the run is then; none where it stays.
fn into_home(home: &Path, looked: &Looked) -> Result<Option<PathBuf>, Failure> {
    let (dir, runs) = (&looked.dir, home.join("runs"));
    let target = runs.join(dir.id());
    shut(looked)?;
    create_private_dirs(&runs).map_err(Failure::at(&runs))?;
    if Which::at(&target).is_ok_and(|there| there == looked.folder) {
        return Ok(Some(target));
    }
    if target.symlink_metadata().is_ok() || fs::rename(dir.path(), &target).is_err() {
        return Ok(None);
    }
    // A name is moved, whatever has it by then: what came is looked at where nobody else can exchange it.
    if Which::at(&target).is_ok_and(|came| came == looked.folder) {
        return Ok(Some(target));
    }
    let _ = fs::rename(&target, dir.path());
    Err(looked.exchanged())
}

/// Makes the folder that was looked at its owner's alone, and no other.
fn shut(looked: &Looked) -> Result<(), Failure> {
    looked.is_still_there()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = looked.dir.path();
        let folder = fs::File::open(path).map_err(Failure::at(path))?;
        if Which::opened(&folder).map_err(Failure::at(path))? != looked.folder {
            return Err(looked.exchanged());
        }
        folder.set_permissions(fs::Permissions::from_mode(0o700)).map_err(Failure::at(path))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A run that is exchanged after it was looked at is neither opened to others nor moved into the home.
    #[test]
    fn a_link_in_a_runs_place_is_not_moved_into_the_home() {
        use std::os::unix::fs::PermissionsExt;
        let (there, home) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
        let dir = RunDir::create(there.path(), "01JD0000000000000000000000").expect("made");
        let looked = Looked::for_tests(&dir);
        let (aside, other) = (there.path().join("aside"), there.path().join("other"));
        fs::rename(dir.path(), &aside).expect("moved");
        fs::create_dir(&other).expect("made");
        fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).expect("set");
        std::os::unix::fs::symlink(&other, dir.path()).expect("linked");
        let refused = into_home(home.path(), &looked).expect_err("another folder");
        assert_eq!(refused.exit, Exit::Drift);
        let mode = fs::metadata(&other).expect("a folder").permissions().mode() & 0o777;
        assert_eq!(mode, 0o755, "the other folder is as it was");
        assert!(fs::read_dir(home.path().join("runs")).map_or(0, Iterator::count) == 0);
        fs::remove_file(dir.path()).expect("removed");
        fs::rename(&aside, dir.path()).expect("moved back");
        let moved = into_home(home.path(), &looked).expect("the right one");
        assert_eq!(moved, Some(home.path().join("runs").join(dir.id())));
    }
}
