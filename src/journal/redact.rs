//! What stands for a sensitive value, and the forms in which such a value may show: as it is, quoted,
//! escaped, percent-encoded, in base64. Owns the replacing; which values are sensitive is the caller's.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands where a sensitive value was.
pub const REDACTED: &str = "(sensitive)";

/// Shorter values are looked for as they are only: their encoded forms are in too much else.
const LEAST: usize = 4;

/// Everything but what RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Every form of every value, the longest first: one that holds another must go before it, or its
/// rest would stay.
pub fn forms(values: &[String]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        found.insert(value.clone());
        if value.len() >= LEAST {
            encoded(value, &mut found);
        }
        // A tool that prints a key line by line, or without its last newline.
        let lines = value.lines().map(str::trim).filter(|line| line.len() >= 2 * LEAST);
        for line in lines.filter(|line| *line != value) {
            found.insert(line.to_owned());
            encoded(line, &mut found);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|form| std::cmp::Reverse(form.len()));
    found
}

fn encoded(value: &str, found: &mut BTreeSet<String>) {
    let json = escaped(value);
    let percent = utf8_percent_encode(value, RESERVED).to_string();
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let html = html(value);
    // What may be quoted once more by whoever prints it.
    let inner = [
        value.to_owned(),
        html.replace("&#39;", "&apos;"),
        html.replace("&#39;", "&#x27;"),
        html.replace("&#39;", "'").replace("&quot;", "\""),
        html.replace("&quot;", "&#34;"),
        html,
        json,
    ];
    for text in inner {
        let json = escaped(&text);
        found.extend([ascii(&json), json]);
        for quoted in [
            text.escape_debug().to_string(),
            text.escape_default().to_string(),
            text.as_bytes().escape_ascii().to_string(),
        ] {
            // Between double quotes a single one stays as it is.
            found.insert(quoted.replace("\\'", "'"));
            found.insert(quoted);
        }
        found.insert(text);
    }
    found.extend([
        value.replace('\'', r"'\''"),
        value.replace('\'', "''"),
        lower_hex(&percent),
        lower_hex(&form),
        utf8_percent_encode(&percent, RESERVED).to_string(),
        hex(value),
        hex(value).to_uppercase(),
    ]);
    found.extend([percent, form]);
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
        found.insert(engine.encode(value));
    }
    // Inside of a longer text that is encoded, three bytes to four letters: what is the same
    // whatever stands around it.
    for before in 0..3_usize {
        let text = [&vec![0; before][..], value.as_bytes()].concat();
        let whole = text.len() / 3 * 4;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let letters = engine.encode(&text);
            let start = if before == 0 { 0 } else { 4 };
            if let Some(inner) = letters.get(start..whole).filter(|inner| inner.len() >= 2 * LEAST)
            {
                found.insert(inner.to_owned());
            }
        }
    }
}

/// As in a JSON string, without the quotes around it.
fn escaped(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// JSON as Python writes it.
fn ascii(json: &str) -> String {
    let mut out = String::new();
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

fn html(value: &str) -> String {
    let and = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    and.replace('"', "&quot;").replace('\'', "&#39;")
}

fn hex(value: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// `%2F` as `%2f`.
fn lower_hex(percent: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        if c == '%' {
            left = 2;
            return c;
        }
        let digit = left > 0;
        left -= i32::from(digit);
        if digit { c.to_ascii_lowercase() } else { c }
    };
    percent.chars().map(lower).collect()
}

/// Replaces every occurrence of a secret in a text.
pub fn redact_text(mut text: String, secrets: &[String]) -> String {
    for secret in secrets {
        if text.contains(secret.as_str()) {
            text = text.replace(secret.as_str(), REDACTED);
        }
    }
    text
}

/// The same in bytes that need not be text.
pub fn redact_bytes<'a>(bytes: &'a [u8], secrets: &[String]) -> Cow<'a, [u8]> {
    let mut found = Cow::Borrowed(bytes);
    for secret in secrets.iter().map(String::as_bytes).filter(|secret| !secret.is_empty()) {
        let mut out = Vec::new();
        let mut rest = &found[..];
        while let Some(at) = rest.windows(secret.len()).position(|window| window == secret) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(REDACTED.as_bytes());
            rest = &rest[at + secret.len()..];
        }
        if rest.len() < found.len() {
            out.extend_from_slice(rest);
            found = Cow::Owned(out);
        }
    }
    found
}

/// Replaces every occurrence of a secret in the strings and keys of `value`, and numbers that are one.
pub fn redact(value: Value, secrets: &[String]) -> Value {
    match value {
        _ if secrets.is_empty() => value,
        Value::String(text) => Value::String(redact_text(text, secrets)),
        Value::Number(number) if secrets.contains(&number.to_string()) => REDACTED.into(),
        Value::Array(items) => items.into_iter().map(|item| redact(item, secrets)).collect(),
        Value::Object(map) => {
            let redacted = |(key, value)| (redact_text(key, secrets), redact(value, secrets));
            map.into_iter().map(redacted).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3/cr\"et+k'ey&<\u{e4}> \\x";

    #[test]
    fn no_form_stays() {
        let forms = forms(&[SECRET.to_owned()]);
        let json = serde_json::to_string(SECRET).expect("JSON");
        let policy = serde_json::to_string(&json).expect("JSON");
        let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        let percent = utf8_percent_encode(SECRET, NON_ALPHANUMERIC).to_string();
        let strict = utf8_percent_encode(SECRET, RESERVED).to_string();
        let python = r#"s3/cr\"et+k'ey&<\u00e4> \\x"#;
        let texts = [
            format!("a {SECRET} b"),
            json,
            policy,
            form.to_lowercase(),
            form,
            percent,
            strict.to_lowercase(),
            strict,
            format!("{SECRET:?}"),
            python.into(),
            // An XML answer in a log of bytes.
            r#"s3/cr\"et+k'ey&amp;&lt;\xc3\xa4&gt; \\x"#.into(),
            html(SECRET),
            SECRET.replace('\'', r"'\''"),
            hex(SECRET),
        ];
        for text in texts {
            let hidden = redact_text(text.clone(), &forms);
            assert!(hidden.contains(REDACTED), "{text}");
            assert!(!hidden.contains("3/cr") && !hidden.contains("%2Fcr"), "{text}: {hidden}");
        }
        for around in ["", "a", "ab", "abc"] {
            for engine in [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD] {
                let text = engine.encode(format!("{around}{SECRET}{around}"));
                assert!(redact_text(text.clone(), &forms).contains(REDACTED), "{text}");
            }
        }
    }

    #[test]
    fn a_short_value_is_looked_for_as_it_is() {
        assert_eq!(forms(&["abc".into(), String::new()]), ["abc"]);
        assert_eq!(lower_hex("A%2FB%C3%A4Z"), "A%2fB%c3%a4Z");
    }

    #[test]
    fn bytes_and_lines() {
        let forms = forms(&["first-line-of-it\nsecond-line-of-it\n".into()]);
        let hidden = redact_bytes(b"\xff second-line-of-it first-line-of-it\xfe", &forms);
        assert_eq!(&hidden[..], b"\xff (sensitive) (sensitive)\xfe");
        assert!(matches!(redact_bytes(b"nothing", &forms), Cow::Borrowed(_)));
    }
}
