//! How large and how intricate an agent is.

use ruff_python_ast::helpers::is_docstring_stmt;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, MatchCase, ModModule, Stmt, StmtFunctionDef};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::{rules, tree};

/// The cyclomatic complexity past which a function is hard to test; McCabe's own bound is 10.
const MAX_CYCLOMATIC: u32 = 15;

/// The statements past which a function is hard to read.
const MAX_STATEMENTS: u32 = 60;

/// How large and how intricate an agent is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complexity {
    /// How many functions there are, methods and nested ones included.
    pub functions: u32,
    /// How many statements there are, docstrings left out.
    pub statements: u32,
    /// The highest cyclomatic complexity of a function: one more than its decisions.
    pub cyclomatic: u32,
    /// How deep its most nested statement stands in blocks.
    pub nesting: u32,
}

/// What is documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documentation {
    /// Whether the module has a docstring.
    pub module: bool,
    /// How many functions have one, of those other than `get_capabilities` and `execute`.
    pub functions: u32,
    /// How many such functions there are.
    pub of: u32,
}

/// Measures the module, and complains of functions that are too much.
pub(crate) fn measure(module: &ModModule, report: &mut Report) -> Complexity {
    let mut all = Measure::default();
    all.visit_body(&module.body);
    let functions = tree::functions(&module.body);
    let mut complexity = Complexity {
        functions: number(functions.len()),
        statements: all.statements,
        cyclomatic: 0,
        nesting: all.deepest,
    };
    for def in functions {
        let mut own = Measure::default();
        own.visit_body(&def.body);
        let cyclomatic = own.decisions + 1;
        complexity.cyclomatic = complexity.cyclomatic.max(cyclomatic);
        let name = &def.name.id;
        if cyclomatic > MAX_CYCLOMATIC {
            let message = format!(
                "`{name}` has a cyclomatic complexity of {cyclomatic}; up to {MAX_CYCLOMATIC} is readable"
            );
            report.add(&rules::COMPLEX, def.name.range, message);
        }
        if own.statements > MAX_STATEMENTS {
            let message = format!(
                "`{name}` has {} statements; up to {MAX_STATEMENTS} is readable",
                own.statements
            );
            report.add(&rules::LONG_FUNCTION, def.name.range, message);
        }
    }
    complexity
}

/// Looks for docstrings.
pub(crate) fn documentation(module: &ModModule, report: &mut Report) -> Documentation {
    let has_docstring = |body: &[Stmt]| body.first().is_some_and(is_docstring_stmt);
    let others: Vec<&StmtFunctionDef> = tree::functions(&module.body)
        .into_iter()
        .filter(|def| !matches!(def.name.id.as_str(), "get_capabilities" | "execute"))
        .collect();
    let documentation = Documentation {
        module: has_docstring(&module.body),
        functions: number(others.iter().filter(|def| has_docstring(&def.body)).count()),
        of: number(others.len()),
    };
    if !documentation.module {
        report.add_whole(&rules::NO_DOCSTRING, "the module has no docstring");
    }
    documentation
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[derive(Default)]
struct Measure {
    statements: u32,
    decisions: u32,
    depth: u32,
    deepest: u32,
}

impl<'a> Visitor<'a> for Measure {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        let body = match body.split_first() {
            Some((first, rest)) if is_docstring_stmt(first) => rest,
            _ => body,
        };
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth - 1);
        for stmt in body {
            self.visit_stmt(stmt);
        }
        self.depth -= 1;
    }

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.statements += 1;
        self.decisions += match stmt {
            Stmt::For(_) | Stmt::While(_) | Stmt::Assert(_) => 1,
            Stmt::If(s) => {
                1 + number(
                    s.elif_else_clauses
                        .iter()
                        .filter(|c| c.test.is_some())
                        .count(),
                )
            }
            Stmt::Try(s) => number(s.handlers.len()),
            _ => 0,
        };
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        self.decisions += match expr {
            Expr::If(_) => 1,
            Expr::BoolOp(b) => number(b.values.len() - 1),
            Expr::ListComp(c) => number(c.generators.len()),
            Expr::SetComp(c) => number(c.generators.len()),
            Expr::Generator(c) => number(c.generators.len()),
            Expr::DictComp(c) => number(c.generators.len()),
            _ => 0,
        };
        visitor::walk_expr(self, expr);
    }

    fn visit_match_case(&mut self, case: &'a MatchCase) {
        self.decisions += 1;
        visitor::walk_match_case(self, case);
    }
}
