//! Recursion that no condition ends.

use std::collections::{BTreeSet, HashMap};

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use crate::rules;
use crate::tree;
use crate::walk::Walk;

/// Names of functions.
type Names<'a> = BTreeSet<&'a str>;

/// Reports functions that call themselves on every path, directly or through others.
pub(super) fn functions(walk: &mut Walk<'_, '_>) {
    let mut by_name: HashMap<&str, Vec<&StmtFunctionDef>> = HashMap::new();
    for def in tree::functions(&walk.module.body) {
        by_name.entry(def.name.id.as_str()).or_default().push(def);
    }
    // Of functions that share a name it is not clear which is called.
    by_name.retain(
        |_, defs| matches!(defs.as_slice(), [def] if !def.is_async && !tree::is_generator(def)),
    );
    let certain: HashMap<&str, Names<'_>> = by_name
        .iter()
        .filter_map(|(name, defs)| Some((*name, certain_calls(defs.first()?))))
        .collect();
    lambdas(walk, &certain);
    for (name, defs) in &by_name {
        let Some(def) = defs.first() else { continue };
        let message = if reaches(name, &certain) {
            format!("`{name}` calls itself on every path")
        } else if repeats_itself(def) {
            format!("`{name}` calls itself with the very arguments it was given")
        } else {
            continue;
        };
        walk.add(&rules::ENDLESS_RECURSION, def.name.range, message);
    }
}

/// Reports lambdas that are given a name and call it on every path.
fn lambdas(walk: &mut Walk<'_, '_>, certain: &HashMap<&str, Names<'_>>) {
    let mut named = Vec::new();
    tree::each_stmt(&walk.module.body, &mut |stmt| {
        if let Stmt::Assign(assign) = stmt
            && let [target] = assign.targets.as_slice()
            && let (Some(name), Expr::Lambda(lambda)) = (tree::name(target), &*assign.value)
        {
            named.push((name, lambda));
        }
    });
    for (name, lambda) in named {
        let calls = certain_in(&lambda.body);
        let by_others = calls.iter().any(|called| {
            certain
                .get(called)
                .is_some_and(|names| names.contains(name))
        });
        if calls.contains(name) || by_others {
            let message = format!("`{name}` calls itself on every path");
            walk.add(&rules::ENDLESS_RECURSION, lambda.range, message);
        }
    }
}

/// Reports `x(x)`, by which a function without a name calls itself.
pub(super) fn expr(walk: &mut Walk<'_, '_>, expr: &Expr) {
    if let Expr::Call(call) = expr
        && let Some(function) = tree::name(&call.func)
        && call
            .arguments
            .args
            .iter()
            .any(|argument| tree::name(argument) == Some(function))
    {
        let message = format!("`{function}` is applied to itself");
        walk.add(&rules::ENDLESS_RECURSION, expr, message);
    }
}

/// Whether following certain calls from `start` leads back to it.
fn reaches(start: &str, certain: &HashMap<&str, Names<'_>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for called in certain.get(name).into_iter().flatten() {
            if *called == start {
                return true;
            }
            if seen.insert(*called) {
                open.push(called);
            }
        }
    }
    false
}

/// What is called for certain on a way through some statements.
#[derive(Default)]
struct Paths<'a> {
    /// On every path that leaves the function inside them; `None` if no path does.
    left: Option<Names<'a>>,
    /// On every path that reaches their end; `None` if no path does.
    through: Option<Names<'a>>,
}

/// What is certain on two alternative paths: what both have in common.
fn either<'a>(a: Option<Names<'a>>, b: Option<Names<'a>>) -> Option<Names<'a>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(&b).copied().collect()),
        (a, b) => a.or(b),
    }
}

/// The functions that are called whatever path is taken through `def`.
fn certain_calls(def: &StmtFunctionDef) -> Names<'_> {
    let paths = block(&def.body, Names::new());
    either(paths.left, paths.through).unwrap_or_default()
}

fn block<'a>(body: &'a [Stmt], before: Names<'a>) -> Paths<'a> {
    let mut paths = Paths {
        left: None,
        through: Some(before),
    };
    for stmt in body {
        let Some(so_far) = paths.through.take() else {
            break;
        };
        let next = statement(stmt, so_far);
        paths.left = either(paths.left, next.left);
        paths.through = next.through;
    }
    paths
}

