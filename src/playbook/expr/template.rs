//! A JSON tree with expressions in it: the value of `with`. Owns how a YAML scalar becomes literal, expression or
//! interpolated text.

use serde_json::{Map, Number, Value};

use super::scan::{self, Piece};
use super::value::{Budget, display};
use super::{Expr, ExprError, Origin, Ref, Scope};
use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::span::{Span, Spanned};
use crate::playbook::tree::{Kind, Node};

/// Looks at what an expression came to, and may refuse it.
pub(super) type Each<'a> =
    dyn FnMut(&Expr, Result<Value, ExprError>) -> Result<Value, ExprError> + 'a;

/// A value that is complete once its expressions are evaluated.
#[derive(Clone, Debug)]
pub struct Template {
    pub span: Span,
    pub kind: TemplateKind,
}

#[derive(Clone, Debug)]
pub enum TemplateKind {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    /// A scalar that is exactly one expression keeps the type of its value.
    Expr(Expr),
    /// Text with expressions in it.
    Text(Vec<Part>),
    List(Vec<Template>),
    Map(Vec<(Spanned<String>, Template)>),
}

#[derive(Clone, Debug)]
pub enum Part {
    Literal(String),
    Expr(Expr),
}

impl Template {
    pub fn empty(span: Span) -> Self {
        Self { span, kind: TemplateKind::Map(Vec::new()) }
    }

    /// Reads a YAML node; a scalar with a broken expression is reported and stands as a broken expression.
    pub(crate) fn read(node: &Node, text: &str, problems: &mut Vec<Diagnostic>) -> Self {
        let kind = match &node.kind {
            Kind::Null => TemplateKind::Null,
            Kind::Bool(value) => TemplateKind::Bool(*value),
            Kind::Number(number) => TemplateKind::Number(number.clone()),
            Kind::String(scalar) => read_text(scalar, node.span, text, problems),
            Kind::List(items) => TemplateKind::List(
                items.iter().map(|item| Self::read(item, text, problems)).collect(),
            ),
            Kind::Map(entries) => TemplateKind::Map(
                entries
                    .iter()
                    .filter_map(|(key, value)| {
                        let name = Spanned::new(key.as_str()?.to_owned(), key.span);
                        Some((name, Self::read(value, text, problems)))
                    })
                    .collect(),
            ),
        };
        Self { span: node.span, kind }
    }

    /// The value with every expression evaluated.
    ///
    /// # Errors
    /// An expression fails, or what they all make takes more than [`MAX_RENDERED`](super::MAX_RENDERED).
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, ExprError> {
        self.eval_each(scope, &mut |_, value| value)
    }

    /// The same; `each` looks at what each expression comes to.
    pub(super) fn eval_each(
        &self,
        scope: &Scope<'_>,
        each: &mut Each<'_>,
    ) -> Result<Value, ExprError> {
        self.eval_within(scope, each, &mut Budget::new())
    }

    fn eval_within(
        &self,
        scope: &Scope<'_>,
        each: &mut Each<'_>,
        budget: &mut Budget,
    ) -> Result<Value, ExprError> {
        let mut paid = |expr: &Expr| {
            let value = each(expr, expr.eval(scope))?;
            budget.pay(&value).map_err(|reason| expr.failed(reason))?;
            Ok(value)
        };
        Ok(match &self.kind {
            TemplateKind::Null => Value::Null,
            TemplateKind::Bool(value) => Value::Bool(*value),
            TemplateKind::Number(number) => Value::Number(number.clone()),
            TemplateKind::String(text) => Value::String(text.clone()),
            TemplateKind::Expr(expr) => paid(expr)?,
            TemplateKind::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Literal(literal) => text.push_str(literal),
                        Part::Expr(expr) => text.push_str(&display(&paid(expr)?)),
                    }
                }
                Value::String(text)
            }
            TemplateKind::List(items) => {
                let items = items.iter().map(|item| item.eval_within(scope, each, budget));
                items.collect::<Result<_, _>>()?
            }
            TemplateKind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    map.insert(key.value.clone(), value.eval_within(scope, each, budget)?);
                }
                Value::Object(map)
            }
        })
    }

    /// Calls `each` for every expression inside, in file order.
    pub fn each_expr<'a>(&'a self, each: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            TemplateKind::Expr(expr) => each(expr),
            TemplateKind::Text(parts) => {
                for part in parts {
                    if let Part::Expr(expr) = part {
                        each(expr);
                    }
                }
            }
            TemplateKind::List(items) => items.iter().for_each(|item| item.each_expr(each)),
            TemplateKind::Map(entries) => {
                entries.iter().for_each(|(_, value)| value.each_expr(each));
            }
            _ => {}
        }
    }

    /// Every reference inside, in file order.
    pub fn refs(&self) -> Vec<&Ref> {
        let mut refs = Vec::new();
        self.each_expr(&mut |expr| refs.extend(expr.refs()));
        refs
    }

    /// The entry `key`, when this is a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            TemplateKind::Map(entries) => {
                entries.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}

