//! Static analysis and security rules for the Python source of an agent.
//!
//! [`analyse`] parses a source and tries every rule of [`RULES`] on it: what the sandbox needs of
//! an agent (`STR`), its tools (`TOOL`), attempts to break out, to hide, to exhaust or to deceive
//! (`SEC`), and quality (`QUA`). Nothing is executed. Constant expressions are folded first, so
//! that a name put together from pieces or an encoded payload is judged by what it becomes.
//!
//! The rules are the second line of defence: the sandbox holds against agents that break them.
//! They are tuned to be silent about agents that do their work.

mod chain;
mod complexity;
mod fold;
mod markers;
mod parse;
mod quality;
mod report;
mod rules;
mod scope;
mod security;
mod structure;
mod tools;
mod tree;
mod walk;

use std::collections::BTreeSet;

use ruff_python_ast::visitor::Visitor;
use tdev_domain::{Finding, Source, Tool};

pub use chain::over_long_chain;
pub use complexity::{Complexity, Documentation};
pub use markers::{MarkerError, Markers, evolve_markers};
pub use rules::{RULES, Rule};
pub use structure::EvolveBlock;
pub use tools::check_tools;

use report::Report;
use scope::Scopes;
use walk::Walk;

/// What there is to know about an agent from its source alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// What was found, gravest first, then by place.
    pub findings: Vec<Finding>,
    /// The tools the source names.
    pub tools_used: BTreeSet<Tool>,
    /// How large and how intricate it is.
    pub complexity: Complexity,
    /// What is documented.
    pub documentation: Documentation,
    /// What an evolution may change, if the source marks it.
    pub evolve_block: Option<EvolveBlock>,
}

/// Analyses an agent's source.
///
/// A source that does not parse has only the findings that say so. Takes any [`Source`] without
/// panicking, on a stack of 2 MiB and with a bounded amount of work.
#[must_use]
pub fn analyse(source: &Source) -> Analysis {
    let text = source.as_str();
    let mut report = Report::new(text);
    security::source(text, &mut report);
    let Some(parsed) = parse::parse(text, &mut report) else {
        return Analysis {
            findings: report.finish(),
            ..Analysis::default()
        };
    };
    let module = parsed.syntax();
    structure::entry_points(module, &mut report);
    let evolve_block = structure::evolve_block(text, parsed.tokens(), &mut report);
    let complexity = complexity::measure(module, &mut report);
    let documentation = complexity::documentation(module, &mut report);
    security::tokens(text, parsed.tokens(), &mut report);

    let scopes = Scopes::of(module);
    tools::shadowed(&scopes, &mut report);
    let mut walk = Walk::new(module, &scopes, &mut report);
    security::module(&mut walk);
    walk.visit_body(&module.body);
    if walk.folder.is_exhausted() {
        let message = "its constant expressions take too long to work out";
        walk.report.add_whole(&rules::HUGE_WORK, message);
    }
    let tools_used = walk.tools;

    Analysis {
        findings: report.finish(),
        tools_used,
        complexity,
        documentation,
        evolve_block,
    }
}
