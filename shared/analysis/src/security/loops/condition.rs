//! Conditions of `while` that nothing makes false.

use ruff_python_ast::{CmpOp, Expr, Operator, Stmt, StmtWhile};

use crate::fold::Value;
use crate::tree;
use crate::walk::Walk;

/// Whether the condition only looks at local names that nothing in the body touches.
pub(super) fn never_changes(walk: &Walk<'_, '_>, while_: &StmtWhile) -> bool {
    let mut names = Vec::new();
    let mut plain = true;
    tree::each_part(&while_.test, &mut |part| match part {
        Expr::Name(name) => names.push(name.id.as_str()),
        Expr::Call(call) => {
            plain &= matches!(
                walk.unbound(&call.func),
                Some("len" | "abs" | "min" | "max" | "sum" | "bool" | "int" | "isinstance")
            );
        }
        Expr::Attribute(_) | Expr::Await(_) | Expr::Named(_) | Expr::Lambda(_) => plain = false,
        _ => {}
    });
    names.retain(|name| {
        !matches!(
            *name,
            "len" | "abs" | "min" | "max" | "sum" | "bool" | "int"
        )
    });
    plain
        && !names.is_empty()
        && names
            .iter()
            .all(|name| !is_touched(walk, name, &while_.body))
}

/// Whether anything in `body` may change what `name` stands for, or is worth.
fn is_touched(walk: &Walk<'_, '_>, name: &str, body: &[Stmt]) -> bool {
    let is_it = |expr: &Expr| tree::root_name(expr) == Some(name);
    let mut touched = false;
    tree::each_expr(body, &mut |expr| {
        touched |= match expr {
            Expr::Name(n) => n.id == name && !n.ctx.is_load(),
            Expr::Attribute(a) => !a.ctx.is_load() && is_it(&a.value),
            Expr::Subscript(s) => !s.ctx.is_load() && is_it(&s.value),
            Expr::Call(call) => {
                let method = matches!(&*call.func, Expr::Attribute(a) if is_it(&a.value));
                let built_in = walk.unbound(&call.func).is_some_and(|f| f != "next");
                let passed = call
                    .arguments
                    .args
                    .iter()
                    .chain(call.arguments.keywords.iter().map(|keyword| &keyword.value))
                    .any(is_it);
                // A function of the agent may change a name it shares with the loop.
                let shared = !built_in && is_shared(walk, name);
                method || (passed && !built_in) || shared
            }
            _ => false,
        };
    });
    tree::each_stmt(body, &mut |stmt| {
        // Another name for the same object may be used to change it.
        touched |= matches!(stmt, Stmt::Assign(assign) if is_it(&assign.value)
            && !matches!(*assign.value, Expr::Subscript(_)));
    });
    touched
}

/// Whether some function declares `name` as `global` or `nonlocal`.
fn is_shared(walk: &Walk<'_, '_>, name: &str) -> bool {
    let mut shared = false;
    tree::each_stmt(&walk.module.body, &mut |stmt| {
        let names = match stmt {
            Stmt::Global(global) => &global.names,
            Stmt::Nonlocal(nonlocal) => &nonlocal.names,
            _ => return,
        };
        shared |= names.iter().any(|n| n.id == name);
    });
    shared
}

/// Whether the condition is that a length is at least zero.
pub(super) fn is_always_true<'a>(walk: &Walk<'a, '_>, test: &'a Expr) -> bool {
    let Expr::Compare(compare) = test else {
        return false;
    };
    let (Expr::Call(call), [op], [bound]) = (&*compare.left, &*compare.ops, &*compare.comparators)
    else {
        return false;
    };
    let least = match op {
        CmpOp::GtE => 0.0,
        CmpOp::Gt => -1.0,
        _ => return false,
    };
    matches!(walk.unbound(&call.func), Some("len" | "abs"))
        && walk.number(bound).is_some_and(|bound| bound <= least)
}

