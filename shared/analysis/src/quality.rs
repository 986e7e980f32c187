//! Rules about quality: they lower a score, and quarantine nothing.

use std::collections::BTreeSet;

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtTry};

use crate::rules;
use crate::scope::{Binding, Resolved, ScopeId};
use crate::tree;
use crate::walk::Walk;

pub(crate) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    for block in tree::blocks(stmt) {
        unreachable(walk, block);
    }
    match stmt {
        Stmt::FunctionDef(def) => function(walk, def),
        Stmt::Try(try_) => catch_all(walk, try_),
        Stmt::Expr(expr) if walk.at_import_time() && matches!(*expr.value, Expr::Call(_)) => {
            walk.add(
                &rules::IMPORT_TIME_WORK,
                stmt,
                "a call while the module loads",
            );
        }
        Stmt::Global(global) => {
            for name in &global.names {
                let message = format!("`{}` of the module is changed by a function", name.id);
                walk.add(&rules::GLOBAL_STATE, name.range, message);
            }
        }
        _ => {}
    }
    if let Some(name) = mutated_name(stmt)
        && !walk.functions.is_empty()
        && is_module_state(walk, name, stmt)
    {
        let message = format!("`{name}` of the module is changed by a function");
        walk.add(&rules::GLOBAL_STATE, stmt, message);
    }
}

pub(crate) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    if let Expr::Call(call) = expr
        && let Some(name @ ("id" | "hash")) = walk.unbound(&call.func)
    {
        walk.add(
            &rules::UNSTABLE_VALUE,
            expr,
            format!("`{name}` gives another value each run"),
        );
    }
    if let Expr::Name(name) = expr
        && name.ctx.is_load()
        && walk.tool(expr).is_none()
        && walk.unbound(expr).is_some()
        && !walk.scopes.binds_anywhere(name.id.as_str())
        && BUILTINS.binary_search(&name.id.as_str()).is_err()
        && !tree::is_dunder(name.id.as_str())
    {
        walk.add(
            &rules::UNDEFINED_NAME,
            expr,
            format!("`{}` is defined nowhere", name.id),
        );
    }
}

/// The name whose value a statement changes in place, if it does that.
pub(crate) fn mutated_name(stmt: &Stmt) -> Option<&str> {
    match stmt {
        Stmt::Expr(expr) => match &*expr.value {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if tree::MUTATORS.contains(&method.attr.id.as_str()) => {
                    tree::root_name(&method.value)
                }
                _ => None,
            },
            _ => None,
        },
        Stmt::Assign(assign) => assign.targets.iter().find_map(element_root),
        Stmt::AugAssign(assign) => element_root(&assign.target),
        Stmt::Delete(delete) => delete.targets.iter().find_map(element_root),
        _ => None,
    }
}

/// The name an element of which is the target.
fn element_root(target: &Expr) -> Option<&str> {
    match target {
        Expr::Subscript(subscript) => tree::root_name(&subscript.value),
        _ => None,
    }
}

/// Whether `name`, used at `place`, is a list, dict or the like bound by the module.
fn is_module_state(walk: &Walk<'_, '_>, name: &str, place: &Stmt) -> bool {
    use ruff_text_size::Ranged;
    match walk.scopes.resolve(walk.scope, name, place.start()) {
        Resolved::Bound(ScopeId::MODULE, bindings)
        | Resolved::Perhaps(ScopeId::MODULE, bindings) => bindings
            .iter()
            .any(|binding| matches!(binding, Binding::Value(_))),
        _ => false,
    }
}

fn function(walk: &mut Walk<'_, '_>, def: &StmtFunctionDef) {
    unreachable(walk, &def.body);
    for parameter in def.parameters.iter_non_variadic_params() {
        if let Some(default) = &parameter.default
            && matches!(**default, Expr::List(_) | Expr::Dict(_) | Expr::Set(_))
        {
            let message = format!("`{}` is shared by every call", parameter.parameter.name.id);
            walk.add(&rules::MUTABLE_DEFAULT, &**default, message);
        }
    }
    let mut used = BTreeSet::new();
    tree::each_expr(&def.body, &mut |expr| {
        if let Expr::Name(name) = expr {
            used.insert(name.id.as_str());
        }
    });
    for parameter in def.parameters.iter_non_variadic_params() {
        let name = &parameter.parameter.name;
        let expected_unused =
            name.id.starts_with('_') || matches!(name.id.as_str(), "self" | "cls");
        if !expected_unused && !used.contains(name.id.as_str()) {
            let message = format!("`{}` does not use `{}`", def.name.id, name.id);
            walk.add(&rules::UNUSED_PARAMETER, name.range, message);
        }
    }
}

fn unreachable(walk: &mut Walk<'_, '_>, block: &[Stmt]) {
    let after = block
        .iter()
        .skip_while(|stmt| !tree::is_terminator(stmt))
        .nth(1);
    if let Some(stmt) = after {
        walk.add(&rules::UNREACHABLE, stmt, "nothing leads here");
    }
}

fn catch_all(walk: &mut Walk<'_, '_>, try_: &StmtTry) {
    for handler in &try_.handlers {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let broad = handler
            .type_
            .as_deref()
            .is_none_or(|type_| matches!(tree::name(type_), Some("Exception" | "BaseException")));
        let silent = handler
            .body
            .iter()
            .all(|stmt| matches!(stmt, Stmt::Pass(_) | Stmt::Continue(_)));
        if broad && silent {
            walk.add(
                &rules::CATCH_ALL,
                handler.range,
                "every error is swallowed here",
            );
        }
    }
}

/// Python's built-in names, sorted; special names left out.
const BUILTINS: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Ellipsis",
    "EncodingWarning",
    "EnvironmentError",
    "Exception",
    "ExceptionGroup",
    "False",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "None",
    "NotADirectoryError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "True",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names_are_sorted_for_the_search() {
        assert!(BUILTINS.is_sorted());
    }
}
