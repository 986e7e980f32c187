//! `get_capabilities` must always say the same.

use std::collections::{BTreeSet, HashMap};

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;
use tdev_domain::Tool;

use crate::quality::mutated_name;
use crate::rules;
use crate::scope::{Binding, ScopeId};
use crate::tree;
use crate::walk::Walk;

/// Functions whose answer changes from call to call, tools left out.
const CHANGING: &[&str] = &[
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "random.random",
    "random.randint",
    "random.choice",
    "uuid.uuid4",
    "id",
    "hash",
];

/// Reports a manifest that depends on tools, the clock or state.
pub(super) fn shifting(walk: &mut Walk<'_, '_>) {
    let functions: HashMap<&str, &StmtFunctionDef> = tree::functions(&walk.module.body)
        .into_iter()
        .map(|def| (def.name.id.as_str(), def))
        .collect();
    let state = changed_names(walk);
    let mut seen = BTreeSet::new();
    let mut open = vec!["get_capabilities"];
    while let Some(name) = open.pop() {
        let Some(def) = functions.get(name).filter(|_| seen.insert(name)) else {
            continue;
        };
        let scope = walk.scopes.opened_by(def.range).unwrap_or(ScopeId::MODULE);
        let mut complaint = None;
        tree::each_expr(&def.body, &mut |expr| {
            match expr {
                Expr::Call(call) => {
                    open.extend(tree::name(&call.func));
                    let path = walk.scopes.path(&call.func, scope);
                    if let Some(path) = path.filter(|path| changes(path)) {
                        complaint = Some((expr.range(), format!("it calls `{path}`")));
                    }
                }
                Expr::Name(name) if state.contains(name.id.as_str()) => {
                    // A parameter is in the list only for a default that keeps state.
                    let local = walk
                        .scopes
                        .bindings(scope, name.id.as_str())
                        .iter()
                        .any(|binding| !matches!(binding, Binding::Parameter));
                    if !local {
                        let message = format!("it reads `{}`, which functions change", name.id);
                        complaint = Some((expr.range(), message));
                    }
                }
                _ => {}
            }
        });
        if let Some((range, message)) = complaint {
            walk.add(&rules::SHIFTING_MANIFEST, range, message);
        }
    }
}

/// Whether a call of `path` may answer otherwise the next time.
fn changes(path: &str) -> bool {
    CHANGING.contains(&path) || path.parse::<Tool>().is_ok()
}

/// The names of the module that some function assigns or changes in place.
fn changed_names<'a>(walk: &Walk<'a, '_>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for def in tree::functions(&walk.module.body) {
        let scope = walk.scopes.opened_by(def.range).unwrap_or(ScopeId::MODULE);
        tree::each_stmt(&def.body, &mut |stmt| {
            if let Stmt::Global(global) = stmt {
                names.extend(global.names.iter().map(|name| name.id.as_str()));
            }
            if let Some(name) = mutated_name(stmt)
                && walk.scopes.bindings(scope, name).is_empty()
                && walk
                    .scopes
                    .bindings(ScopeId::MODULE, name)
                    .iter()
                    .any(|binding| matches!(binding, Binding::Value(_)))
            {
                names.insert(name);
            }
        });
        // A mutable default is state of the function itself.
        for parameter in def.parameters.iter_non_variadic_params() {
            let name = parameter.parameter.name.id.as_str();
            let mutable = parameter.default.as_deref().is_some_and(|default| {
                matches!(default, Expr::List(_) | Expr::Dict(_) | Expr::Set(_))
            });
            let mut changed = false;
            tree::each_stmt(&def.body, &mut |stmt| {
                changed |= mutated_name(stmt) == Some(name);
            });
            if mutable && changed && def.name.id == "get_capabilities" {
                names.insert(name);
            }
        }
    }
    names
}
