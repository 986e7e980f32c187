//! Loops that do not end, do too much, or outlive every error.

use ruff_python_ast::{
    CmpOp, ExceptHandler, ExceptHandlerExceptHandler, Expr, Operator, Stmt, StmtFor, StmtTry,
    StmtWhile,
};

use crate::fold::Value;
use crate::quality::MUTATORS;
use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// How many rounds no run has time for.
pub(super) const MAX_ROUNDS: f64 = 1e8;

/// How many tool calls a run may make.
const MAX_TOOL_CALLS: f64 = 256.0;

/// How deep output may nest; what a loop nests deeper is no output.
const MAX_NESTED: f64 = 64.0;

pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    match stmt {
        Stmt::While(while_) => self::while_(walk, stmt, while_),
        Stmt::For(for_) => self::for_(walk, stmt, for_),
        Stmt::Try(try_) => swallowed(walk, try_),
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

pub(super) fn expr(walk: &mut Walk<'_, '_>, expr: &Expr) {
    if let Expr::Call(call) = expr
        && let Some(tool) = walk.tool(&call.func)
        && walk.repetitions() > MAX_TOOL_CALLS
        && walk.loops.iter().any(|around| around.times.is_some_and(|times| times > MAX_TOOL_CALLS))
    {
        let message = format!("`{tool}` is called more than {MAX_TOOL_CALLS} times");
        walk.add(&rules::TOOL_FLOOD, expr, message);
    }
}

fn while_<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt, while_: &'a StmtWhile) {
    if exits(walk, &while_.body) || leaves_by_exception(walk, while_, stmt) {
        return;
    }
    let message = match walk.fold(&while_.test) {
        Some(test) if test.truth() => "the condition is always true and nothing leaves the loop",
        Some(_) => return,
        None if never_changes(walk, while_) => "nothing in the loop changes its condition",
        None if moves_away(walk, while_) => "the loop moves away from its end",
        None => return,
    };
    walk.add(&rules::ENDLESS_LOOP, stmt, message);
}

fn for_<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt, for_: &'a StmtFor) {
    if exits(walk, &for_.body) {
        return;
    }
    if let Some(name) = tree::name(&for_.iter)
        && for_.body.iter().any(|stmt| grows(stmt, name))
    {
        let message = format!("`{name}` grows by an element for each one taken");
        walk.add(&rules::ENDLESS_LOOP, stmt, message);
    }
    if let Some(rounds) = walk.fold(&for_.iter).and_then(|items| items.len()) {
        let rounds = rounds * walk.repetitions().max(1.0);
        if rounds >= MAX_ROUNDS && rounds.is_finite() {
            walk.add(&rules::HUGE_WORK, stmt, format!("{rounds:.0} rounds"));
        }
    }
}

/// Whether something in the reachable part of a loop's body leaves the loop.
fn exits<'a>(walk: &Walk<'a, '_>, body: &'a [Stmt]) -> bool {
    leaves(walk, body, true)
}

fn leaves<'a>(walk: &Walk<'a, '_>, block: &'a [Stmt], own: bool) -> bool {
    for stmt in block {
        let left = match stmt {
            Stmt::Return(_) | Stmt::Raise(_) => return true,
            Stmt::Assert(assert) => walk.fold(&assert.test).is_none(),
            Stmt::Break(_) => return own,
            Stmt::Continue(_) => return false,
            Stmt::If(if_) => {
                // A branch that is never taken is no way out.
                let mut never = walk.fold(&if_.test).is_some_and(|test| !test.truth());
                let mut left = !never && leaves(walk, &if_.body, own);
                for clause in &if_.elif_else_clauses {
                    never = clause
                        .test
                        .as_ref()
                        .and_then(|test| walk.fold(test))
                        .is_some_and(|test| !test.truth());
                    left = left || !never && leaves(walk, &clause.body, own);
                }
                left
            }
            Stmt::For(_) | Stmt::While(_) => {
                let (body, orelse) = match stmt {
                    Stmt::For(inner) => (&inner.body, &inner.orelse),
                    Stmt::While(inner) => (&inner.body, &inner.orelse),
                    _ => continue,
                };
                leaves(walk, body, false) || leaves(walk, orelse, own)
            }
            Stmt::Try(try_) => leaves_try(walk, try_, own),
            other => {
                tree::blocks(other).into_iter().any(|block| leaves(walk, block, own))
                    || tree::any_own_expr(std::slice::from_ref(other), |expr| {
                        matches!(expr, Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Await(_))
                    })
            }
        };
        if left {
            return true;
        }
    }
    false
}

