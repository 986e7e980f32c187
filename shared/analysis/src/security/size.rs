//! Values and formats too large for any run.

use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};

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
        Expr::BinOp(binary) if !walk.is_excused(expr) => {
            if !huge(walk, expr) {
                scaled(walk, expr, binary.op, &binary.left, &binary.right);
            }
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
                    walk.add(&rules::HUGE_VALUE, expr, "a dict of that many items fits no memory");
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
        Operator::Pow | Operator::LShift => 1e6,
        Operator::Mult if is_display(left) || is_display(right) => MAX_LEN,
        _ => return,
    };
    let by = if op == Operator::Mult && is_display(right) { left } else { right };
    if walk.number(by).is_some_and(|by| by >= limit) {
        walk.excuse(expr);
        walk.add(&rules::HUGE_VALUE, expr, "the result fits no memory");
    }
}

/// Text or a list written out, or the product of one.
fn is_display(expr: &Expr) -> bool {
    match expr {
        Expr::List(_) | Expr::Tuple(_) | Expr::StringLiteral(_) | Expr::BytesLiteral(_)
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
        "math.factorial" | "math.comb" | "math.perm" => 1e5,
        "bytes" | "bytearray" => MAX_LEN,
        _ => f64::INFINITY,
    };
    if first.is_some_and(|n| n >= limit) {
        walk.add(&rules::HUGE_VALUE, call, format!("`{path}` of that number fits no memory"));
    }
    if let ("pow", [_, exponent]) = (path.as_str(), &**arguments)
        && walk.number(exponent).is_some_and(|exponent| exponent >= 1e6)
    {
        walk.add(&rules::HUGE_VALUE, call, "the power fits no memory");
    }
    if path == "json.loads"
        && let Some(text) = arguments.first().and_then(|argument| walk.fold(argument))
        && is_deep(&text)
    {
        walk.add(&rules::HUGE_VALUE, call, "the text nests deeper than any parser goes");
    }
    width_argument(walk, call);
}

/// Whether JSON text nests beyond all use.
fn is_deep(text: &Value) -> bool {
    match text {
        Value::Long(_) => true,
        other => other.text().is_some_and(|text| {
            text.chars().filter(|c| matches!(c, '[' | '{')).count() >= 500
        }),
    }
}

/// A padding method or `format` with a width of that size.
fn width_argument<'a>(walk: &mut Walk<'a, '_>, call: &'a ExprCall) {
    let Expr::Attribute(method) = &*call.func else {
        return;
    };
    if matches!(method.attr.id.as_str(), "ljust" | "rjust" | "center" | "zfill" | "expandtabs")
        && let Some(width) = call.arguments.args.first()
        && walk.number(width).is_some_and(|width| width >= MAX_WIDTH)
    {
        walk.add(&rules::WIDTH_BOMB, call, "the padding is too wide");
    }
    if method.attr.id == "format"
        && call.arguments.args.iter().any(|a| walk.number(a).is_some_and(|w| w >= MAX_WIDTH))
        && walk.text(&method.value).is_some_and(|template| template.contains(":{"))
    {
        walk.add(&rules::WIDTH_BOMB, call, "the width is too large");
    }
}

/// A format field, or a `%` directive, whose width or precision has too many digits.
fn width<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    let wide = match expr {
        Expr::FString(string) => string.value.elements().filter_map(|e| e.as_interpolation()).any(
            |field| {
                field.format_spec.iter().flat_map(|spec| &spec.elements).any(|part| {
                    let literal = part.as_literal().is_some_and(|l| has_wide_number(&l.value));
                    let computed = part
                        .as_interpolation()
                        .and_then(|inner| walk.number(&inner.expression))
                        .is_some_and(|width| width >= MAX_WIDTH);
                    literal || computed
                })
            },
        ),
        _ => walk.text(expr).is_some_and(|text| has_wide_field(&text)),
    };
    if wide {
        walk.add(&rules::WIDTH_BOMB, expr, "the width or precision is too large");
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
            let plain = name.chars().all(|c| c.is_alphanumeric() || "_.[]!".contains(c));
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
            (&*assign.target, growth(walk, assign.op, same, same, &[&*assign.value]))
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
            (target, growth(walk, binary.op, left && right, left, factors))
        }
        _ => return,
    };
    let Some(name) = tree::name(target) else { return };
    if walk.repetitions() < MAX_DOUBLINGS || walk.loops.iter().all(|l| l.times.is_none()) {
        return;
    }
    let bindings = walk.scopes.bindings(walk.scope, name);
    let starts_as_number = bindings.iter().find_map(|binding| match binding {
        Binding::Value(value) => walk.fold(value).map(|value| value.number().is_some()),
        _ => None,
    });
    let outgrows = match growth {
        Some(Growth::Squared) => starts_as_number == Some(true),
        Some(Growth::Doubled) => starts_as_number != Some(true),
        Some(Growth::Multiplied) => starts_as_number == Some(false),
        None => false,
    };
    if outgrows {
        walk.add(&rules::HUGE_VALUE, stmt, format!("`{name}` outgrows any memory in this loop"));
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
    let by_two = || factors.iter().any(|factor| walk.number(factor) >= Some(2.0));
    match op {
        Operator::Mult if both => Some(Growth::Squared),
        Operator::Pow if leads || by_two() => Some(Growth::Squared),
        Operator::Add if both => Some(Growth::Doubled),
        Operator::Mult if by_two() => Some(Growth::Multiplied),
        _ => None,
    }
}
