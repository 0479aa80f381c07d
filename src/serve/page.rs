//! The page around the report's sections: a line that shows whether it is connected, questions with their
//! forms, the script that puts in what changed. Owns their markup.

use jiff::Timestamp;

use super::{
    hub::{Status, View},
    secret::Gate,
    source::{Ask, Shown},
};
use crate::{
    journal::hash,
    report::{
        html::{self, Attrs, Extras, Html, NAMES, Written},
        model::State,
    },
};

/// The report's own policy, with this style and this script, by their hashes.
pub(super) const EXTRAS: Extras =
    Extras { style: Some(include_str!("live.css")), script: Some(SCRIPT) };

const SCRIPT: &str = include_str!("live.js");

/// The whole page, in the state `view`.
pub(super) fn page(gate: &Gate, run: &str, view: &View) -> String {
    html::document_with(&view.title, &EXTRAS, |html| {
        html::header("live", run, html);
        let live = format!("live {}", view.status.tone);
        let attrs: Attrs<'_> =
            &[("id", &"live"), ("class", &live), ("role", &"status"), ("data-csrf", &gate.csrf())];
        html.line("p", attrs, &view.status.text);
        html.tag("noscript", &[], |html| {
            html.line("p", &[("class", &"live care")], "Without script this page stays as it is: load it again to see more, and answer in a terminal.");
        });
        let part = |name: &'static str| view.parts.iter().find(|(id, _)| *id == name);
        let put = |html: &mut Html, name: &'static str| {
            if let Some((_, written)) = part(name) {
                html.written(written);
            }
        };
        let attrs: Attrs<'_> = &[("aria-label", &"Sections"), ("data-part", &"nav")];
        html.tag("nav", attrs, |html| put(html, "nav"));
        html.tag("main", &[("id", &"main")], |html| {
            html.tag("div", &[("data-part", &"asks"), ("aria-live", &"polite")], |html| {
                put(html, "asks");
            });
            for name in NAMES {
                html.tag("div", &[("data-part", &name)], |html| put(html, name));
            }
        });
        html.tag("footer", &[("class", &"foot"), ("data-part", &"foot")], |html| put(html, "foot"));
        html.tag("script", &[], |html| html.fixed(SCRIPT));
    })
}

/// What stands in the tab: whoever works in another one sees that an answer is wanted.
pub(super) fn title(shown: &Shown) -> String {
    let report = &shown.report;
    let title = format!("{}: {}", report.run.document, report.summary.headline);
    match shown.asked.len() {
        0 => title,
        n => format!("({n}) {title}"),
    }
}

pub(super) fn status(shown: &Shown, over: bool) -> Status {
    let at = shown.report.written.strftime("%T UTC");
    let step = |state: State| shown.report.steps.iter().filter(|step| step.state == state).count();
    let (tone, text) = match (over || !shown.live, shown.asked.is_empty()) {
        (true, _) if over => (
            "quiet",
            "The run has ended. This is its finished report; it stays until you close it."
                .to_owned(),
        ),
        (true, _) => ("quiet", format!("Nobody works on the run now; as of {at}")),
        (false, false) => ("care", format!("Live, as of {at}: an answer is wanted")),
        (false, true) => {
            let (done, all) = (step(State::Done), shown.report.steps.len());
            (
                "good",
                format!(
                    "Live, as of {at}: {done} of {all} steps done, {} at work",
                    step(State::Running)
                ),
            )
        }
    };
    Status { tone, text }
}

/// The questions that wait; nothing where none does.
pub(super) fn asks(run: &str, asked: &[Ask]) -> Written {
    let mut html = Html::default();
    if asked.is_empty() {
        return html.part();
    }
    html.tag(
        "section",
        &[("class", &"asks"), ("aria-labelledby", &"asks-h"), ("id", &"asks")],
        |html| {
            let heading =
                if asked.len() == 1 { "An answer is wanted" } else { "Answers are wanted" };
            html.line("h2", &[("id", &"asks-h")], heading);
            for ask in asked {
                let key = key(run, ask);
                let id = format!("ask-{key}");
                let attrs: Attrs<'_> = &[
                    ("class", &"ask"),
                    ("id", &id),
                    ("data-step", &ask.step),
                    ("data-question", &ask.question),
                    ("data-plan", &ask.plan),
                ];
                html.tag(if ask.open { "form" } else { "div" }, attrs, |html| {
                    form(html, &key, ask);
                });
            }
        },
    );
    html.part()
}