/// Whether a `try` in a loop lets it be left: a `raise` inside one that catches everything does
/// not.
fn leaves_try<'a>(walk: &Walk<'a, '_>, try_: &'a StmtTry, own: bool) -> bool {
    let catches_all = try_.handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        is_total(handler) && !leaves(walk, &handler.body, own)
    });
    let raises_only = |block: &'a [Stmt]| {
        let mut other = false;
        tree::each_stmt(block, &mut |stmt| {
            other |= matches!(stmt, Stmt::Return(_) | Stmt::Break(_));
        });
        !other
    };
    tree::blocks_of_try(try_).into_iter().enumerate().any(|(i, block)| {
        let shielded = i == 0 && catches_all && raises_only(block);
        !shielded && leaves(walk, block, own)
    })
}

/// Whether a handler catches every exception there is.
fn is_total(handler: &ExceptHandlerExceptHandler) -> bool {
    caught(handler).is_none_or(|names| names.contains(&"BaseException"))
}

/// The names of what a handler catches; `None` for a bare `except`.
fn caught(handler: &ExceptHandlerExceptHandler) -> Option<Vec<&str>> {
    let type_ = handler.type_.as_deref()?;
    Some(match type_ {
        Expr::Tuple(tuple) => tuple.elts.iter().filter_map(tree::name).collect(),
        other => tree::name(other).into_iter().collect(),
    })
}

/// Whether the loop stands in a `try` that expects its body to fail, as when a stack runs empty.
fn leaves_by_exception(walk: &Walk<'_, '_>, while_: &StmtWhile, stmt: &Stmt) -> bool {
    use ruff_text_size::Ranged;
    let body: &[Stmt] = walk.functions.last().map_or(&walk.module.body, |def| &def.body);
    let mut shielded = false;
    tree::each_stmt(body, &mut |outer| {
        if let Stmt::Try(try_) = outer {
            let around = try_.body.iter().any(|inner| inner.range().contains_range(stmt.range()));
            let named = try_.handlers.iter().any(|handler| {
                let ExceptHandler::ExceptHandler(handler) = handler;
                caught(handler).is_some_and(|names| !names.contains(&"BaseException"))
            });
            shielded |= around && named;
        }
    });
    shielded
        && tree::any_own_expr(&while_.body, |expr| match expr {
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => name.id == "next",
                Expr::Attribute(method) => {
                    matches!(method.attr.id.as_str(), "pop" | "popleft" | "remove" | "index")
                }
                _ => false,
            },
            Expr::Subscript(_) => true,
            _ => false,
        })
}

/// Whether the condition only looks at local names that nothing in the body touches.
fn never_changes(walk: &Walk<'_, '_>, while_: &StmtWhile) -> bool {
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
    names.retain(|name| !matches!(*name, "len" | "abs" | "min" | "max" | "sum" | "bool" | "int"));
    plain && !names.is_empty() && names.iter().all(|name| !is_touched(walk, name, &while_.body))
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

/// Whether a counter that ends the loop at a bound is only ever moved the other way.
fn moves_away<'a>(walk: &Walk<'a, '_>, while_: &'a StmtWhile) -> bool {
    let Expr::Compare(compare) = &*while_.test else {
        return false;
    };
    let (Some(name), [op], [bound]) =
        (tree::name(&compare.left), &*compare.ops, &*compare.comparators)
    else {
        return false;
    };
    let up = match op {
        CmpOp::Gt | CmpOp::GtE => true,
        CmpOp::Lt | CmpOp::LtE => false,
        _ => return false,
    };
    if walk.number(bound).is_none() {
        return false;
    }
    let (mut moved, mut other) = (false, false);
    tree::each_stmt(&while_.body, &mut |stmt| match stmt {
        Stmt::AugAssign(assign) if tree::name(&assign.target) == Some(name) => {
            let by = walk.number(&assign.value);
            let away = match assign.op {
                Operator::Add => by.is_some_and(|by| (by > 0.0) == up && by != 0.0),
                Operator::Sub => by.is_some_and(|by| (by < 0.0) == up && by != 0.0),
                Operator::Mult => up && by.is_some_and(|by| by >= 1.0),
                _ => false,
            };
            moved |= away;
            other |= !away;
        }
        Stmt::Assign(assign) => {
            other |= assign.targets.iter().any(|target| tree::name(target) == Some(name));
        }
        _ => {}
    });
    moved && !other
}

