//! Structures that contain themselves, and comparisons that order nothing.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

use crate::fold::Value;
use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// How deep output may nest; what a loop nests deeper is no output.
const MAX_NESTED: f64 = 64.0;

pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    match stmt {
        Stmt::Assign(assign) => {
            for target in &assign.targets {
                contains_itself(walk, stmt, target, &assign.value);
            }
        }
        Stmt::Expr(expr) => appended_to_itself(walk, stmt, &expr.value),
        Stmt::FunctionDef(def) => broken_order(walk, def),
        _ => {}
    }
}

/// `x[k] = x`, and `x = [x]` in a loop.
fn contains_itself<'a>(walk: &mut Walk<'a, '_>, stmt: &Stmt, target: &'a Expr, value: &'a Expr) {
    let holder = match target {
        Expr::Subscript(subscript) => tree::name(&subscript.value),
        _ => None,
    };
    if let Some(holder) = holder
        && displays(value, holder)
    {
        walk.add(
            &rules::ENDLESS_STRUCTURE,
            stmt,
            "it is made to contain itself",
        );
        return;
    }
    let Some(name) = tree::name(target) else {
        return;
    };
    let wraps = tree::name(value).is_none() && displays(value, name);
    let often = walk
        .loops
        .iter()
        .any(|around| around.times.is_some_and(|times| times > MAX_NESTED));
    if wraps && often {
        walk.add(
            &rules::ENDLESS_STRUCTURE,
            stmt,
            format!("`{name}` nests once more each round"),
        );
    }
}

/// Whether a value is `name` itself, or a list, tuple or dict written out around it.
fn displays(value: &Expr, name: &str) -> bool {
    match value {
        Expr::Name(n) => n.id == name,
        Expr::List(list) => list.elts.iter().any(|e| displays(e, name)),
        Expr::Tuple(tuple) => tuple.elts.iter().any(|e| displays(e, name)),
        Expr::Dict(dict) => dict.items.iter().any(|item| displays(&item.value, name)),
        _ => false,
    }
}

/// `x.append(x)` and the like.
fn appended_to_itself(walk: &mut Walk<'_, '_>, stmt: &Stmt, value: &Expr) {
    if let Expr::Call(call) = value
        && let Expr::Attribute(method) = &*call.func
        && matches!(
            method.attr.id.as_str(),
            "append" | "insert" | "appendleft" | "setdefault"
        )
        && let Some(name) = tree::name(&method.value)
        && call
            .arguments
            .args
            .last()
            .is_some_and(|argument| displays(argument, name))
    {
        walk.add(
            &rules::ENDLESS_STRUCTURE,
            stmt,
            format!("`{name}` is made to contain itself"),
        );
    }
}

/// A comparison method that answers the same whatever it compares.
fn broken_order<'a>(walk: &mut Walk<'a, '_>, def: &'a StmtFunctionDef) {
    if !matches!(
        def.name.id.as_str(),
        "__lt__" | "__gt__" | "__le__" | "__ge__"
    ) {
        return;
    }
    if let [Stmt::Return(only)] = def.body.as_slice()
        && let Some(value) = &only.value
        && matches!(walk.fold(value), Some(Value::Bool(_)))
    {
        let message = format!("`{}` answers the same for everything", def.name.id);
        walk.add(&rules::BROKEN_ORDER, def.name.range, message);
    }
}
