//! What the sandbox needs of an agent: two plain functions, and markers that pair up.

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{Expr, ModModule, Parameters, Stmt, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};
use serde::{Deserialize, Serialize};

use crate::markers::{Markers, evolve_markers};
use crate::report::Report;
use crate::rules::{self, Rule};
use crate::tree;

/// The lines an evolution may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvolveBlock {
    /// The line of `# EVOLVE-BLOCK-START`, from 1.
    pub start_line: u32,
    /// The line of `# EVOLVE-BLOCK-END`.
    pub end_line: u32,
}

/// Checks that `execute` and `get_capabilities` are there and can be called.
pub(crate) fn entry_points(module: &ModModule, report: &mut Report) {
    if let Some(def) = plain(module, "execute", &rules::NO_EXECUTE, report)
        && !takes_exactly_one(&def.parameters)
    {
        let message = "`execute` must take exactly one required positional parameter";
        report.add(&rules::EXECUTE_ARITY, def.parameters.range, message);
    }
    if let Some(def) = plain(
        module,
        "get_capabilities",
        &rules::NO_GET_CAPABILITIES,
        report,
    ) && required(&def.parameters) > 0
    {
        let message = "`get_capabilities` is called without arguments";
        report.add(
            &rules::GET_CAPABILITIES_ARITY,
            def.parameters.range,
            message,
        );
    }
}

/// The one plain function of that name at the top level, or a finding.
fn plain<'a>(
    module: &'a ModModule,
    name: &str,
    missing: &Rule,
    report: &mut Report,
) -> Option<&'a StmtFunctionDef> {
    let mut bindings = Vec::new();
    tree::each_stmt(&module.body, &mut |stmt| {
        if binds(stmt, name) {
            bindings.push(stmt);
        }
    });
    let top: Vec<_> = module
        .body
        .iter()
        .filter(|stmt| binds(stmt, name))
        .collect();
    let complaint = match top.as_slice() {
        [] => {
            let hidden = bindings
                .iter()
                .find(|stmt| matches!(stmt, Stmt::FunctionDef(_)));
            let Some(stmt) = hidden else {
                report.add_whole(missing, format!("the agent defines no function `{name}`"));
                return None;
            };
            (stmt.range(), "is not at the top level of the module")
        }
        [Stmt::FunctionDef(def)] if def.is_async => (def.name.range, "is async"),
        [Stmt::FunctionDef(def)] if tree::is_generator(def) => (def.name.range, "is a generator"),
        [Stmt::FunctionDef(def)] if !def.decorator_list.is_empty() => {
            (def.name.range, "is decorated")
        }
        [Stmt::FunctionDef(def)] => match rebound_elsewhere(module, name) {
            Some(range) => (range, "is rebound by `global`"),
            None => return Some(def),
        },
        [Stmt::ClassDef(class)] => (class.name.range, "is a class"),
        [other] => (other.range(), "is not defined with `def`"),
        [_, second, ..] => (second.range(), "is bound more than once"),
    };
    let (range, complaint) = complaint;
    report.add(&rules::NOT_PLAIN, range, format!("`{name}` {complaint}"));
    None
}

/// Whether the statement itself binds `name` in the module.
fn binds(stmt: &Stmt, name: &str) -> bool {
    let is_name = |target: &Expr| {
        let mut found = false;
        tree::each_part(target, &mut |part| {
            found |= matches!(part, Expr::Name(n) if n.id == name && !n.ctx.is_load());
        });
        found
    };
    match stmt {
        Stmt::FunctionDef(def) => def.name.id == name,
        Stmt::ClassDef(class) => class.name.id == name,
        Stmt::Assign(assign) => assign.targets.iter().any(is_name),
        Stmt::AnnAssign(assign) => is_name(&assign.target),
        Stmt::AugAssign(assign) => is_name(&assign.target),
        Stmt::Delete(delete) => delete.targets.iter().any(is_name),
        Stmt::For(for_) => is_name(&for_.target),
        Stmt::Import(import) => import
            .names
            .iter()
            .any(|alias| alias.asname.as_ref().unwrap_or(&alias.name).id == name),
        Stmt::ImportFrom(import) => import
            .names
            .iter()
            .any(|alias| alias.asname.as_ref().unwrap_or(&alias.name).id == name),
        _ => false,
    }
}

/// Where a function declares `global name`, which lets it replace the entry point.
fn rebound_elsewhere(module: &ModModule, name: &str) -> Option<TextRange> {
    let mut place = None;
    tree::each_stmt(&module.body, &mut |stmt| {
        if let Stmt::Global(global) = stmt
            && global.names.iter().any(|n| n.id == name)
        {
            place.get_or_insert(stmt.range());
        }
    });
    place
}

fn required(parameters: &Parameters) -> usize {
    parameters
        .iter_non_variadic_params()
        .filter(|parameter| parameter.default.is_none())
        .count()
}

fn takes_exactly_one(parameters: &Parameters) -> bool {
    let positional = parameters.posonlyargs.len() + parameters.args.len();
    positional == 1
        && required(parameters) == 1
        && parameters.kwonlyargs.is_empty()
        && parameters.vararg.is_none()
        && parameters.kwarg.is_none()
        && parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .all(|p| p.default.is_none())
}

/// Finds the evolve block, and complains of markers that do not pair up.
pub(crate) fn evolve_block(
    source: &str,
    tokens: &Tokens,
    report: &mut Report,
) -> Option<EvolveBlock> {
    match evolve_markers(source, tokens) {
        Ok(markers) => markers.map(|Markers { start, end }| EvolveBlock {
            start_line: report.line(start.start()),
            end_line: report.line(end.start()),
        }),
        Err(error) => {
            report.add(&rules::EVOLVE_MARKERS, error.range(), error.to_string());
            None
        }
    }
}
