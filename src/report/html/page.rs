//! The document around a page: head, style, the policy that lets nothing else in.

use base64::Engine;
use sha2::{Digest, Sha256};

use super::Html;

const STYLE: &str = include_str!("style.css");

/// A page without script. The policy allows this one style and nothing else, so that even markup
/// which came in by a bug could load, run and send nothing.
pub(crate) fn document(title: &str, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
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
        });
        html.tag("body", &[], |html| {
            html.line("a", &[("class", &"skip"), ("href", &"#main")], "Skip to the report");
            html.tag("div", &[("class", &"frame")], body);
        });
    });
    html.finish()
}