/// Whether the condition looks at one name, and everything the loop assigns to it is a constant
/// for which the condition holds.
pub(super) fn stays_true<'a>(walk: &Walk<'a, '_>, while_: &'a StmtWhile) -> bool {
    let mut names = Vec::new();
    tree::each_part(&while_.test, &mut |part| names.extend(tree::name(part)));
    let [name] = names.as_slice() else {
        return false;
    };
    let (mut assigned, mut only, mut to_itself) = (Vec::new(), true, false);
    tree::each_stmt(&while_.body, &mut |stmt| {
        if let Stmt::Assign(assign) = stmt
            && let [target] = assign.targets.as_slice()
            && tree::name(target) == Some(name)
        {
            if tree::name(&assign.value) == Some(name) {
                to_itself = true;
            } else {
                assigned.push(walk.fold(&assign.value));
            }
        } else {
            only &= !binds_name(stmt, name);
        }
    });
    let Some(values) = assigned.into_iter().collect::<Option<Vec<_>>>() else {
        return false;
    };
    let assigns = to_itself || !values.is_empty();
    let is_plain = matches!(&*while_.test, Expr::Name(_) | Expr::Compare(_));
    let holds = walk
        .folder
        .fold_each(&while_.test, walk.scope, name, &Value::Seq(values));
    only && is_plain
        && !is_shared(walk, name)
        && !tree::any_own_expr(&while_.body, |expr| {
            matches!(expr, Expr::Named(walrus) if tree::name(&walrus.target) == Some(name))
                || matches!(expr, Expr::Call(call) if tree::root_name(&call.func) == Some(name))
        })
        && assigns
        && holds.is_some_and(|holds| holds.iter().all(Value::truth))
}

/// Whether a statement binds or changes `name` in some way other than a plain assignment.
fn binds_name(stmt: &Stmt, name: &str) -> bool {
    let is_it = |target: &Expr| {
        let mut found = false;
        tree::each_part(target, &mut |part| {
            found |= matches!(part, Expr::Name(n) if n.id == name && !n.ctx.is_load());
        });
        found
    };
    match stmt {
        Stmt::Assign(assign) => assign.targets.iter().any(is_it),
        Stmt::AugAssign(assign) => is_it(&assign.target),
        Stmt::AnnAssign(assign) => is_it(&assign.target),
        Stmt::For(for_) => is_it(&for_.target),
        Stmt::With(with) => with
            .items
            .iter()
            .filter_map(|item| item.optional_vars.as_deref())
            .any(is_it),
        Stmt::Delete(delete) => delete.targets.iter().any(is_it),
        _ => false,
    }
}

/// Whether a counter that ends the loop at a bound is only ever moved the other way.
pub(super) fn moves_away<'a>(walk: &Walk<'a, '_>, while_: &'a StmtWhile) -> bool {
    let Expr::Compare(compare) = &*while_.test else {
        return false;
    };
    let (Some(name), [op], [bound]) = (
        tree::name(&compare.left),
        &*compare.ops,
        &*compare.comparators,
    ) else {
        return false;
    };
    let up = match op {
        CmpOp::Gt | CmpOp::GtE => true,
        CmpOp::Lt | CmpOp::LtE => false,
        _ => return false,
    };
    if walk.number(bound).is_none() || is_shared(walk, name) {
        return false;
    }
    let (mut moved, mut other) = (false, false);
    tree::each_stmt(&while_.body, &mut |stmt| match stmt {
        Stmt::AugAssign(assign) if tree::name(&assign.target) == Some(name) => {
            let away = is_away(assign.op, walk.number(&assign.value), up);
            moved |= away;
            other |= !away;
        }
        Stmt::Assign(assign) if binds_name(stmt, name) => {
            // `n = n + 1` is `n += 1`.
            let away = matches!(&*assign.value, Expr::BinOp(binary)
                if tree::name(&binary.left) == Some(name)
                    && is_away(binary.op, walk.number(&binary.right), up));
            moved |= away;
            other |= !away;
        }
        stmt => other |= binds_name(stmt, name),
    });
    moved && !other
}

/// Whether `op` by that much leads up, or else down.
fn is_away(op: Operator, by: Option<f64>, up: bool) -> bool {
    match op {
        Operator::Add => by.is_some_and(|by| (by > 0.0) == up && by != 0.0),
        Operator::Sub => by.is_some_and(|by| (by < 0.0) == up && by != 0.0),
        Operator::Mult => up && by.is_some_and(|by| by >= 1.0),
        _ => false,
    }
}
