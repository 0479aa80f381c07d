//! `backburn can`: whether a principal may do something, by the policies that can be read, or by those of a file of cases.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use backburn_policy::{Answer, Decision, cases};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    conduct::{self, Can as Answers, Judged, Question},
    program::planfile::PlanFile,
    report::look,
    text::{AddLine, line},
};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Can {
    /// ARN of a user, role, session or root, `user/NAME`, `role/NAME`, a service, an identity provider, or `*`
    #[arg(required_unless_present = "cases", conflicts_with = "cases")]
    principal: Option<String>,
    /// `service:Action`
    #[arg(required_unless_present = "cases")]
    action: Option<String>,
    /// ARN of the resource
    #[arg(default_value = "*")]
    resource: String,
    /// Also answer as this plan would leave the policies
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// A condition key of the request and its value; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    with: Vec<(String, String)>,
    /// A condition key that the request does not have; repeatable
    #[arg(long, value_name = "KEY")]
    without: Vec<String>,
    /// Judge the cases of a file instead, without an account: one JSON object a line, in the form that
    /// docs/policy.md describes under "A file of cases"
    #[arg(long, value_name = "FILE", conflicts_with_all = ["action", "plan", "with", "without"])]
    cases: Option<PathBuf>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("give KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

impl Can {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if let Some(file) = &self.cases {
            return judge(context, file);
        }
        let question = Question {
            principal: self.principal.unwrap_or_default(),
            action: self.action.unwrap_or_default(),
            resource: self.resource,
            given: self.with,
            absent: self.without,
        };
        let plan = self.plan.as_deref().map(plan).transpose()?;
        let asked = format!("`{}` on `{}`", question.action, question.resource);
        let (action, resource) = (question.action.clone(), question.resource.clone());
        let can = conduct::can(context, question, plan.as_ref()).await?;
        let json = json!({
            "principal": can.principal, "action": action, "resource": resource,
            "now": answer_json(&can.now), "planned": can.planned.as_ref().map(answer_json),
            "unread": can.unread, "beside": can.beside,
        });
        context.data(|look| text(&can, &asked, look.width.min(90)), &json)?;
        Ok(Exit::Ok)
    }
}

fn plan(file: &Path) -> Result<PlanFile, Failure> {
    let help = "`backburn plan FILE --out PLAN` saves one";
    let plan: PlanFile = serde_json::from_str(&conduct::read(file)?).map_err(|e| {
        Failure::new(Exit::Usage, format!("{} is no plan: {e}", file.display())).help(help)
    })?;
    match plan.is_intact() {
        true => Ok(plan),
        false => {
            let text = format!("{} was changed since it was made", file.display());
            Err(Failure::new(Exit::Usage, text).help(help))
        }
    }
}

fn text(can: &Answers, asked: &str, width: usize) -> String {
    let mut out = String::new();
    line!(out, "`{}`, {asked}", can.principal);
    line!(out);
    let mut part = |name: &str, judged: &Judged| {
        let (first, second) = said(judged);
        out.add_lines(&look::wrap(&format!("{name}: {first}"), "  ", width));
        if let Some(second) = second {
            out.add_lines(&look::wrap(&second, "    ", width));
        }
    };
    part("now", &can.now);
    if let Some(planned) = &can.planned {
        part("planned", planned);
    }
    for (title, items) in [("not read", &can.unread), ("the plan also changes", &can.beside)] {
        if !items.is_empty() {
            line!(out);
            line!(out, "  {title}:");
            for item in items {
                line!(out, "  - {item}");
            }
        }
    }
    out
}

/// What was seen, and how far it holds.
fn said(judged: &Judged) -> (String, Option<String>) {
    if judged.as_far_as_seen() {
        let seen = judged.seen.to_string().replacen("allowed", "allowed as far as seen,", 1);
        return (seen, Some(judged.all.to_string()));
    }
    let because = &judged.all.because;
    let open = judged.all.answer == Answer::Unknown && !because.is_empty();
    let statements = because.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (judged.all.to_string(), open.then(|| format!("it depends on {statements}")))
}

fn answer_json(judged: &Judged) -> Value {
    let Decision { answer, because, lacking, missing, .. } = &judged.all;
    let statements: Vec<Value> = because
        .iter()
        .map(|one| {
            json!({
                "kind": one.kind.to_string(), "policy": one.policy, "statement": one.index + 1, "sid": one.sid,
                "effect": format!("{:?}", one.effect),
            })
        })
        .collect();
    json!({
        "answer": answer.name(),
        "as-far-as-seen": judged.seen.answer.name(),
        "because": statements,
        "lacking": lacking.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "missing": missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "text": judged.all.to_string(),
    })
}

/// Judges every line; one that cannot be read gets `Error` and the reason.
fn judge(context: &Context, file: &Path) -> Result<Exit, Failure> {
    let unread = |e: std::io::Error| {
        Failure::new(Exit::Usage, format!("{} cannot be read: {e}", file.display()))
    };
    let mut lines = BufReader::new(File::open(file).map_err(unread)?);
    let (mut line, mut out) = (Vec::new(), String::new());
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(unread)? == 0 {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        out.push_str(&judged(&line).to_string());
        out.push('\n');
        if out.len() > 1 << 16 {
            context.print_json(&out)?;
            out.clear();
        }
    }
    context.print_json(&out)?;
    Ok(Exit::Ok)
}

fn judged(line: &[u8]) -> Value {
    let case: Value = match serde_json::from_slice(line) {
        Ok(case) => case,
        Err(e) => return json!({ "id": null, "r": "Error", "reason": format!("no JSON: {e}") }),
    };
    let id = case.get("id").cloned().unwrap_or_default();
    match cases::judge(&case) {
        Ok(decision) => json!({ "id": id, "r": decision.answer.name() }),
        Err(reason) => json!({ "id": id, "r": "Error", "reason": reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_always_gets_an_answer() {
        let allow = r#"{"id":"a","request":{"principal":"arn:aws:iam::111122223333:user/alice","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333","context":{}},"identity":[{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}]}"#;
        assert_eq!(judged(allow.as_bytes()), json!({ "id": "a", "r": "Allowed" }));
        for wrong in [
            "",
            "[",
            "[]",
            "{\"id\":1}",
            "\u{fffd}",
            "{\"id\":\"b\",\"request\":{\"principal\":7}}",
        ] {
            let judged = judged(wrong.as_bytes());
            assert_eq!(judged["r"], "Error", "{wrong}");
            assert!(judged["reason"].is_string(), "{wrong}");
        }
        assert_eq!(judged(&[0xff, 0xfe])["r"], "Error");
    }
}
