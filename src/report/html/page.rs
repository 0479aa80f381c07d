//! The document around a page: head, style, the policy that lets nothing else in.

use base64::Engine;
use sha2::{Digest, Sha256};

use super::Html;

const STYLE: &str = include_str!("style.css");

/// A page without script. The policy allows this one style and nothing else, so that even markup
/// which came in by a bug could load, run and send nothing.
pub(crate) fn document(title: &str, body: impl FnOnce(&mut Html)) -> String {
    document_with(title, &Extras::default(), body)
}

/// What a page has beyond the report's own style. The policy lets in these by their hashes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras {
    pub style: Option<&'static str>,
    /// It may talk to where it came from. Whoever sets it writes it into the body.
    pub script: Option<&'static str>,
}

impl Extras {
    pub(crate) fn policy(&self) -> String {
        let styles = [Some(STYLE), self.style].into_iter().flatten().map(source);
        let styles = styles.collect::<Vec<_>>().join(" ");
        let script = self.script.map(source);
        let script = script.map(|hash| format!("; script-src {hash}; connect-src 'self'"));
        format!(
            "default-src 'none'; style-src {styles}{}; base-uri 'none'; form-action 'none'",
            script.unwrap_or_default()
        )
    }
}

fn source(text: &str) -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("'sha256-{hash}'")
}

pub(crate) fn document_with(title: &str, extras: &Extras, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    let policy = extras.policy();
    html.fixed("<!doctype html>\n");
    html.tag("html", &[("lang", &"en")], |html| {
        html.tag("head", &[], |html| {
            html.void("meta", &[("charset", &"utf-8")]);
            html.void("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &policy)]);
            let viewport = "width=device-width, initial-scale=1";
            html.void("meta", &[("name", &"viewport"), ("content", &viewport)]);
            html.void("meta", &[("name", &"color-scheme"), ("content", &"light dark")]);
            html.void("meta", &[("name", &"referrer"), ("content", &"no-referrer")]);
            html.line("title", &[], title);
            html.tag("style", &[], |html| html.fixed(STYLE));
            if let Some(style) = extras.style {
                html.tag("style", &[], |html| html.fixed(style));
            }
        });
        html.tag("body", &[], |html| {
            html.line("a", &[("class", &"skip"), ("href", &"#main")], "Skip to the report");
            html.tag("div", &[("class", &"frame")], body);
        });
    });
    html.finish()
}
