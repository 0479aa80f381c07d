//! A notification in the form that each kind of target takes. Owns the forms and their limits. Names
//! come from accounts that an attacker may have shaped, so nothing of them can become markup.

use serde_json::{Value, json};

use super::notification::{Notification, Tone};
use crate::text::{line, one_line};

/// The body of a generic webhook, and what queues and functions get from a topic.
pub(crate) fn webhook(told: &Notification) -> Value {
    serde_json::to_value(told).unwrap_or_default()
}

/// Text and blocks of a Slack-compatible incoming webhook.
/// <https://docs.slack.dev/reference/block-kit/blocks>
pub(crate) fn slack(told: &Notification) -> Value {
    let plain = |text: &str, most: usize| json!({ "type": "plain_text", "text": cut(text, most) });
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(&headline(told), 150) }),
        json!({ "type": "section", "text": plain(&told.text, 3000) }),
    ];
    let fields: Vec<_> = told
        .facts
        .iter()
        .take(10)
        .map(|(name, value)| plain(&format!("{name}: {value}"), 2000))
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let next = told.next.as_ref().map(|next| format!("\n{next}")).unwrap_or_default();
    let foot = format!("{}{next}", place(told));
    blocks.push(json!({ "type": "context", "elements": [plain(&foot, 2000)] }));
    // This one is markup, and what phones show.
    let text = cut(&format!("{}: {}", headline(told), told.text), 3000);
    json!({ "text": escaped(&text), "blocks": blocks })
}

/// Subject and text for mail and phones.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub(crate) fn mail(told: &Notification) -> (String, String) {
    let subject: String = headline(told)
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .take(99)
        .collect();
    let mut text = String::new();
    line!(text, "{}", headline(told));
    line!(text);
    for (nth, one) in told.text.lines().enumerate() {
        // What follows is indented: no text can add a fact of its own.
        line!(text, "{}{one}", if nth == 0 { "" } else { "  " });
    }
    line!(text);
    for (name, value) in &told.facts {
        line!(text, "{name}: {value}");
    }
    line!(text);
    line!(text, "{}", place(told));
    if let Some(next) = &told.next {
        line!(text, "{next}");
    }
    line!(text, "id {}", told.id);
    (subject.trim().to_owned(), text)
}

/// Where it does not happen comes first: nobody is to be woken by a lab.
fn headline(told: &Notification) -> String {
    let sign = match told.tone {
        Tone::Good => "",
        Tone::Care => "! ",
        Tone::Bad => "!! ",
    };
    let lab = if told.run.lab { "(lab) " } else { "" };
    one_line(&format!("{sign}{lab}{}", told.title))
}

fn place(told: &Notification) -> String {
    let run = &told.run;
    let what = if run.drill { "drill" } else { "run" };
    one_line(&format!("{what} {} in {} {}, by {}", run.id, run.account, run.region, run.operator))
}

/// What is hidden is shown; lines stay lines.
fn clean(text: &str) -> String {
    text.split('\n').map(one_line).collect::<Vec<_>>().join("\n")
}

fn cut(text: &str, most: usize) -> String {
    let text = clean(text);
    if text.is_empty() {
        // Slack refuses an empty text.
        return "-".into();
    }
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text,
    }
}

/// `&`, `<` and `>` are all that Slack's markup is made of: links and mentions begin with `<`.
/// <https://docs.slack.dev/messaging/formatting-message-text>
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
