//! From source to syntax tree, within bounds that make walking the tree safe.

use ruff_python_ast::ModModule;
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::Ranged;

use crate::chain::over_long_chain;
use crate::report::Report;
use crate::rules;

/// How deep brackets, blocks and prefix operators may nest. The parser and every walk over the
/// tree recurse, and must do so on a stack of 2 MiB; people nest a tenth of this.
const MAX_NESTING: u16 = 100;

/// How many operators, calls, subscripts and attributes may follow one another in an expression.
/// The parser reads such a chain in a loop, but leaves a tree as deep as the chain is long.
const MAX_CHAIN: usize = 150;

/// Parses `source`; on failure the report says why.
pub(crate) fn parse(source: &str, report: &mut Report) -> Option<Parsed<ModModule>> {
    if over_long_chain(source, Mode::Module, MAX_CHAIN).is_some() {
        report.add_whole(
            &rules::TOO_NESTED,
            format!("an expression chains more than {MAX_CHAIN} operators"),
        );
        return None;
    }
    let options = ParseOptions::from(Mode::Module).with_max_recursion_depth(MAX_NESTING);
    let parsed = parse_unchecked(source, options).try_into_module()?;
    if parsed.errors().is_empty() {
        return Some(parsed);
    }
    for error in parsed.errors() {
        if matches!(error.error, ParseErrorType::RecursionLimitExceeded) {
            let message = format!("nests deeper than {MAX_NESTING} levels");
            report.add_with_excerpt(&rules::TOO_NESTED, error.range(), message);
        } else {
            report.add_with_excerpt(&rules::SYNTAX, error.range(), error.error.to_string());
        }
    }
    None
}