/// `if` and `for-each`: one expression, in braces or bare.
pub(crate) fn read_bare(node: &Node, text: &str, problems: &mut Vec<Diagnostic>) -> Option<Expr> {
    let Some(scalar) = node.as_str() else {
        let source = match &node.kind {
            Kind::Bool(value) => value.to_string(),
            _ => return None,
        };
        return Expr::parse(&source, Origin { at: None, whole: node.span }, problems);
    };
    let trimmed = scalar.trim();
    match scan::pieces(trimmed).as_slice() {
        [Piece::Text(_)] | [] => Expr::parse(
            trimmed,
            Origin { at: locate(trimmed, node.span, text, 0), whole: node.span },
            problems,
        ),
        [Piece::Expr(..) | Piece::Open(_)] => match read_text(trimmed, node.span, text, problems) {
            TemplateKind::Expr(expr) => Some(expr),
            _ => None,
        },
        _ => {
            let message = "this must be one expression, without text around it";
            let problem =
                Diagnostic::error("playbook::expression-syntax", message).label(node.span, "here");
            problems.push(
                problem
                    .help("join texts inside the expression: `${{ inputs.a ~ '-' ~ inputs.b }}`"),
            );
            None
        }
    }
}

fn read_text(scalar: &str, span: Span, text: &str, problems: &mut Vec<Diagnostic>) -> TemplateKind {
    let mut parts: Vec<Part> = Vec::new();
    let mut cursor = 0;
    for piece in scan::pieces(scalar) {
        match piece {
            Piece::Text(literal) => match parts.last_mut() {
                Some(Part::Literal(before)) => before.push_str(literal),
                _ => parts.push(Part::Literal(literal.to_owned())),
            },
            Piece::Expr(source, _) => {
                let at = locate(source, span, text, cursor);
                cursor = at.map_or(cursor, |at| at + source.len() - span.start);
                match Expr::parse(source, Origin { at, whole: span }, problems) {
                    Some(expr) => parts.push(Part::Expr(expr)),
                    None => return TemplateKind::Expr(Expr::broken(span)),
                }
            }
            Piece::Open(_) => {
                let at = locate("${{", span, text, cursor).map_or(span, |at| Span::new(at, at + 3));
                let message = "an expression starts here and never ends";
                let problem = Diagnostic::error("playbook::expression-unterminated", message)
                    .label(at, "opened here");
                problems.push(
                    problem
                        .help("close it with `}}`, or write `$${{` for the characters themselves"),
                );
                return TemplateKind::Expr(Expr::broken(span));
            }
        }
    }
    match parts.as_mut_slice() {
        [] => TemplateKind::String(String::new()),
        [Part::Literal(literal)] => TemplateKind::String(std::mem::take(literal)),
        [Part::Expr(expr)] => TemplateKind::Expr(expr.clone()),
        _ => TemplateKind::Text(parts),
    }
}

/// Offset in the file of `needle`, looked for in the scalar from `cursor` on.
fn locate(needle: &str, span: Span, text: &str, cursor: usize) -> Option<usize> {
    let raw = text.get(span.within(text))?;
    raw.get(cursor..)?.find(needle).map(|at| span.start + cursor + at)
}