fn statement<'a>(stmt: &'a Stmt, mut calls: Names<'a>) -> Paths<'a> {
    let through = |calls| Paths {
        left: None,
        through: Some(calls),
    };
    let left = |calls| Paths {
        left: Some(calls),
        through: None,
    };
    match stmt {
        Stmt::Return(s) => {
            calls.extend(s.value.iter().flat_map(|value| certain_in(value)));
            left(calls)
        }
        Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::Assert(_) => {
            // What leaves a loop is counted as leaving the function, which errs towards silence.
            let mut paths = left(calls.clone());
            paths.through = matches!(stmt, Stmt::Assert(_)).then_some(calls);
            paths
        }
        Stmt::If(s) => {
            calls.extend(certain_in(&s.test));
            let mut paths = block(&s.body, calls.clone());
            let mut has_else = false;
            for clause in &s.elif_else_clauses {
                has_else |= clause.test.is_none();
                let other = block(&clause.body, calls.clone());
                paths.left = either(paths.left, other.left);
                paths.through = either(paths.through, other.through);
            }
            if !has_else {
                paths.through = either(paths.through, Some(calls));
            }
            paths
        }
        Stmt::While(s) => {
            calls.extend(certain_in(&s.test));
            optional(&s.body, calls)
        }
        Stmt::For(s) => {
            calls.extend(certain_in(&s.iter));
            optional(&s.body, calls)
        }
        Stmt::With(s) => {
            calls.extend(
                s.items
                    .iter()
                    .flat_map(|item| certain_in(&item.context_expr)),
            );
            block(&s.body, calls)
        }
        Stmt::Try(s) => {
            // The body may fail at once, so only what was certain before is certain in a handler.
            let mut paths = block(&s.body, calls.clone());
            for handler in &s.handlers {
                let ExceptHandler::ExceptHandler(handler) = handler;
                let other = block(&handler.body, calls.clone());
                paths.left = either(paths.left, other.left);
                paths.through = either(paths.through, other.through);
            }
            paths
        }
        Stmt::Match(s) => {
            calls.extend(certain_in(&s.subject));
            s.cases.iter().fold(through(calls.clone()), |paths, case| {
                let other = block(&case.body, calls.clone());
                Paths {
                    left: either(paths.left, other.left),
                    through: either(paths.through, other.through),
                }
            })
        }
        Stmt::Expr(s) => {
            calls.extend(certain_in(&s.value));
            through(calls)
        }
        Stmt::Assign(s) => {
            calls.extend(certain_in(&s.value));
            through(calls)
        }
        Stmt::AnnAssign(s) => {
            calls.extend(s.value.iter().flat_map(|value| certain_in(value)));
            through(calls)
        }
        Stmt::AugAssign(s) => {
            calls.extend(certain_in(&s.value));
            through(calls)
        }
        _ => through(calls),
    }
}

/// A loop's body, which may not run at all.
fn optional<'a>(body: &'a [Stmt], calls: Names<'a>) -> Paths<'a> {
    let inside = block(body, calls.clone());
    Paths {
        left: inside.left,
        through: Some(calls),
    }
}

/// The functions that evaluating `expr` calls for certain.
fn certain_in(expr: &Expr) -> Names<'_> {
    let mut calls = Names::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Call(call) => {
                calls.extend(callee(&call.func));
                open.push(&call.func);
                open.extend(&*call.arguments.args);
                open.extend(call.arguments.keywords.iter().map(|keyword| &keyword.value));
            }
            Expr::BinOp(e) => open.extend([&*e.left, &*e.right]),
            Expr::UnaryOp(e) => open.push(&e.operand),
            Expr::Compare(e) => open.push(&e.left),
            Expr::BoolOp(e) => open.extend(e.values.first()),
            Expr::If(e) => {
                open.push(&e.test);
                let both = (certain_in(&e.body), certain_in(&e.orelse));
                calls.extend(both.0.intersection(&both.1));
            }
            Expr::Attribute(e) => open.push(&e.value),
            Expr::Subscript(e) => open.extend([&*e.value, &*e.slice]),
            Expr::List(e) => open.extend(&e.elts),
            Expr::Tuple(e) => open.extend(&e.elts),
            Expr::Set(e) => open.extend(&e.elts),
            Expr::Dict(e) => open.extend(e.items.iter().map(|item| &item.value)),
            Expr::Starred(e) => open.push(&e.value),
            Expr::Named(e) => open.push(&e.value),
            _ => {}
        }
    }
    calls
}

/// The name of the function that a call reaches: its own, or a method of `self`.
fn callee(func: &Expr) -> Option<&str> {
    match func {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(method) if matches!(tree::name(&method.value), Some("self" | "cls")) => {
            Some(method.attr.id.as_str())
        }
        _ => None,
    }
}

/// Whether a function calls itself with its own parameters, none of which it changes.
fn repeats_itself(def: &StmtFunctionDef) -> bool {
    let parameters: Vec<&str> = def
        .parameters
        .iter_non_variadic_params()
        .map(|parameter| parameter.parameter.name.id.as_str())
        .collect();
    let mut repeats = false;
    let mut changes = false;
    tree::each_expr(&def.body, &mut |expr| match expr {
        Expr::Call(call) => {
            let arguments: Vec<_> = call
                .arguments
                .args
                .iter()
                .map(|argument| tree::name(argument))
                .collect();
            let same = arguments.len() == parameters.len()
                && arguments
                    .iter()
                    .zip(&parameters)
                    .all(|(a, p)| *a == Some(*p));
            repeats |= same
                && call.arguments.keywords.is_empty()
                && tree::name(&call.func) == Some(def.name.id.as_str());
            // A method or another function may change what a parameter refers to.
            let by_method = matches!(&*call.func, Expr::Attribute(method)
                if tree::root_name(&method.value).is_some_and(|root| parameters.contains(&root)));
            changes |= by_method;
        }
        Expr::Name(name) => {
            changes |= !name.ctx.is_load() && parameters.contains(&name.id.as_str());
        }
        Expr::Subscript(subscript) => changes |= !subscript.ctx.is_load(),
        _ => {}
    });
    let mut shares = false;
    tree::each_stmt(&def.body, &mut |stmt| {
        shares |= matches!(stmt, Stmt::Global(_) | Stmt::Nonlocal(_));
    });
    let has_tail = !parameters.is_empty() && def.range().len().to_u32() > 0;
    has_tail && repeats && !changes && !shares
}
