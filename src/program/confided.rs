//! Where a sensitive value may stand, and how it may be used there. A plan is printed, and what it does, whom it
//! does it to and what it refuses may not tell anything of such a value: so it may stand only where an action
//! takes it as it is, and only as a whole. Which uses keep a value whole is `playbook::expr`'s.

use serde_json::Value;

use super::kinds::{Kind, alternatives, format};
use super::links::{Links, property};
use crate::playbook::Diagnostic;
use crate::playbook::expr::{Expr, Key, Need, Ref, Target, Template, TemplateKind, Use};

/// An action says so of what it passes on or shows to people, and neither looks into nor makes anything of. It is
/// the word of JSON Schema for what is given and never shown.
const TAKES: &str = "writeOnly";

/// And so of what is a secret wherever it comes from.
const SECRET: &str = "x-secret";

/// A sensitive value that a reference reads.
struct Read {
    /// Such as "input `token`".
    what: String,
    /// Of what the reference comes to; none where text follows it.
    kind: Option<Kind>,
}

impl Links<'_> {
    /// The value of one input of an action, or of a part of it, by its schema.
    pub(super) fn confided(&mut self, root: &Value, key: &str, schema: &Value, value: &Template) {
        if takes(root, schema) {
            value.each_expr(&mut |expr| self.whole(expr));
            if schema.get(SECRET) == Some(&Value::Bool(true)) {
                self.hides(key, value);
            }
            return;
        }
        let TemplateKind::Map(entries) = &value.kind else {
            value.each_expr(&mut |expr| self.shows(expr, key, why(root, key, schema)));
            return;
        };
        for (name, value) in entries {
            let branches = alternatives(root, schema);
            let inner = branches.iter().find_map(|one| one.get("properties")?.get(&name.value));
            match inner {
                Some(inner) => self.confided(root, &name.value, inner, value),
                None => value.each_expr(&mut |expr| self.shows(expr, key, why(root, key, schema))),
            }
        }
    }

    /// Reports a secret that is not read from something sensitive.
    fn hides(&mut self, key: &str, value: &Template) {
        let (mut reads, mut plain) = (false, false);
        value.each_expr(&mut |expr| {
            for found in expr.refs() {
                reads = true;
                plain |= self.sensitive(found).is_none();
            }
        });
        if reads && !plain {
            return;
        }
        let message = format!(
            "`{key}` is a secret, and this is not sensitive: plan, journal and reports would show it"
        );
        let problem = Diagnostic::error("playbook::plain-secret", message);
        let help = "read it from an input with `sensitive: true`, and give that from a file, the environment or a secret store";
        self.problems.push(problem.label(value.span, "written here").help(help));
    }

    /// Reports each sensitive value that an expression reads where others see what comes of it.
    pub(super) fn shows(&mut self, expr: &Expr, place: &str, help: &str) {
        for found in expr.refs() {
            let Some(read) = self.sensitive(found) else { continue };
            let message = format!("`{place}` reads the sensitive {}, and would show it", read.what);
            let problem = Diagnostic::error("playbook::sensitive-shown", message);
            self.problems.push(problem.label(found.span, "read here").help(help));
        }
    }

    /// Reports each sensitive value of which an expression uses something else than the whole.
    fn whole(&mut self, expr: &Expr) {
        for found in expr.refs() {
            let Some(read) = self.sensitive(found) else { continue };
            let how = match (&found.used, &read.kind) {
                (Use::Part(how), _) => how.as_str(),
                (Use::Whole(_), None) => "indexed",
                (Use::Whole(need), Some(kind)) if !fits(*need, kind) => need.otherwise(),
                (Use::Whole(_), Some(_)) => continue,
            };
            let message = format!(
                "an expression uses something of the sensitive {}, and would show it: it is {how}",
                read.what
            );
            let problem = Diagnostic::error("playbook::sensitive-part", message);
            let help = "use it as a whole: alone, in a text, in a list, as a value of a mapping, joined with `~` or `join`, or with `upper`, `lower`, `string`, `tojson` or `default`";
            self.problems.push(problem.label(found.span, "read here").help(help));
        }
    }

    fn sensitive(&self, found: &Ref) -> Option<Read> {
        match &found.target {
            Target::Input(name) => {
                let input = self.playbook.inputs.get(name).filter(|input| input.sensitive)?;
                let kind = inside(Kind::of_input(&input.kind), &found.path);
                Some(Read { what: format!("input `{name}`"), kind })
            }
            // What an action gives back as it was given.
            Target::Output { step, output } => {
                let producer = self.playbook.steps.get(step)?;
                let action = self.catalogue.get(&producer.uses.value)?;
                let root: &Value = &action.outputs;
                let what = || format!("output `steps.{step}.{output}`");
                let mut schema = property(root, output)?;
                if !holds(schema) {
                    return None;
                }
                // A step with a for-each has a list of each output.
                let keys = usize::from(producer.for_each.is_some());
                let mut path = found.path.get(keys..).unwrap_or_default();
                while let [Key::Name(name), rest @ ..] = path
                    && let Some(inner) = property(schema, name)
                {
                    (schema, path) = (inner, rest);
                }
                if !holds(schema) {
                    return None;
                }
                let kind = inside(Kind::of_schema(root, schema), path);
                Some(Read { what: what(), kind })
            }
            Target::Item | Target::RunId | Target::RunStarted | Target::RunPartition => None,
        }
    }
}

/// Whether this value or one inside of it is sensitive.
fn holds(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.get(TAKES) == Some(&Value::Bool(true)) || map.values().any(holds),
        Value::Array(items) => items.iter().any(holds),
        _ => false,
    }
}

fn takes(root: &Value, schema: &Value) -> bool {
    let says = |schema: &Value| schema.get(TAKES) == Some(&Value::Bool(true));
    says(schema) || alternatives(root, schema).into_iter().any(says)
}

/// What is at the end of a path: items of lists.
fn inside(kind: Kind, path: &[Key]) -> Option<Kind> {
    path.iter().try_fold(kind, |kind, key| match (kind, key) {
        (Kind::List(item), Key::At(_)) => Some(*item),
        _ => None,
    })
}

/// Only what is known to fit does.
fn fits(need: Need, kind: &Kind) -> bool {
    let scalar = |kind: &Kind| matches!(kind, Kind::Text(_) | Kind::Integer | Kind::Number);
    match need {
        Need::Any => true,
        Need::Scalar => scalar(kind),
        Need::Text => matches!(kind, Kind::Text(_)),
        Need::List => matches!(kind, Kind::List(item) if scalar(item)),
    }
}

/// Why an input of an action takes nothing sensitive, and what to do.
///
/// AWS on tags: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resourcegroups-group-tag.html>
fn why(root: &Value, key: &str, schema: &Value) -> &'static str {
    if key == "tags" || key.ends_with("-tags") {
        return "many can read tags; keep the value in Parameter Store, and put its name in the tag";
    }
    let formed = |schema: &Value| format(schema).is_some();
    let named = alternatives(root, schema).into_iter().any(|one| {
        let items = one.get("items").map(|items| alternatives(root, items));
        formed(one) || items.is_some_and(|items| items.into_iter().any(formed))
    });
    if named {
        return "names and ids of resources are no secrets: take `sensitive` off the input";
    }
    "what the step does by this value shows something of it; `backburn actions NAME` says which inputs may be sensitive"
}
