//! Built-ins that make code, reach the host or open namespaces, however they are named.

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{Expr, ExprCall, InterpolatedStringElement, Operator};
use ruff_text_size::Ranged;

use super::{attributes, is_dangerous_dunder};
use crate::report::Report;
use crate::rules::{self, Rule};
use crate::tree;
use crate::walk::Walk;

/// Special names that are only names.
const PLAIN_DUNDERS: &[&str] = &[
    "__name__",
    "__doc__",
    "__all__",
    "__version__",
    "__author__",
    "__slots__",
    "__license__",
    "__match_args__",
    "__debug__",
    "__email__",
    "__date__",
    "__status__",
    "__copyright__",
];

/// The rule a built-in breaks by being used at all.
fn forbidden(name: &str) -> Option<&'static Rule> {
    Some(match name {
        "eval"
        | "exec"
        | "compile"
        | "execfile"
        | "reload"
        | "typing.get_type_hints"
        | "dataclasses.make_dataclass"
        | "timeit.timeit"
        | "timeit.repeat" => &rules::DYNAMIC_CODE,
        "open" | "input" | "raw_input" | "breakpoint" | "help" | "exit" | "quit" | "license"
        | "credits" | "copyright" | "memoryview" | "io.open" | "io.FileIO" | "io.open_code"
        | "codecs.open" => &rules::HOST_ACCESS,
        "globals" | "locals" | "vars" | "dir" | "setattr" | "delattr" => &rules::NAMESPACE_ACCESS,
        _ => return None,
    })
}

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    match expr {
        Expr::Name(name) => self::name(walk, expr, name.id.as_str()),
        Expr::Attribute(_) => {
            if let Some(path) = walk.path(expr)
                && path.contains('.')
                && let Some(rule) = forbidden(&path)
            {
                walk.add(rule, expr, format!("`{path}` is used"));
            }
        }
        Expr::Call(call) => self::call(walk, call),
        _ => {}
    }
}

fn name(walk: &mut Walk<'_, '_>, expr: &Expr, name: &str) {
    if tree::is_dunder(name) {
        if name == "__import__" {
            walk.add(&rules::DYNAMIC_CODE, expr, "`__import__` is used");
        } else if !PLAIN_DUNDERS.contains(&name) {
            walk.add(
                &rules::DUNDER_NAME,
                expr,
                format!("`{name}` belongs to the interpreter"),
            );
        }
        return;
    }
    let loaded = matches!(expr, Expr::Name(name) if name.ctx.is_load());
    if !loaded {
        return;
    }
    let imported = walk.path(expr).filter(|path| path.contains('.'));
    let path = walk.unbound(expr).map(str::to_owned).or(imported);
    let Some(path) = path else { return };
    if let Some(rule) = forbidden(&path) {
        walk.add(rule, expr, format!("`{path}` is used"));
    } else if path == "getattr" && !walk.is_excused(expr) {
        let message = "`getattr` is passed on, to be called with any name";
        walk.add(&rules::NAMESPACE_ACCESS, expr, message);
    }
}

fn call<'a>(walk: &mut Walk<'a, '_>, call: &'a ExprCall) {
    let arguments = &call.arguments.args;
    match walk.path(&call.func).as_deref() {
        Some(function @ ("getattr" | "hasattr")) if walk.unbound(&call.func).is_some() => {
            walk.excuse(&*call.func);
            if let Some(attribute) = arguments.get(1) {
                by_name(walk, attribute, function);
            }
        }
        Some(function @ ("operator.attrgetter" | "operator.methodcaller")) => {
            for attribute in arguments {
                by_name(walk, attribute, function);
            }
        }
        Some("type") if arguments.len() == 3 => {
            walk.add(
                &rules::NAMESPACE_ACCESS,
                call,
                "a class is made from computed parts",
            );
        }
        _ => {}
    }
}

/// Judges the attribute that a function like `getattr` is given by name.
fn by_name<'a>(walk: &mut Walk<'a, '_>, attribute: &'a Expr, function: &str) {
    match walk.text(attribute) {
        Some(name) => {
            let unsafe_part = name.split('.').find(|part| attributes::is_unsafe(part));
            if unsafe_part.is_some() || is_dangerous_dunder(&name) {
                let message = format!("`{function}` is given `{name}`");
                walk.add(&rules::INTROSPECTION_TEXT, attribute, message);
            }
        }
        None if function != "hasattr" && !starts_plainly(walk, attribute) => {
            let message = format!("`{function}` is given a name that is not in the source");
            walk.add(&rules::NAMESPACE_ACCESS, attribute, message);
        }
        None => {}
    }
}

/// Whether computed text is known to start with a letter, as in `"visit_" + kind`: it names one
/// of a family of methods then, and no special attribute.
fn starts_plainly<'a>(walk: &Walk<'a, '_>, expr: &'a Expr) -> bool {
    let plain = |text: &str| text.len() >= 2 && text.starts_with(|c: char| c.is_ascii_alphabetic());
    match expr {
        Expr::BinOp(sum) if matches!(sum.op, Operator::Add | Operator::Mod) => walk
            .text(&sum.left)
            .map_or_else(|| starts_plainly(walk, &sum.left), |t| plain(&t)),
        Expr::FString(string) => matches!(
            string.value.elements().next(),
            Some(InterpolatedStringElement::Literal(literal)) if plain(&literal.value)
        ),
        _ => false,
    }
}

/// Reports identifiers that only the platform may use.
pub(super) fn reserved(source: &str, tokens: &Tokens, report: &mut Report) {
    for token in tokens
        .iter()
        .filter(|token| token.kind() == TokenKind::Name)
    {
        let name = source.get(token.range().to_std_range()).unwrap_or_default();
        if name.to_ascii_lowercase().starts_with("__tdev") {
            report.add(
                &rules::RESERVED_NAME,
                token.range(),
                format!("`{name}` is reserved"),
            );
        }
    }
}
