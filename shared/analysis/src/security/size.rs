//! Values and formats too large for any run.

use ruff_python_ast::{CmpOp, Expr, ExprCall, Operator, Stmt, StmtAugAssign};

use crate::fold::Value;
use crate::rules;
use crate::scope::Binding;
use crate::tree;
use crate::walk::Walk;

/// The length from which a string or list is too long: tens of megabytes, more than runs get.
const MAX_LEN: f64 = 1e7;

/// The decimal digits from which an integer is too large to compute with.
const MAX_DIGITS: f64 = 1e5;

/// The largest width a format may have.
const MAX_WIDTH: f64 = 1e5;

/// How often a loop may double a value before that alone fills any memory.
const MAX_DOUBLINGS: f64 = 24.0;

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    match expr {
        Expr::StringLiteral(_) | Expr::FString(_) => width(walk, expr),
        Expr::BinOp(binary) if !walk.is_excused(expr) && !huge(walk, expr) => {
            scaled(walk, expr, binary.op, &binary.left, &binary.right);
        }
        Expr::Call(call) if !walk.is_excused(expr) => {
            huge(walk, expr);
            self::call(walk, call);
        }
        Expr::NumberLiteral(_) | Expr::ListComp(_) | Expr::SetComp(_) => {
            huge(walk, expr);
        }
        Expr::DictComp(comprehension) => {
            for generator in &comprehension.generators {
                let len = walk.fold(&generator.iter).and_then(|items| items.len());
                if len.is_some_and(|len| len >= MAX_LEN) {
                    walk.add(
                        &rules::HUGE_VALUE,
                        expr,
                        "a dict of that many items fits no memory",
                    );
                }
            }
        }
        _ => {}
    }
}

/// Reports a constant that is too large by itself.
fn huge<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) -> bool {
    let message = match walk.fold(expr) {
        Some(Value::Huge(digits)) if digits >= MAX_DIGITS => {
            format!("a number of {digits:.0} digits")
        }
        Some(Value::Long(len)) if len >= MAX_LEN => format!("{len:.0} elements or characters"),
        _ => return false,
    };
    // What contains it is as large, and says nothing new.
    walk.excuse(expr);
    walk.add(&rules::HUGE_VALUE, expr, message);
    true
}

/// Something unknown made huge by a constant: `[x] * 10**9`, `n ** 10**8`, `1 << 10**9`.
fn scaled<'a>(
    walk: &mut Walk<'a, '_>,
    expr: &'a Expr,
    op: Operator,
    left: &'a Expr,
    right: &'a Expr,
) {
    let limit = match op {
        Operator::Mod => {
            starred_width(walk, left, right);
            return;
        }
        Operator::Pow | Operator::LShift => 1e6,
        Operator::Mult if is_display(left) || is_display(right) => MAX_LEN,
        _ => return,
    };
    let by = if op == Operator::Mult && is_display(right) {
        left
    } else {
        right
    };
    if walk.number(by).is_some_and(|by| by >= limit) {
        walk.excuse(expr);
        walk.add(&rules::HUGE_VALUE, expr, "the result fits no memory");
    }
}

/// `"%*d" % (10**9, 5)`: the width is an argument.
fn starred_width<'a>(walk: &mut Walk<'a, '_>, template: &'a Expr, arguments: &'a Expr) {
    if let Expr::Tuple(tuple) = arguments
        && walk
            .text(template)
            .is_some_and(|template| template.contains("%*"))
        && tuple
            .elts
            .iter()
            .any(|e| walk.number(e).is_some_and(|width| width >= MAX_WIDTH))
    {
        walk.add(&rules::WIDTH_BOMB, template, "the width is too large");
    }
}

/// Text or a list written out, or the product of one.
fn is_display(expr: &Expr) -> bool {
    match expr {
        Expr::List(_)
        | Expr::Tuple(_)
        | Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::FString(_) => true,
        Expr::BinOp(binary) => is_display(&binary.left) || is_display(&binary.right),
        _ => false,
    }
}

