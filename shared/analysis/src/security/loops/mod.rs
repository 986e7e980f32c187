//! Loops that do not end, do too much, or outlive every error.

mod condition;
mod exits;
mod growth;
mod handlers;

use ruff_python_ast::{Expr, Stmt, StmtFor, StmtWhile};

use crate::rules;
use crate::tree;
use crate::walk::Walk;
use condition::{is_always_true, moves_away, never_changes, stays_true};
use exits::{exits, leaves_by_exception};
use growth::{grows, grows_same, only_grows};

/// How many rounds no run has time for.
pub(super) const MAX_ROUNDS: f64 = 1e8;

/// How many tool calls a run may make.
const MAX_TOOL_CALLS: f64 = 256.0;

pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    match stmt {
        Stmt::While(while_) => self::while_(walk, stmt, while_),
        Stmt::For(for_) => self::for_(walk, stmt, for_),
        Stmt::Try(try_) => handlers::swallowed(walk, try_),
        _ => {}
    }
}

pub(super) fn expr(walk: &mut Walk<'_, '_>, expr: &Expr) {
    if let Expr::Call(call) = expr
        && let Some(tool) = walk.tool(&call.func)
        && walk.repetitions() > MAX_TOOL_CALLS
        && walk
            .loops
            .iter()
            .any(|around| around.times.is_some_and(|times| times > MAX_TOOL_CALLS))
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
        Some(test) if !test.truth() => return,
        Some(_) => "the condition is always true and nothing leaves the loop",
        None if is_always_true(walk, &while_.test) => "the condition is always true",
        None if never_changes(walk, while_) => "nothing in the loop changes its condition",
        None if stays_true(walk, while_) => "the loop never makes its condition false",
        None if moves_away(walk, while_) || only_grows(while_) => {
            "the loop moves away from its end"
        }
        None => return,
    };
    walk.add(&rules::ENDLESS_LOOP, stmt, message);
}

fn for_<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt, for_: &'a StmtFor) {
    if exits(walk, &for_.body) {
        return;
    }
    let named = tree::name(&for_.iter);
    let grows =
        |stmt: &Stmt| named.is_some_and(|name| grows(stmt, name)) || grows_same(stmt, &for_.iter);
    if for_.body.iter().any(grows) {
        let message = "what is walked grows by an element for each one taken";
        walk.add(&rules::ENDLESS_LOOP, stmt, message);
    }
    if let Some(rounds) = walk.fold(&for_.iter).and_then(|items| items.len()) {
        let rounds = rounds * walk.repetitions().max(1.0);
        if rounds >= MAX_ROUNDS && rounds.is_finite() {
            walk.add(&rules::HUGE_WORK, stmt, format!("{rounds:.0} rounds"));
        }
    }
}
