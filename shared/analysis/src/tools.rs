//! Tools: what an agent uses against what it declares.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use tdev_domain::{Finding, Tool};

use crate::Analysis;
use crate::report::{Report, finding, sort};
use crate::rules;
use crate::scope::{Binding, ScopeId, Scopes};
use crate::walk::Walk;

/// Holds the tools an agent uses against those it declares.
///
/// A tool used but not declared is an error; one declared but not used a warning.
#[must_use]
pub fn check_tools(analysis: &Analysis, declared: &BTreeSet<Tool>) -> Vec<Finding> {
    let undeclared = analysis.tools_used.difference(declared).map(|tool| {
        let message = format!("`{tool}` is called, but `get_capabilities()` does not declare it");
        finding(&rules::UNDECLARED_TOOL, message)
    });
    let unused = declared.difference(&analysis.tools_used).map(|tool| {
        finding(
            &rules::UNUSED_TOOL,
            format!("`{tool}` is declared, but never called"),
        )
    });
    let mut findings: Vec<_> = undeclared.chain(unused).collect();
    sort(&mut findings);
    findings
}

/// Takes note of a tool wherever it is named, called or not: a name can be passed on.
pub(crate) fn expr(walk: &mut Walk<'_, '_>, expr: &Expr) {
    let Some(tool) = walk.tool(expr) else { return };
    if matches!(expr, Expr::Name(name) if name.ctx.is_load()) {
        walk.tools.insert(tool);
        if walk.at_import_time() {
            let message = format!("`{tool}` is called while the module loads");
            walk.add(&rules::IMPORT_TIME_TOOL, expr, message);
        }
    }
}

/// Reports definitions of the module that take a tool's name.
pub(crate) fn shadowed(scopes: &Scopes<'_>, report: &mut Report) {
    for tool in Tool::ALL {
        for binding in scopes.bindings(ScopeId::MODULE, tool.as_str()) {
            if let Binding::Function(def) = binding {
                let message = format!("this function takes the name of the tool `{tool}`");
                report.add(&rules::SHADOWED_TOOL, def.name.range, message);
            }
        }
    }
}
