//! The names an expression uses: references with positions, and the filters, tests and calls that do not exist.

use minijinja::machinery::ast::{self, CallArg, UnaryOpKind};

use super::rewrite::Rewrite;
use super::whole::{Around, Key, Use};
use super::{FILTERS, FUNCTIONS, Origin, TESTS};
use crate::playbook::diagnostic::Diagnostic;
use crate::playbook::span::Span;
use crate::playbook::{closest, did_you_mean};

/// One name that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    pub target: Target,
    pub span: Span,
    /// From the target down to what is used, as far as the keys are written out.
    pub path: Vec<Key>,
    pub used: Use,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Input(String),
    Output { step: String, output: String },
    Item,
    RunId,
    RunStarted,
    RunPartition,
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
    walker.visit(root, &Around::nothing());
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
    fn visit(&mut self, expr: &ast::Expr<'_>, around: &Around) {
        use ast::Expr;
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) => {
                self.chain(expr, around);
            }
            Expr::Const(_) => {}
            Expr::UnaryOp(op) => self.unary(op),
            Expr::BinOp(op) => self.binary(op, around),
            Expr::Compare(compare) => self.compare(compare),
            Expr::IfExpr(choice) => self.choice(choice),
            Expr::Filter(filter) => self.filter(filter, around),
            Expr::Test(test) => self.test(test),
            Expr::Call(call) => self.call(call, expr),
            Expr::List(list) => self.items(&list.items, around),
            Expr::Tuple(tuple) => self.items(&tuple.items, around),
            Expr::Map(map) => self.map(map, around),
        }
    }

    // A function for each: one with all of their values on its stack at once could not go as deep as the parser.

    fn unary(&mut self, op: &ast::UnaryOp<'_>) {
        let what = match op.op {
            UnaryOpKind::Not => "a condition",
            UnaryOpKind::Neg => "calculated with",
        };
        self.visit(&op.expr, &Around::part(what));
    }

    fn binary(&mut self, op: &ast::BinOp<'_>, around: &Around) {
        let around = around.binary(op.op);
        self.visit(&op.left, &around);
        self.visit(&op.right, &around);
    }

    fn compare(&mut self, compare: &ast::Compare<'_>) {
        let compared = Around::part("compared");
        self.visit(&compare.expr, &compared);
        self.all(compare.ops.iter().map(|op| &op.expr), &compared);
    }

    fn choice(&mut self, choice: &ast::IfExpr<'_>) {
        let chosen = Around::part("chosen, or chosen by, with `if`");
        self.all([&choice.test_expr, &choice.true_expr], &chosen);
        self.all(&choice.false_expr, &chosen);
    }

    fn items(&mut self, items: &[ast::Expr<'_>], around: &Around) {
        let around = around.in_list();
        for item in items {
            self.visit(item, &around);
        }
    }

    fn map(&mut self, map: &ast::Map<'_>, around: &Around) {
        self.all(&map.keys, &Around::part("the key of a mapping"));
        self.all(&map.values, &around.in_map());
    }

    fn filter(&mut self, filter: &ast::Spanned<ast::Filter<'_>>, around: &Around) {
        if let Some(expr) = &filter.expr {
            self.visit(expr, &around.filtered(filter.name, &filter.args));
        }
        if !filter.args.is_empty() {
            self.args(&filter.args, &format!("given to the filter `{}`", filter.name));
        }
        if !FILTERS.contains(&filter.name) {
            self.unknown_filter(filter);
        }
    }

    fn unknown_filter(&mut self, filter: &ast::Spanned<ast::Filter<'_>>) {
        let after =
            filter.expr.as_ref().map_or(filter.span().start_offset, |e| e.span().end_offset);
        let span = self.named(filter.name, after as usize, filter.span().end_offset as usize);
        self.unknown("playbook::unknown-filter", "filter", filter.name, span, FILTERS);
    }

    fn test(&mut self, test: &ast::Spanned<ast::Test<'_>>) {
        let operator = matches!(test.name, "==" | "!=" | "<" | "<=" | ">" | ">=");
        let what = if operator { "compared" } else { "tested with `is`" };
        self.visit(&test.expr, &Around::part(what));
        self.args(&test.args, what);
        if !operator && !TESTS.contains(&test.name) {
            let after = test.expr.span().end_offset as usize;
            let span = self.named(test.name, after, test.span().end_offset as usize);
            self.unknown("playbook::unknown-test", "test", test.name, span, TESTS);
        }
    }

    fn all<'b, 'c: 'b>(
        &mut self,
        exprs: impl IntoIterator<Item = &'b ast::Expr<'c>>,
        around: &Around,
    ) {
        for expr in exprs {
            self.visit(expr, around);
        }
    }

    fn args(&mut self, args: &[CallArg<'_>], what: &str) {
        for arg in args {
            match arg {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => {
                    self.visit(expr, &Around::part(what));
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
                self.visit(&attr.expr, &Around::part("called"));
                Some(attr.name)
            }
            other => {
                self.visit(other, &Around::part("called"));
                Some("this")
            }
        };
        self.args(&call.args, "given to a function");
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
    fn chain(&mut self, expr: &ast::Expr<'_>, around: &Around) {
        let mut links = Vec::new();
        let mut inner = expr;
        loop {
            match inner {
                ast::Expr::GetAttr(attr) => {
                    links.push((Some(Key::Name(attr.name.to_owned())), inner));
                    inner = &attr.expr;
                }
                ast::Expr::GetItem(item) => {
                    let key = match &item.subscript_expr {
                        ast::Expr::Const(key) => Key::of(&key.value),
                        other => {
                            self.visit(other, &Around::part("the key of something"));
                            None
                        }
                    };
                    links.push((key, inner));
                    inner = &item.expr;
                }
                ast::Expr::Slice(slice) => {
                    let ends = Around::part("the end of a slice");
                    self.all(&slice.start, &ends);
                    self.all(&slice.stop, &ends);
                    self.all(&slice.step, &ends);
                    links.push((None, inner));
                    inner = &slice.expr;
                }
                ast::Expr::Var(var) => {
                    links.reverse();
                    self.name(var.id, inner, &links, around);
                    return;
                }
                other => return self.visit(other, &Around::part("in what is indexed")),
            }
        }
    }

    fn name(
        &mut self,
        id: &str,
        root: &ast::Expr<'_>,
        links: &[(Option<Key>, &ast::Expr<'_>)],
        around: &Around,
    ) {
        let key = |at: usize| match links.get(at) {
            Some((Some(Key::Name(name)), _)) => Some(name.as_str()),
            _ => None,
        };
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
                Some("partition") => (Target::RunPartition, 1),
                Some(other) => {
                    let help = did_you_mean(other, ["id", "started", "partition"], "a run has");
                    return self.nameless(&format!("run.{other}"), links[0].1, &help);
                }
                None => {
                    return self.too_wide(
                        root,
                        "run",
                        "use `run.id`, `run.started` or `run.partition`",
                    );
                }
            },
            other => {
                let roots = ["inputs", "steps", "item", "run"];
                let help = match closest(other, roots) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "names are `inputs.<name>`, `steps.<id>.<output>`, `item`, `run.id`, `run.started` and \
                         `run.partition`; write text as `'{other}'`"
                    ),
                };
                return self.nameless(other, root, &help);
            }
        };
        let end = used.checked_sub(1).map_or(root, |last| links[last].1);
        self.exact = around.exact && links.len() == used;
        let span = self.span(root).to(self.span(end));
        let rest = links.get(used..).unwrap_or_default();
        let path: Vec<_> = rest.iter().map_while(|(key, _)| key.clone()).collect();
        let used = match rest.get(path.len()) {
            None => around.used.clone(),
            Some((_, ast::Expr::Slice(_))) => Use::Part("cut".to_owned()),
            Some(_) => Use::Part("indexed".to_owned()),
        };
        self.refs.push(Ref { target, span, path, used });
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