fn call<'a>(walk: &mut Walk<'a, '_>, call: &'a ExprCall) {
    let path = walk.path(&call.func).unwrap_or_default();
    let arguments = &call.arguments.args;
    let first = arguments.first().and_then(|argument| walk.number(argument));
    let limit = match path.as_str() {
        "math.factorial" | "math.comb" | "math.perm" => Some(1e5),
        "bytes" | "bytearray" => Some(MAX_LEN),
        _ => None,
    };
    if limit.zip(first).is_some_and(|(limit, n)| n >= limit) {
        walk.add(
            &rules::HUGE_VALUE,
            call,
            format!("`{path}` of that number fits no memory"),
        );
    }
    if let ("pow", [_, exponent]) = (path.as_str(), &**arguments)
        && walk
            .number(exponent)
            .is_some_and(|exponent| exponent >= 1e6)
    {
        walk.add(&rules::HUGE_VALUE, call, "the power fits no memory");
    }
    if path == "json.loads"
        && let Some(text) = arguments.first().and_then(|argument| walk.fold(argument))
        && is_deep(&text)
    {
        walk.add(
            &rules::HUGE_VALUE,
            call,
            "the text nests deeper than any parser goes",
        );
    }
    if let ("format", [_, spec]) = (path.as_str(), &**arguments)
        && walk.text(spec).is_some_and(|spec| has_wide_number(&spec))
    {
        walk.add(
            &rules::WIDTH_BOMB,
            call,
            "the width or precision is too large",
        );
    }
    width_argument(walk, call);
}

/// Whether JSON text nests beyond all use.
fn is_deep(text: &Value) -> bool {
    match text {
        Value::Long(_) => true,
        other => other
            .text()
            .is_some_and(|text| text.chars().filter(|c| matches!(c, '[' | '{')).count() >= 500),
    }
}

/// A padding method or `format` with a width of that size.
fn width_argument<'a>(walk: &mut Walk<'a, '_>, call: &'a ExprCall) {
    let Expr::Attribute(method) = &*call.func else {
        return;
    };
    if matches!(
        method.attr.id.as_str(),
        "ljust" | "rjust" | "center" | "zfill" | "expandtabs"
    ) && let Some(width) = call.arguments.args.first()
        && walk.number(width).is_some_and(|width| width >= MAX_WIDTH)
    {
        walk.add(&rules::WIDTH_BOMB, call, "the padding is too wide");
    }
    if method.attr.id == "format"
        && call
            .arguments
            .args
            .iter()
            .any(|a| walk.number(a).is_some_and(|w| w >= MAX_WIDTH))
        && walk
            .text(&method.value)
            .is_some_and(|template| template.contains(":{"))
    {
        walk.add(&rules::WIDTH_BOMB, call, "the width is too large");
    }
}

/// A format field, or a `%` directive, whose width or precision has too many digits.
fn width<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    let wide = match expr {
        Expr::FString(string) => string
            .value
            .elements()
            .filter_map(|e| e.as_interpolation())
            .any(|field| {
                field
                    .format_spec
                    .iter()
                    .flat_map(|spec| &spec.elements)
                    .any(|part| {
                        let literal = part.as_literal().is_some_and(|l| has_wide_number(&l.value));
                        let computed = part
                            .as_interpolation()
                            .and_then(|inner| walk.number(&inner.expression))
                            .is_some_and(|width| width >= MAX_WIDTH);
                        literal || computed
                    })
            }),
        _ => walk.text(expr).is_some_and(|text| has_wide_field(&text)),
    };
    if wide {
        walk.add(
            &rules::WIDTH_BOMB,
            expr,
            "the width or precision is too large",
        );
    }
}

fn has_wide_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|digits| digits.trim_start_matches('0').len() >= 6)
}

fn has_wide_field(text: &str) -> bool {
    let braces = text.split('{').skip(1).any(|rest| {
        let field = rest.split('}').next().unwrap_or_default();
        field.split_once(':').is_some_and(|(name, spec)| {
            let plain = name
                .chars()
                .all(|c| c.is_alphanumeric() || "_.[]!".contains(c));
            plain && spec.len() < 32 && !spec.contains([' ', '"']) && has_wide_number(spec)
        })
    });
    let percents = text.split('%').skip(1).any(|rest| {
        let spec = rest.trim_start_matches(['-', '+', ' ', '#', '0']);
        let width = spec.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        has_wide_number(&spec[..spec.len() - width.len()])
            && width.starts_with(['d', 's', 'f', 'x', 'g', 'e', 'r', 'c', 'o', 'i'])
    });
    braces || percents
}

