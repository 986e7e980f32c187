//! What stands in the strings of a block.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tdev_program::{Expr, Node};

use super::Text;
use crate::Genome;
use crate::problem::Case;

/// From how many characters on a string is taken to have been copied.
const LONG: usize = 5;

/// What a string of an agent that computes something has no need of: Python's inner names, code
/// that is made of text, and words to whoever reads it.
const SUSPICIOUS: [&str; 12] = [
    "__",
    "import ",
    "eval(",
    "exec(",
    "open(",
    "lambda",
    "os.system",
    "subprocess",
    "globals",
    "evolve-block",
    "ignore previous",
    "ignore all",
];

/// Looks at the literals of `candidate` that `parent` has not.
pub(super) fn inspect(parent: &Genome, candidate: &Genome, cases: &[&[Case]]) -> Text {
    let known = literals(parent);
    let fresh: Vec<String> = literals(candidate).difference(&known).cloned().collect();
    let is_suspicious = |text: &&String| {
        let text = text.to_lowercase();
        SUSPICIOUS.iter().any(|word| text.contains(word))
    };
    let suspicious = fresh.iter().filter(is_suspicious).count();
    let copied = fresh.iter().filter(|text| is_copied(text, cases)).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Text {
        copied: count(copied),
        suspicious: count(suspicious),
    }
}

/// Whether a text, unless it is short, stands in an input or an expected output.
pub(super) fn is_copied(text: &str, cases: &[&[Case]]) -> bool {
    let mut data = cases.iter().copied().flatten();
    text.chars().count() >= LONG
        && data.any(|case| contains(&case.input, text) || contains(&case.output, text))
}

fn literals(genome: &Genome) -> BTreeSet<String> {
    fn walk(node: Node<'_>, found: &mut BTreeSet<String>) {
        if let Node::Expr(Expr::Str(text)) = node {
            found.insert(text.clone());
        }
        node.for_each_child(&mut |child| walk(child, found));
    }
    let mut found = BTreeSet::new();
    for function in &genome.functions {
        function
            .body
            .iter()
            .for_each(|stmt| walk(Node::Stmt(stmt), &mut found));
    }
    found
}

/// Whether a string within `json` contains `text`, or is part of it.
fn contains(json: &Json, text: &str) -> bool {
    match json {
        Json::String(known) => {
            known.contains(text) || known.chars().count() >= LONG && text.contains(known.as_str())
        }
        Json::Array(items) => items.iter().any(|item| contains(item, text)),
        Json::Object(fields) => fields.values().any(|field| contains(field, text)),
        _ => false,
    }
}
