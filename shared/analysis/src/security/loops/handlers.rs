//! Handlers that keep a loop, or a recursion, alive through every error.

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtTry};

use super::exits::caught;
use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// A handler that catches everything, limits included, and lets a loop go on.
pub(super) fn swallowed(walk: &mut Walk<'_, '_>, try_: &StmtTry) {
    const LIMITS: &[&str] = &[
        "BaseException",
        "RecursionError",
        "MemoryError",
        "TimeoutError",
        "KeyboardInterrupt",
        "SystemExit",
        "GeneratorExit",
    ];
    let in_while = walk.loops.iter().any(|around| around.is_while);
    for handler in &try_.handlers {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let names = caught(handler);
        let limit = names
            .as_ref()
            .is_some_and(|names| names.iter().any(|n| LIMITS.contains(n)));
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
    !body
        .iter()
        .any(|stmt| matches!(stmt, Stmt::Raise(_) | Stmt::Return(_) | Stmt::Break(_)))
}

fn calls_itself(walk: &Walk<'_, '_>, body: &[Stmt]) -> bool {
    let Some(own) = walk.functions.last() else {
        return false;
    };
    tree::any_own_expr(
        body,
        |expr| matches!(expr, Expr::Call(call) if tree::name(&call.func) == Some(own.name.id.as_str())),
    )
}