/// A value that a loop adds to itself, again and again.
pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    let (target, growth) = match stmt {
        Stmt::AugAssign(assign) => {
            let same = tree::name(&assign.value) == tree::name(&assign.target);
            (
                &*assign.target,
                growth(walk, assign.op, same, same, &[&*assign.value]),
            )
        }
        Stmt::Assign(assign) => {
            let ([target], Expr::BinOp(binary)) = (assign.targets.as_slice(), &*assign.value)
            else {
                return;
            };
            let is_target = |side: &Expr| tree::name(side) == tree::name(target);
            let (left, right) = (is_target(&binary.left), is_target(&binary.right));
            let factors: &[&Expr] = match (left, right) {
                (true, false) => &[&*binary.right],
                (false, true) => &[&*binary.left],
                (true, true) => &[],
                (false, false) => return,
            };
            (
                target,
                growth(walk, binary.op, left && right, left, factors),
            )
        }
        Stmt::Expr(expr) => match extended_by_itself(&expr.value) {
            Some(target) => (target, Some(Growth::Doubled)),
            None => return,
        },
        Stmt::While(while_) => {
            awaited(walk, stmt, &while_.test);
            return;
        }
        _ => return,
    };
    let Some(name) = tree::name(target) else {
        return;
    };
    if let Stmt::AugAssign(assign) = stmt {
        enlarged(walk, stmt, name, assign);
    }
    if walk.repetitions() < MAX_DOUBLINGS || walk.loops.iter().all(|l| l.times.is_none()) {
        return;
    }
    let starts_as_number = starts_as_number(walk, name);
    let outgrows = match growth {
        Some(Growth::Squared) => starts_as_number == Some(true),
        Some(Growth::Doubled) => starts_as_number != Some(true),
        Some(Growth::Multiplied) => starts_as_number == Some(false),
        None => false,
    };
    if outgrows {
        walk.add(
            &rules::HUGE_VALUE,
            stmt,
            format!("`{name}` outgrows any memory in this loop"),
        );
    }
}

/// The list in `x.extend(x)`.
fn extended_by_itself(expr: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = expr else { return None };
    let Expr::Attribute(method) = &*call.func else {
        return None;
    };
    let by = call.arguments.args.first().and_then(tree::name);
    (method.attr.id == "extend" && by.is_some() && by == tree::name(&method.value))
        .then_some(&method.value)
}

/// A loop that goes on until something has a length that fits no memory.
fn awaited<'a>(walk: &mut Walk<'a, '_>, stmt: &Stmt, test: &'a Expr) {
    if let Expr::Compare(compare) = test
        && matches!(&*compare.ops, [CmpOp::Lt | CmpOp::LtE | CmpOp::NotEq])
        && let Expr::Call(call) = &*compare.left
        && walk.unbound(&call.func) == Some("len")
        && let [bound] = &*compare.comparators
        && walk.number(bound).is_some_and(|bound| bound >= MAX_LEN)
    {
        walk.add(
            &rules::HUGE_VALUE,
            stmt,
            "the loop ends at a length that fits no memory",
        );
    }
}

/// Whether the first constant that `name` is bound to is a number; `None` if there is none.
fn starts_as_number(walk: &Walk<'_, '_>, name: &str) -> Option<bool> {
    walk.scopes
        .bindings(walk.scope, name)
        .iter()
        .find_map(|binding| match binding {
            Binding::Value(value) => walk.fold(value).map(|value| value.number().is_some()),
            _ => None,
        })
}

/// `x **= 10**9` and the like.
fn enlarged<'a>(walk: &mut Walk<'a, '_>, stmt: &Stmt, name: &str, assign: &'a StmtAugAssign) {
    let limit = match assign.op {
        Operator::Pow | Operator::LShift => 1e6,
        Operator::Mult if starts_as_number(walk, name) == Some(false) => MAX_LEN,
        _ => return,
    };
    if walk.number(&assign.value).is_some_and(|by| by >= limit) {
        walk.add(
            &rules::HUGE_VALUE,
            stmt,
            format!("`{name}` outgrows any memory"),
        );
    }
}

/// How one round of a loop enlarges a value.
#[derive(Debug, Clone, Copy)]
enum Growth {
    /// `x * x` or `x ** n`: the digits of a number double.
    Squared,
    /// `x + x`: a text or list doubles.
    Doubled,
    /// `x * 2`: a text or list doubles, a number gains a bit.
    Multiplied,
}

/// What `op` does to a value that stands on both sides, or is combined with `factors`.
fn growth<'a>(
    walk: &Walk<'a, '_>,
    op: Operator,
    both: bool,
    leads: bool,
    factors: &[&'a Expr],
) -> Option<Growth> {
    let by_two = || {
        factors
            .iter()
            .any(|factor| walk.number(factor) >= Some(2.0))
    };
    match op {
        Operator::Mult if both => Some(Growth::Squared),
        Operator::Pow if leads || by_two() => Some(Growth::Squared),
        Operator::Add if both => Some(Growth::Doubled),
        Operator::Mult if by_two() => Some(Growth::Multiplied),
        _ => None,
    }
}