/// One question of one step is one form: text typed into it never moves to another question.
fn key(run: &str, ask: &Ask) -> String {
    let since: Timestamp = ask.since;
    let all = format!("{run}\n{}\n{}\n{}\n{since}", ask.step, ask.question, ask.plan);
    hash(all.as_bytes()).get(..16).unwrap_or_default().to_owned()
}

fn form(html: &mut Html, key: &str, ask: &Ask) {
    html.tag("h3", &[], |html| {
        html.line("code", &[], &ask.step);
        let of = match &*ask.roles {
            [one] => format!(" asks {one}"),
            _ => " asks".to_owned(),
        };
        html.text(of);
        let since = ask.since.strftime("since %T UTC");
        html.line("span", &[("class", &"by")], since);
    });
    html.line("p", &[("class", &"question")], &ask.text);
    if ask.open {
        html.tag("div", &[("class", &"fields")], |html| {
            let id = format!("by-{key}");
            field(html, &id, "Your name", |html| {
                html.void(
                    "input",
                    &[
                        ("id", &id),
                        ("name", &"by"),
                        ("required", &""),
                        ("maxlength", &100),
                        ("autocomplete", &"name"),
                    ],
                );
            });
            let id = format!("role-{key}");
            field(html, &id, "Your role", |html| role(html, &id, &ask.roles));
            let id = format!("reason-{key}");
            field(html, &id, "Reason", |html| {
                html.line(
                    "textarea",
                    &[
                        ("id", &id),
                        ("name", &"reason"),
                        ("required", &""),
                        ("maxlength", &2000),
                        ("rows", &2),
                    ],
                    "",
                );
            });
        });
        html.tag("p", &[("class", &"acts")], |html| {
            html.line("button", &[("type", &"button"), ("value", &"yes")], "Approve");
            html.line("button", &[("type", &"button"), ("value", &"no")], "Deny");
            html.tag("span", &[("class", &"by")], |html| {
                html.text("Journaled with name, role and reason, and bound to plan ");
                html.line("code", &[], ask.plan.get(..12).unwrap_or(&ask.plan));
            });
        });
        html.line("p", &[("class", &"said"), ("role", &"alert")], "");
    }
    html.tag("details", &[], |html| {
        html.line("summary", &[], "answer in a terminal");
        html.line("pre", &[], &ask.command);
    });
}

fn field(html: &mut Html, id: &str, label: &'static str, input: impl FnOnce(&mut Html)) {
    html.tag("div", &[], |html| {
        html.line("label", &[("for", &id)], label);
        input(html);
    });
}

fn role(html: &mut Html, id: &str, roles: &[String]) {
    if roles.is_empty() {
        html.void(
            "input",
            &[("id", &id), ("name", &"role"), ("required", &""), ("maxlength", &100)],
        );
        return;
    }
    html.tag("select", &[("id", &id), ("name", &"role"), ("required", &"")], |html| {
        if roles.len() > 1 {
            html.line("option", &[("value", &"")], "choose");
        }
        for role in roles {
            html.line("option", &[("value", role)], role);
        }
    });
}

/// What anyone without a session sees; it reveals nothing about the run.
pub(super) fn refusal(text: &str) -> String {
    html::document("backburn", |html| {
        html.tag("main", &[("id", &"main")], |html| {
            html.tag("div", &[("class", &"hero quiet")], |html| {
                html.line("h1", &[], "backburn");
                html.line("p", &[("class", &"headline")], "Nothing to see here");
                html.line("p", &[("class", &"purpose")], text);
            });
        });
    })
}
