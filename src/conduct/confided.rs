//! Sensitive inputs from where other users of the machine cannot see them: a file, standard input, the
//! environment, the account itself. Owns the forms `@FILE`, `@-`, `env:NAME`, `ssm:NAME` and
//! `secretsmanager:NAME`, and `@@` for a value that begins with `@`.

use std::{
    fs::File,
    io::{self, Read},
};

use crate::{
    aws::{Aws, ssm::KeptSecret},
    journal::forms,
};

use super::{Context, Exit, Failure};

/// The longest secret, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The inputs as they are meant: those that are sensitive may name where their value is. A value on the
/// command line works, and the user is told who can see it.
///
/// # Errors
/// A value cannot be read, is empty or too long.
pub(super) fn read(
    context: &Context,
    is_sensitive: impl Fn(&str) -> bool,
    given: &[(String, String)],
) -> Result<Vec<(String, String)>, Failure> {
    let mut found = Vec::with_capacity(given.len());
    let mut plain = Vec::new();
    for (name, text) in given {
        let value = match is_sensitive(name) {
            // What is kept as a secret must not come to be shown for a forgotten word in a file.
            false if text.starts_with("ssm:/") || text.starts_with("secretsmanager:") => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("input `{name}` is not sensitive, and what `{text}` keeps is; nothing was changed"),
                )
                .help("declare the input with `sensitive: true`"));
            }
            false => text.clone(),
            true => match elsewhere(context, text).map_err(|why| refused(name, &why))? {
                Some(value) => value,
                None => {
                    plain.push(format!("`{name}`"));
                    itself(text)
                }
            },
        };
        found.push((name.clone(), value));
    }
    if !plain.is_empty() {
        context.say(&format!(
            "warning: other users of this machine can see {} on the command line; give it as `-i NAME=@FILE`, `-i NAME=@-` (standard input), `-i NAME=env:VARIABLE`, `-i NAME=ssm:/PATH` or `-i NAME=secretsmanager:NAME`",
            plain.join(", ")
        ));
    }
    Ok(found)
}

/// Whether one of the inputs is kept in an account.
pub(super) fn is_in_account(
    is_sensitive: impl Fn(&str) -> bool,
    given: &[(String, String)],
) -> bool {
    given.iter().any(|(name, text)| is_sensitive(name) && KeptSecret::parse(text).is_some())
}

/// Reads the inputs that are kept in the account, as the acting principal, so that [`read`] finds them. From then on
/// their values are hidden.
///
/// # Errors
/// One of them is not there, may not be read, or is empty.
pub(super) async fn fetch(
    context: &Context,
    aws: &Aws,
    is_sensitive: impl Fn(&str) -> bool,
    given: &[(String, String)],
) -> Result<(), Failure> {
    for (name, text) in given.iter().filter(|(name, _)| is_sensitive(name)) {
        let Some(kept) = KeptSecret::parse(text) else { continue };
        let kept = kept.map_err(|why| refused(name, &why))?;
        let value = kept.read(aws).await.map_err(|error| {
            let why = format!("`{text}` cannot be read: {error}; nothing was changed");
            Failure::new(Exit::Refused, format!("sensitive input `{name}`: {why}"))
                .help("`backburn policy -i` has the permissions that this needs")
        })?;
        if value.is_empty() {
            return Err(refused(name, &format!("`{text}` is empty")));
        }
        context.hide(forms(std::slice::from_ref(&value)));
        context.confide(text, value);
    }
    Ok(())
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::new(Exit::Usage, format!("sensitive input `{name}`: {why}"))
}

/// A value on the command line: `@@` stands for the `@` that it begins with.
fn itself(text: &str) -> String {
    match text.strip_prefix("@@") {
        Some(rest) => format!("@{rest}"),
        None => text.to_owned(),
    }
}

/// The value that a text points to; none where it is the value itself.
fn elsewhere(context: &Context, text: &str) -> Result<Option<String>, String> {
    if KeptSecret::parse(text).is_some() {
        let known = context.confided(text);
        let why = || format!("`{text}` is read from an account, which this command does not reach");
        return known.ok_or_else(why).map(Some);
    }
    if text.starts_with("@@") {
        return Ok(None);
    }
    let value = match (text.strip_prefix('@'), text.strip_prefix("env:")) {
        (Some("-"), _) => whole(io::stdin().lock()).map_err(|e| format!("standard input: {e}"))?,
        (Some(path), _) => {
            let file = File::open(path).and_then(whole);
            file.map_err(|e| format!("`{path}` cannot be read: {e}"))?
        }
        (_, Some(name)) => std::env::var(name).map_err(|e| format!("`{name}`: {e}"))?,
        (None, None) => return Ok(None),
    };
    match value.is_empty() {
        true => Err(format!("`{text}` is empty")),
        false => Ok(Some(value)),
    }
}

/// All of it, without the newline that editors and `echo` add.
fn whole(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other(format!("it is longer than {LONGEST} bytes")));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_or_a_variable_stands_for_its_value() {
        let context = Context::at("/nowhere");
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("token");
        std::fs::write(&path, "line one\nline two\r\n").expect("written");
        let at = format!("@{}", path.display());
        assert_eq!(elsewhere(&context, &at), Ok(Some("line one\nline two".into())));
        assert_eq!(elsewhere(&context, "env:PATH"), Ok(std::env::var("PATH").ok()));
        assert_eq!(elsewhere(&context, "s3cret@home"), Ok(None));
        assert_eq!(
            (elsewhere(&context, "@@etc/passwd"), itself("@@etc/passwd")),
            (Ok(None), "@etc/passwd".into())
        );
        assert_eq!((elsewhere(&context, "@@-"), itself("@@-")), (Ok(None), "@-".into()));
        assert_eq!(itself("s3cret@@home"), "s3cret@@home");
        std::fs::write(&path, "\n").expect("written");
        assert!(elsewhere(&context, &at).expect_err("empty").contains("is empty"));
        assert!(
            elsewhere(&context, "@/not/there").expect_err("missing").contains("cannot be read")
        );
        let unread = elsewhere(&context, "ssm:/app/token").expect_err("no account");
        assert!(unread.contains("does not reach"), "{unread}");
        context.confide("ssm:/app/token", "@not-a-file".into());
        assert_eq!(elsewhere(&context, "ssm:/app/token"), Ok(Some("@not-a-file".into())));
        assert!(elsewhere(&context, "env:NOT_SET_ANYWHERE").is_err());
        std::fs::write(&path, "x".repeat(70_000)).expect("written");
        assert!(elsewhere(&context, &at).expect_err("long").contains("longer than"));
    }
}
