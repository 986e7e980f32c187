//! What leaves a loop.

use ruff_python_ast::{ExceptHandler, ExceptHandlerExceptHandler, Expr, Stmt, StmtTry, StmtWhile};

use crate::tree;
use crate::walk::Walk;

/// Whether something in the reachable part of a loop's body leaves the loop.
pub(super) fn exits<'a>(walk: &Walk<'a, '_>, body: &'a [Stmt]) -> bool {
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
                tree::blocks(other)
                    .into_iter()
                    .any(|block| leaves(walk, block, own))
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
    tree::blocks_of_try(try_)
        .into_iter()
        .enumerate()
        .any(|(i, block)| {
            let shielded = i == 0 && catches_all && raises_only(block);
            !shielded && leaves(walk, block, own)
        })
}

/// Whether a handler catches every exception there is.
pub(super) fn is_total(handler: &ExceptHandlerExceptHandler) -> bool {
    caught(handler).is_none_or(|names| names.contains(&"BaseException"))
}

/// The names of what a handler catches; `None` for a bare `except`.
pub(super) fn caught(handler: &ExceptHandlerExceptHandler) -> Option<Vec<&str>> {
    let type_ = handler.type_.as_deref()?;
    Some(match type_ {
        Expr::Tuple(tuple) => tuple.elts.iter().filter_map(tree::name).collect(),
        other => tree::name(other).into_iter().collect(),
    })
}

/// Whether the loop stands in a `try` that expects its body to fail, as when a stack runs empty.
pub(super) fn leaves_by_exception(walk: &Walk<'_, '_>, while_: &StmtWhile, stmt: &Stmt) -> bool {
    use ruff_text_size::Ranged;
    let body: &[Stmt] = walk
        .functions
        .last()
        .map_or(&walk.module.body, |def| &def.body);
    let mut shielded = false;
    tree::each_stmt(body, &mut |outer| {
        if let Stmt::Try(try_) = outer {
            let around = try_
                .body
                .iter()
                .any(|inner| inner.range().contains_range(stmt.range()));
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
                    matches!(
                        method.attr.id.as_str(),
                        "pop" | "popleft" | "remove" | "index"
                    )
                }
                _ => false,
            },
            Expr::Subscript(_) => true,
            _ => false,
        })
}
