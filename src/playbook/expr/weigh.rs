//! Fuel for what minijinja charges none: comparing, sorting, finding and writing out a value looks at
//! all that is in it, and lists may hold one large value many times for next to nothing, such as
//! `[[[0] * 1000] * 1000] * 1000`. Owns where an expression pays for the whole of a value before that,
//! and the price.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{self, BinOpKind, CallArg, Expr, Spanned, UnaryOpKind};
use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

/// No text of an expression can name it.
pub(super) const WEIGH: &str = "(weigh)";

/// A value within a value costs this, and each byte of a text one.
const NODE: u64 = 64;
/// So a unit of fuel pays for four values: cheap enough for honest lists, and what may be compared with
/// one another still takes no second.
const PER_FUEL: u64 = 4 * NODE;

/// The filter: the value as it came, paid for.
pub(super) fn weigh(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    Scale { state, owed: 0 }.put(&value)?;
    Ok(value)
}

/// The test `in`, including where a filter applies it to many values.
pub(super) fn is_in(state: &State<'_, '_>, value: &Value, list: Value) -> Result<bool, Error> {
    let list = weigh(state, list)?;
    minijinja::tests::is_in(state, value, &list)
}

struct Scale<'a, 't, 'e> {
    state: &'a State<'t, 'e>,
    owed: u64,
}

impl Scale<'_, '_, '_> {
    fn put(&mut self, value: &Value) -> Result<(), Error> {
        self.owed += NODE + value.as_str().map_or(0, |text| text.len() as u64);
        // Checked while walking: a value that is too large is not walked to its end.
        if self.owed >= PER_FUEL {
            self.state.consume_fuel(self.owed / PER_FUEL)?;
            self.owed %= PER_FUEL;
        }
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => {
                value.try_iter()?.try_for_each(|item| self.put(&item))
            }
            ValueKind::Map => value.try_iter()?.try_for_each(|key| {
                self.put(&key)?;
                self.put(&value.get_item(&key)?)
            }),
            _ => Ok(()),
        }
    }
}

/// The same expression, in which all that is looked into is paid for first.
pub(super) fn weighed<'a>(expr: &Expr<'a>) -> Expr<'a> {
    let span = expr.span();
    match expr {
        Expr::Var(var) => Expr::Var(Spanned::new(ast::Var { id: var.id }, span)),
        Expr::Const(value) => constant(value.value.clone(), span),
        Expr::Slice(slice) => {
            let part = |expr: &Option<Expr<'a>>| expr.as_ref().map(weighed);
            let (start, stop, step) = (part(&slice.start), part(&slice.stop), part(&slice.step));
            Expr::Slice(Spanned::new(
                ast::Slice { expr: weighed(&slice.expr), start, stop, step },
                span,
            ))
        }
        Expr::UnaryOp(op) => {
            let expr = weighed(&op.expr);
            #[expect(clippy::needless_match, reason = "the kind cannot be copied")]
            let op = match op.op {
                UnaryOpKind::Not => UnaryOpKind::Not,
                UnaryOpKind::Neg => UnaryOpKind::Neg,
            };
            Expr::UnaryOp(Spanned::new(ast::UnaryOp { op, expr }, span))
        }
        Expr::BinOp(op) => {
            let side = if looks_into(op.op) { paid } else { weighed };
            let (left, right) = (side(&op.left), side(&op.right));
            Expr::BinOp(Spanned::new(ast::BinOp { op: op.op, left, right }, span))
        }
        Expr::Compare(compare) => {
            let op = |op: &ast::CompareOp<'a>| ast::CompareOp { op: op.op, expr: paid(&op.expr) };
            let ops = compare.ops.iter().map(op).collect();
            Expr::Compare(Spanned::new(ast::Compare { expr: paid(&compare.expr), ops }, span))
        }
        Expr::IfExpr(choice) => {
            let test_expr = weighed(&choice.test_expr);
            let true_expr = weighed(&choice.true_expr);
            let false_expr = choice.false_expr.as_ref().map(weighed);
            Expr::IfExpr(Spanned::new(ast::IfExpr { test_expr, true_expr, false_expr }, span))
        }
        Expr::Filter(filter) => {
            let (expr, args) = (filter.expr.as_ref().map(paid), arguments(&filter.args));
            Expr::Filter(Spanned::new(ast::Filter { name: filter.name, expr, args }, span))
        }
        Expr::Test(test) => {
            let (expr, args) = (paid(&test.expr), arguments(&test.args));
            Expr::Test(Spanned::new(ast::Test { name: test.name, expr, args }, span))
        }
        Expr::GetAttr(attr) => {
            let expr = weighed(&attr.expr);
            Expr::GetAttr(Spanned::new(ast::GetAttr { expr, name: attr.name }, span))
        }
        Expr::GetItem(item) => {
            let (expr, subscript_expr) = (weighed(&item.expr), paid(&item.subscript_expr));
            Expr::GetItem(Spanned::new(ast::GetItem { expr, subscript_expr }, span))
        }
        Expr::Call(call) => {
            let (expr, args) = (weighed(&call.expr), arguments(&call.args));
            Expr::Call(Spanned::new(ast::Call { expr, args }, span))
        }
        Expr::List(list) => {
            let items = list.items.iter().map(weighed).collect();
            Expr::List(Spanned::new(ast::List { items }, span))
        }
        Expr::Tuple(tuple) => {
            let items = tuple.items.iter().map(weighed).collect();
            Expr::Tuple(Spanned::new(ast::Tuple { items }, span))
        }
        Expr::Map(map) => {
            let keys = map.keys.iter().map(paid).collect();
            let values = map.values.iter().map(weighed).collect();
            Expr::Map(Spanned::new(ast::Map { keys, values }, span))
        }
    }
}

fn constant<'a>(value: Value, span: Span) -> Expr<'a> {
    Expr::Const(Spanned::new(ast::Const { value }, span))
}

fn looks_into(op: BinOpKind) -> bool {
    use BinOpKind::{Concat, Eq, Gt, Gte, In, Lt, Lte, Ne};
    matches!(op, Concat | Eq | Ne | Lt | Lte | Gt | Gte | In)
}

fn arguments<'a>(args: &[CallArg<'a>]) -> Vec<CallArg<'a>> {
    let one = |arg: &CallArg<'a>| match arg {
        CallArg::Pos(expr) => CallArg::Pos(paid(expr)),
        CallArg::Kwarg(name, expr) => CallArg::Kwarg(name, paid(expr)),
        CallArg::PosSplat(expr) => CallArg::PosSplat(paid(expr)),
        CallArg::KwargSplat(expr) => CallArg::KwargSplat(paid(expr)),
    };
    args.iter().map(one).collect()
}

/// An operand that is looked into. What stands there or was given as it is has no more in it than was
/// read from somewhere.
fn paid<'a>(expr: &Expr<'a>) -> Expr<'a> {
    let inner = weighed(expr);
    if is_given(expr) {
        return inner;
    }
    let weigh = ast::Filter { name: WEIGH, expr: Some(inner), args: Vec::new() };
    Expr::Filter(Spanned::new(weigh, expr.span()))
}

fn is_given(mut expr: &Expr<'_>) -> bool {
    loop {
        expr = match expr {
            Expr::Var(_) | Expr::Const(_) => return true,
            Expr::GetAttr(attr) => &attr.expr,
            Expr::GetItem(item) => &item.expr,
            _ => return false,
        };
    }
}
