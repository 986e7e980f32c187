//! Questions about parts of a syntax tree.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtTry};

/// Methods that change the list, dict or set they are called on.
pub(crate) const MUTATORS: &[&str] = &[
    "append",
    "extend",
    "insert",
    "remove",
    "pop",
    "popitem",
    "clear",
    "sort",
    "reverse",
    "update",
    "setdefault",
    "add",
    "discard",
    "appendleft",
    "popleft",
    "extendleft",
    "rotate",
];

/// The blocks inside a compound statement; none of functions and classes, which run elsewhere.
pub(crate) fn blocks(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::For(s) => vec![&s.body, &s.orelse],
        Stmt::While(s) => vec![&s.body, &s.orelse],
        Stmt::With(s) => vec![&s.body],
        Stmt::If(s) => std::iter::once(s.body.as_slice())
            .chain(
                s.elif_else_clauses
                    .iter()
                    .map(|clause| clause.body.as_slice()),
            )
            .collect(),
        Stmt::Match(s) => s.cases.iter().map(|case| case.body.as_slice()).collect(),
        Stmt::Try(s) => blocks_of_try(s),
        _ => Vec::new(),
    }
}

/// The blocks of a `try`: its body, its handlers, `else` and `finally`.
pub(crate) fn blocks_of_try(try_: &StmtTry) -> Vec<&[Stmt]> {
    let handlers = try_.handlers.iter().map(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        handler.body.as_slice()
    });
    std::iter::once(try_.body.as_slice())
        .chain(handlers)
        .chain([try_.orelse.as_slice(), try_.finalbody.as_slice()])
        .collect()
}

/// Whether a statement ends its block: nothing after it in the block is reached.
pub(crate) fn is_terminator(stmt: &Stmt) -> bool {
    matches!(
        stmt,
        Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_)
    )
}

/// A walk that shows every statement and expression and descends where it is told to.
struct Search<'f, 'a> {
    on_stmt: &'f mut dyn FnMut(&'a Stmt),
    on_expr: &'f mut dyn FnMut(&'a Expr),
    /// Whether functions, lambdas and classes are entered.
    into_functions: bool,
}

impl<'a> Visitor<'a> for Search<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        (self.on_stmt)(stmt);
        if self.into_functions || !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            visitor::walk_stmt(self, stmt);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        (self.on_expr)(expr);
        if self.into_functions || !matches!(expr, Expr::Lambda(_)) {
            visitor::walk_expr(self, expr);
        }
    }
}

/// Shows every expression under `body`, nested functions included.
pub(crate) fn each_expr<'a>(body: &'a [Stmt], on_expr: &mut dyn FnMut(&'a Expr)) {
    let mut search = Search {
        on_stmt: &mut |_| {},
        on_expr,
        into_functions: true,
    };
    search.visit_body(body);
}

/// Shows every expression in `expr`, itself included.
pub(crate) fn each_part<'a>(expr: &'a Expr, on_expr: &mut dyn FnMut(&'a Expr)) {
    let mut search = Search {
        on_stmt: &mut |_| {},
        on_expr,
        into_functions: true,
    };
    search.visit_expr(expr);
}

/// Shows every statement under `body`, nested functions included.
pub(crate) fn each_stmt<'a>(body: &'a [Stmt], on_stmt: &mut dyn FnMut(&'a Stmt)) {
    let mut search = Search {
        on_stmt,
        on_expr: &mut |_| {},
        into_functions: true,
    };
    search.visit_body(body);
}

/// Whether `body` itself, nested functions left out, has an expression that `wanted` picks.
pub(crate) fn any_own_expr(body: &[Stmt], mut wanted: impl FnMut(&Expr) -> bool) -> bool {
    let mut found = false;
    let mut search = Search {
        on_stmt: &mut |_| {},
        on_expr: &mut |expr| found = found || wanted(expr),
        into_functions: false,
    };
    search.visit_body(body);
    found
}

/// Whether the function is a generator.
pub(crate) fn is_generator(def: &StmtFunctionDef) -> bool {
    any_own_expr(&def.body, |expr| {
        matches!(expr, Expr::Yield(_) | Expr::YieldFrom(_))
    })
}

/// Every function of the module, methods and nested ones included.
pub(crate) fn functions(body: &[Stmt]) -> Vec<&StmtFunctionDef> {
    let mut found = Vec::new();
    each_stmt(body, &mut |stmt| {
        if let Stmt::FunctionDef(def) = stmt {
            found.push(def);
        }
    });
    found
}

/// The name at the root of a chain of attributes, subscripts and calls.
pub(crate) fn root_name(expr: &Expr) -> Option<&str> {
    let mut current = expr;
    loop {
        current = match current {
            Expr::Name(name) => return Some(name.id.as_str()),
            Expr::Attribute(attribute) => &attribute.value,
            Expr::Subscript(subscript) => &subscript.value,
            Expr::Call(call) => &call.func,
            _ => return None,
        };
    }
}

/// The name, of an expression that is just one.
pub(crate) fn name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        _ => None,
    }
}

/// Whether `name` has the form of Python's special names, `__x__`.
pub(crate) fn is_dunder(name: &str) -> bool {
    name.len() > 4
        && name.starts_with("__")
        && name.ends_with("__")
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