/// Whether a statement of a loop's own body adds to `name`.
fn grows(stmt: &Stmt, name: &str) -> bool {
    match stmt {
        Stmt::Expr(expr) => match &*expr.value {
            Expr::Call(call) => matches!(&*call.func, Expr::Attribute(method)
                if tree::name(&method.value) == Some(name)
                    && matches!(method.attr.id.as_str(), "append" | "extend" | "insert" | "appendleft")),
            _ => false,
        },
        Stmt::AugAssign(assign) => {
            assign.op == Operator::Add
                && tree::name(&assign.target) == Some(name)
                && matches!(&*assign.value, Expr::List(list) if !list.elts.is_empty())
        }
        _ => false,
    }
}

/// A handler that catches everything, limits included, and lets a loop go on.
fn swallowed(walk: &mut Walk<'_, '_>, try_: &StmtTry) {
    const LIMITS: &[&str] = &[
        "BaseException", "RecursionError", "MemoryError", "TimeoutError", "KeyboardInterrupt",
        "SystemExit", "GeneratorExit",
    ];
    let in_while = walk.loops.iter().any(|around| around.is_while);
    for handler in &try_.handlers {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let names = caught(handler);
        let limit = names.as_ref().is_some_and(|names| names.iter().any(|n| LIMITS.contains(n)));
        if names.is_some() && !limit {
            continue;
        }
        let message = if goes_on(&handler.body) && (in_while || (limit && !walk.loops.is_empty())) {
            "the loop goes on whatever happens, even past a limit"
        } else if calls_itself(walk, &handler.body) {
            "the function is called again whatever happens, even past a limit"
        } else {
            continue;
        };
        walk.add(&rules::SWALLOWED_LIMIT, handler.range, message);
    }
}

/// Whether a handler's body ends without leaving the loop.
fn goes_on(body: &[Stmt]) -> bool {
    !body.iter().any(|stmt| {
        matches!(stmt, Stmt::Raise(_) | Stmt::Return(_) | Stmt::Break(_))
    })
}

fn calls_itself(walk: &Walk<'_, '_>, body: &[Stmt]) -> bool {
    let Some(own) = walk.functions.last() else {
        return false;
    };
    tree::any_own_expr(body, |expr| {
        matches!(expr, Expr::Call(call) if tree::name(&call.func) == Some(own.name.id.as_str()))
    })
}

/// `x[k] = x`, and `x = [x]` in a loop.
fn contains_itself<'a>(walk: &mut Walk<'a, '_>, stmt: &Stmt, target: &'a Expr, value: &'a Expr) {
    let holder = match target {
        Expr::Subscript(subscript) => tree::name(&subscript.value),
        _ => None,
    };
    if holder.is_some() && holder == tree::name(value) {
        walk.add(&rules::ENDLESS_STRUCTURE, stmt, "it is made to contain itself");
        return;
    }
    let Some(name) = tree::name(target) else { return };
    let wraps = match value {
        Expr::List(list) => list.elts.iter().any(|e| tree::name(e) == Some(name)),
        Expr::Tuple(tuple) => tuple.elts.iter().any(|e| tree::name(e) == Some(name)),
        Expr::Dict(dict) => dict.items.iter().any(|item| tree::name(&item.value) == Some(name)),
        _ => false,
    };
    let often = walk.loops.iter().any(|around| around.times.is_some_and(|times| times > MAX_NESTED));
    if wraps && often {
        walk.add(&rules::ENDLESS_STRUCTURE, stmt, format!("`{name}` nests once more each round"));
    }
}

/// `x.append(x)` and the like.
fn appended_to_itself(walk: &mut Walk<'_, '_>, stmt: &Stmt, value: &Expr) {
    if let Expr::Call(call) = value
        && let Expr::Attribute(method) = &*call.func
        && MUTATORS.contains(&method.attr.id.as_str())
        && matches!(method.attr.id.as_str(), "append" | "insert" | "appendleft" | "setdefault")
        && let Some(name) = tree::name(&method.value)
        && call.arguments.args.last().and_then(|argument| tree::name(argument)) == Some(name)
    {
        walk.add(&rules::ENDLESS_STRUCTURE, stmt, format!("`{name}` is made to contain itself"));
    }
}

/// A comparison method that answers the same whatever it compares.
fn broken_order<'a>(walk: &mut Walk<'a, '_>, def: &'a ruff_python_ast::StmtFunctionDef) {
    if !matches!(def.name.id.as_str(), "__lt__" | "__gt__" | "__le__" | "__ge__") {
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
