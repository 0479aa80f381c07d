//! Arguments of commands that people copy into a shell: one word each, whatever is in them. Pure.

use std::{borrow::Cow, ffi::OsStr, fmt::Write};

use super::escape::is_hidden;

/// An argument as a POSIX shell takes it: as it is, in single quotes, or where something in it cannot be seen as
/// `$'...'`, which is on one line. Octal escapes, since `\x` stands for what the program itself shows of hidden text.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_04>
#[must_use]
pub fn argument(text: &(impl AsRef<OsStr> + ?Sized)) -> String {
    let bytes = text.as_ref().as_encoded_bytes();
    match std::str::from_utf8(bytes).map(shown) {
        Ok(Some(text)) => text.into_owned(),
        _ => escaped(bytes),
    }
}

/// None where something in it cannot be seen.
fn shown(text: &str) -> Option<Cow<'_, str>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+,@".contains(c);
    if text.chars().any(is_hidden) {
        return None;
    }
    Some(match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', r"'\''")).into(),
    })
}

fn escaped(bytes: &[u8]) -> String {
    let mut out = String::from("$'");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\'' | '\\' => out.extend(['\\', c]),
                c if is_hidden(c) => octal(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
                c => out.push(c),
            }
        }
        octal(chunk.invalid(), &mut out);
    }
    out.push('\'');
    out
}

fn octal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\{byte:03o}");
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;
    use crate::text::{is_hidden, value};

    #[test]
    fn a_name_is_one_word_of_a_command() {
        for (name, typed) in [
            ("playbooks/iam-key-leak.yaml", "playbooks/iam-key-leak.yaml"),
            ("arn:aws:iam::111122223333:user/anna", "arn:aws:iam::111122223333:user/anna"),
            ("my plan.json", "'my plan.json'"),
            ("anna's.yaml", r"'anna'\''s.yaml'"),
            ("a\nb's \\x.yaml", r"$'a\nb\'s \\x.yaml'"),
            ("\u{1b}[2J", r"$'\033[2J'"),
            ("mark[3]", "'mark[3]'"),
            ("~/x", "'~/x'"),
            ("", "''"),
        ] {
            assert_eq!(argument(name), typed, "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_come_back_too() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(argument(OsStr::from_bytes(b"a\xff b")), r"$'a\377 b'");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_shell_reads_what_was_meant(name in any::<String>().prop_filter("no NUL", |name| !name.contains('\0'))) {
            let typed = argument(&name);
            prop_assert!(!typed.contains(is_hidden), "{typed:?}");
            // What is hidden was made visible already: showing it once more changes nothing.
            if name.contains(is_hidden) {
                prop_assert_eq!(value(&typed), typed.as_str());
            }
            let done = Command::new("bash").args(["-c", &format!("printf %s {typed}")]).env("LC_ALL", "C.UTF-8").output();
            prop_assert_eq!(done.expect("bash").stdout, name.as_bytes());
        }
    }
}
