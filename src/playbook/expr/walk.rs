//! The names an expression uses: references with positions, and the filters, tests and calls that do not exist.

use minijinja::machinery::ast::{self, CallArg};

use super::rewrite::Rewrite;
use super::{FILTERS, FUNCTIONS, Origin, TESTS};
use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::span::Span;
use crate::playbook::{closest, did_you_mean};

/// One name that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    pub target: Target,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Input(String),
    Output { step: String, output: String },
    Item,
    RunId,
    RunStarted,
}

pub(super) struct Found {
    pub refs: Vec<Ref>,
    pub exact: bool,
}

pub(super) fn walk(
    root: &ast::Expr<'_>,
    code: &Rewrite,
    origin: Origin,
    problems: &mut Vec<Diagnostic>,
) -> Found {
    let mut walker = Walker { code, origin, problems, refs: Vec::new(), exact: false };
    walker.visit(root, true);
    Found { refs: walker.refs, exact: walker.exact }
}

struct Walker<'a> {
    code: &'a Rewrite,
    origin: Origin,
    problems: &'a mut Vec<Diagnostic>,
    refs: Vec<Ref>,
    exact: bool,
}

impl Walker<'_> {
    fn visit(&mut self, expr: &ast::Expr<'_>, whole: bool) {
        use ast::Expr;
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => {
                self.chain(expr, whole)
            }
            Expr::Const(_) => {}
            Expr::UnaryOp(op) => self.visit(&op.expr, false),
            Expr::BinOp(op) => self.all([&op.left, &op.right]),
            Expr::Compare(compare) => {
                self.visit(&compare.expr, false);
                self.all(compare.ops.iter().map(|op| &op.expr));
            }
            Expr::IfExpr(choice) => {
                self.all([&choice.test_expr, &choice.true_expr]);
                self.all(&choice.false_expr);
            }
            Expr::Filter(filter) => {
                self.all(&filter.expr);
                self.args(&filter.args);
                if !FILTERS.contains(&filter.name) {
                    let after = filter
                        .expr
                        .as_ref()
                        .map_or(filter.span().start_offset, |e| e.span().end_offset);
                    let span =
                        self.named(filter.name, after as usize, filter.span().end_offset as usize);
                    self.unknown("playbook::unknown-filter", "filter", filter.name, span, FILTERS);
                }
            }
            Expr::Test(test) => {
                self.visit(&test.expr, false);
                self.args(&test.args);
                let operator = matches!(test.name, "==" | "!=" | "<" | "<=" | ">" | ">=");
                if !operator && !TESTS.contains(&test.name) {
                    let after = test.expr.span().end_offset as usize;
                    let span = self.named(test.name, after, test.span().end_offset as usize);
                    self.unknown("playbook::unknown-test", "test", test.name, span, TESTS);
                }
            }
            Expr::Call(call) => self.call(call, expr),
            Expr::List(list) => self.all(&list.items),
            Expr::Tuple(tuple) => self.all(&tuple.items),
            Expr::Map(map) => {
                self.all(&map.keys);
                self.all(&map.values);
            }
        }
    }

    fn all<'b, 'c: 'b>(&mut self, exprs: impl IntoIterator<Item = &'b ast::Expr<'c>>) {
        for expr in exprs {
            self.visit(expr, false);
        }
    }

    fn args(&mut self, args: &[CallArg<'_>]) {
        for arg in args {
            match arg {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => {
                    self.visit(expr, false);
                }
            }
        }
    }

    fn call(&mut self, call: &ast::Call<'_>, expr: &ast::Expr<'_>) {
        let span = self.span(expr);
        let name = match &call.expr {
            ast::Expr::Var(var) if FUNCTIONS.contains(&var.id) => None,
            ast::Expr::Var(var) => Some(var.id),
            ast::Expr::GetAttr(attr) => {
                self.visit(&attr.expr, false);
                Some(attr.name)
            }
            other => {
                self.visit(other, false);
                Some("this")
            }
        };
        self.args(&call.args);
        if let Some(name) = name {
            let help = match closest(name, FILTERS.iter().copied()) {
                Some(filter) => format!("write it as a filter: `value | {filter}`"),
                None => "use a filter, such as `value | length`; the only function is `range`"
                    .to_owned(),
            };
            let problem = Diagnostic::error(
                "playbook::unknown-function",
                format!("`{name}` cannot be called"),
            );
            self.problems.push(problem.label(span, "called here").help(help));
        }
    }

    /// A name with the attributes and subscripts that follow it. A loop, because chains are long where trees are not.
    fn chain(&mut self, expr: &ast::Expr<'_>, whole: bool) {
        let mut links = Vec::new();
        let mut inner = expr;
        loop {
            match inner {
                ast::Expr::GetAttr(attr) => {
                    links.push((Some(attr.name), inner));
                    inner = &attr.expr;
                }
                ast::Expr::GetItem(item) => {
                    let key = match &item.subscript_expr {
                        ast::Expr::Const(key) => key.value.as_str(),
                        other => {
                            self.visit(other, false);
                            None
                        }
                    };
                    links.push((key, inner));
                    inner = &item.expr;
                }
                ast::Expr::Slice(slice) => {
                    self.all(&slice.start);
                    self.all(&slice.stop);
                    self.all(&slice.step);
                    links.push((None, inner));
                    inner = &slice.expr;
                }
                ast::Expr::Var(var) => {
                    links.reverse();
                    self.name(var.id, inner, &links, whole);
                    return;
                }
                other => return self.visit(other, false),
            }
        }
    }

    fn name(
        &mut self,
        id: &str,
        root: &ast::Expr<'_>,
        links: &[(Option<&str>, &ast::Expr<'_>)],
        whole: bool,
    ) {
        let key = |at: usize| links.get(at).and_then(|(key, _)| *key);
        let (target, used): (Target, usize) = match id {
            "inputs" => match key(0) {
                Some(name) => (Target::Input(name.to_owned()), 1),
                None => return self.too_wide(root, "inputs", "name the input: `inputs.<name>`"),
            },
            "steps" => match (key(0), key(1)) {
                (Some(step), Some(output)) => {
                    (Target::Output { step: step.to_owned(), output: output.to_owned() }, 2)
                }
                (Some(step), None) => {
                    let help = format!("name the output: `steps.{step}.<output>`");
                    return self.too_wide(links[0].1, &format!("steps.{step}"), &help);
                }
                _ => {
                    return self.too_wide(
                        root,
                        "steps",
                        "name the step and its output: `steps.<id>.<output>`",
                    );
                }
            },
            "item" => (Target::Item, 0),
            "run" => match key(0) {
                Some("id") => (Target::RunId, 1),
                Some("started") => (Target::RunStarted, 1),
                Some(other) => {
                    let help = did_you_mean(other, ["id", "started"], "a run has");
                    return self.nameless(&format!("run.{other}"), links[0].1, &help);
                }
                None => return self.too_wide(root, "run", "use `run.id` or `run.started`"),
            },
            other => {
                let roots = ["inputs", "steps", "item", "run"];
                let help = match closest(other, roots) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "names are `inputs.<name>`, `steps.<id>.<output>`, `item`, `run.id` and `run.started`; \
                         write text as `'{other}'`"
                    ),
                };
                return self.nameless(other, root, &help);
            }
        };
        let end = used.checked_sub(1).map_or(root, |last| links[last].1);
        self.exact = whole && links.len() == used;
        let span = self.span(root).to(self.span(end));
        self.refs.push(Ref { target, span });
    }

    fn nameless(&mut self, name: &str, at: &ast::Expr<'_>, help: &str) {
        let problem =
            Diagnostic::error("playbook::unknown-name", format!("there is no name `{name}`"));
        self.problems.push(problem.label(self.span(at), "read here").help(help));
    }

    fn too_wide(&mut self, at: &ast::Expr<'_>, name: &str, help: &str) {
        let message = format!("`{name}` cannot be used as a whole or by a computed name");
        let problem = Diagnostic::error("playbook::whole-namespace", message);
        self.problems.push(problem.label(self.span(at), "read here").help(help));
    }

    fn unknown(
        &mut self,
        code: &'static str,
        what: &str,
        name: &str,
        span: Span,
        known: &[&'static str],
    ) {
        let problem = Diagnostic::error(code, format!("there is no {what} `{name}`"));
        let help = did_you_mean(name, known.iter().copied(), &format!("each {what} is one of"));
        self.problems.push(problem.label(span, "used here").help(help));
    }

    fn span(&self, expr: &ast::Expr<'_>) -> Span {
        let span = expr.span();
        self.place(span.start_offset as usize, span.end_offset as usize)
    }

    /// Where `name` stands between two offsets of the rewritten code.
    fn named(&self, name: &str, from: usize, to: usize) -> Span {
        let at = self.code.code.get(from..to).and_then(|text| text.find(name)).map(|at| from + at);
        at.map_or_else(|| self.place(from, to), |at| self.place(at, at + name.len()))
    }

    fn place(&self, start: usize, end: usize) -> Span {
        self.origin.place(self.code.original(start), self.code.original(end))
    }
}
