//! Where a secret comes from, and URLs as they may be shown. Owns that no secret is in the file, and
//! that none is printed: [`Secret`] shows itself as where it came from.

use std::{borrow::Cow, fmt, net::IpAddr, path::Path};

use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

/// A text, or where it is kept: `{ env = "NAME" }` or `{ file = "PATH" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Plain(String),
    Env(String),
    /// Relative to the folder of the configuration.
    File(String),
}

impl Source {
    /// The text itself; what follows the last line of a file is no part of it.
    ///
    /// # Errors
    /// The variable is not set, or the file cannot be read; the text names which.
    pub fn resolve(&self, folder: &Path) -> Result<Secret, String> {
        let text = match self {
            Self::Plain(text) => text.clone(),
            Self::Env(name) => std::env::var(name)
                .map_err(|_| format!("the environment variable `{name}` is not set"))?,
            Self::File(path) => {
                let path = folder.join(path);
                let text = std::fs::read_to_string(&path);
                text.map_err(|e| format!("{} cannot be read: {e}", path.display()))?
            }
        };
        match text.trim() {
            "" => Err(format!("{self} is empty")),
            text => Ok(Secret(text.into())),
        }
    }

    /// Not in the file itself.
    pub fn is_elsewhere(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => write!(f, "{}", shown_url(text)),
            Self::Env(name) => write!(f, "the environment variable `{name}`"),
            Self::File(path) => write!(f, "the file {path}"),
        }
    }
}

/// A text that is used and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Scheme, host and port; what follows may be what lets others in.
pub(crate) fn shown_url(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let more = if url.path().len() > 1 || url.query().is_some() { "/…" } else { "" };
            format!("{}://{host}{port}{more}", url.scheme())
        }
        Err(_) => "(no URL)".into(),
    }
}

/// Whether a URL names this machine. A name counts only if it is `localhost`: what a resolver
/// answers to another can change.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

const KEYS: &[&str] = &["env", "file"];

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Source;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, `{ env = \"NAME\" }` or `{ file = \"PATH\" }`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Source, E> {
                Ok(Source::Plain(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
                let mut found = None;
                while let Some(key) = map.next_key::<String>()? {
                    let source = match key.as_str() {
                        "env" => Source::Env(map.next_value()?),
                        "file" => Source::File(map.next_value()?),
                        _ => return Err(de::Error::unknown_field(&key, KEYS)),
                    };
                    if found.replace(source).is_some() {
                        return Err(de::Error::custom("give either `env` or `file`"));
                    }
                }
                found.ok_or_else(|| de::Error::custom("give `env` or `file`"))
            }
        }
        from.deserialize_any(Reader)
    }
}

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, what: &str| {
            serde_json::json!({
                "type": "object", "required": [key], "additionalProperties": false,
                "properties": { key: { "type": "string", "description": what } },
            })
        };
        let env = one("env", "Name of an environment variable that holds it");
        let file = one("file", "File that holds it; relative to the folder of the configuration");
        json_schema!({ "anyOf": [{ "type": "string" }, env, file] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join("key"), "s3cr3t\n").expect("a file");
        let secret = Source::File("key".into()).resolve(folder.path()).expect("a file");
        assert_eq!(secret.reveal(), "s3cr3t");
        assert_eq!(format!("{secret:?}"), "(secret)");
        let missing = Source::File("none".into()).resolve(folder.path()).expect_err("no file");
        assert!(missing.contains("cannot be read"), "{missing}");
        let unset = Source::Env("BACKBURN_NO_SUCH_NAME".into()).resolve(folder.path());
        assert!(unset.expect_err("unset").contains("is not set"));
    }

    #[test]
    fn a_url_is_shown_without_what_lets_others_in() {
        let shown = |url| shown_url(url);
        assert_eq!(shown("https://hooks.slack.com/services/T0/B0/x"), "https://hooks.slack.com/…");
        assert_eq!(
            shown("https://me:pw@soc.example.com:8443/?token=1"),
            "https://soc.example.com:8443/…"
        );
        assert_eq!(shown("s3cr3t"), "(no URL)");
    }

    #[test]
    fn only_addresses_of_this_machine_are_loopback() {
        for (url, here) in [
            ("http://127.0.0.1:1/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:5/", true),
            ("http://127.0.0.1@example.com/", false),
            ("https://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), here, "{url}");
        }
    }
}
