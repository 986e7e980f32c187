//! Operators: genetic programming on the trees of a block.
//!
//! Every operator looks at the types and the variables that stand where it cuts ([`Survey`]), so
//! that nearly all of what it makes compiles: what takes the place of an expression has its type,
//! variables that are not known there are replaced by some that are, a loop's `break` stays in a
//! loop. What would be larger than the [`Scope`](crate::Scope) allows is not made at all.
//!
//! | name | parents | what it does |
//! |---|---|---|
//! | `subtree-crossover` | 2 | puts a subtree of the second parent into the first, of a size like what it replaces (Koza 1992, Langdon 2000) |
//! | `regrowth` | 1 | makes the bodies of all functions anew |
//! | `subtree-mutation` | 1 | puts a random subtree in the place of one |
//! | `point` | 1 | replaces an operator, function, variable or constant by another |
//! | `hoist` | 1 | puts a part of a subtree in its place |
//! | `shrink` | 1 | puts a variable or constant in the place of a subtree |
//! | `statement` | 1 | inserts, removes, swaps, moves, wraps or unwraps statements, or replaces a condition |
//! | `constant-perturbation` | 1 | changes a number a little |
//! | `constant-tuning` | 1 | searches for better numbers with an evolution strategy |

mod anatomy;
mod crossover;
mod grow;
mod perturbation;
mod point;
mod statement;
mod subtree;
#[cfg(test)]
mod tests;
mod tree;
mod tuning;
mod vocabulary;

pub use crossover::SubtreeCrossover;
pub use grow::{Regrowth, random_genome};
pub use perturbation::ConstantPerturbation;
pub use point::Point;
pub use statement::StatementMutation;
pub use subtree::{Hoist, Shrink, SubtreeMutation};
use tdev_program::{Function, MAX_DEPTH, Survey, Type};
pub use tuning::ConstantTuning;
pub use vocabulary::Vocabulary;

use crate::{Genome, Operator, Scope};

/// A name that no operator has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no operator `{name}`; there are {}", NAMES.join(", "))]
pub struct UnknownOperator {
    /// The name.
    pub name: String,
}

/// The names of all operators, in the order in which they are used by default.
pub const NAMES: [&str; 9] = [
    "subtree-crossover",
    "regrowth",
    "subtree-mutation",
    "point",
    "hoist",
    "shrink",
    "statement",
    "constant-perturbation",
    "constant-tuning",
];

/// The operators of those names, in that order; all of them if there are no names.
///
/// # Errors
///
/// [`UnknownOperator`] for the first name that is none of [`NAMES`].
pub fn operators(names: &[String]) -> Result<Vec<Box<dyn Operator>>, UnknownOperator> {
    if names.is_empty() {
        return NAMES.into_iter().map(operator).collect();
    }
    names.iter().map(|name| operator(name)).collect()
}

fn operator(name: &str) -> Result<Box<dyn Operator>, UnknownOperator> {
    Ok(match name {
        "subtree-crossover" => Box::new(SubtreeCrossover),
        "regrowth" => Box::new(Regrowth),
        "subtree-mutation" => Box::new(SubtreeMutation),
        "point" => Box::new(Point),
        "hoist" => Box::new(Hoist),
        "shrink" => Box::new(Shrink),
        "statement" => Box::new(StatementMutation),
        "constant-perturbation" => Box::new(ConstantPerturbation),
        "constant-tuning" => Box::new(ConstantTuning),
        other => {
            let name = other.to_owned();
            return Err(UnknownOperator { name });
        }
    })
}

/// How often an operator looks for a place before it finds nothing to do.
const ATTEMPTS: usize = 12;

/// What is known of a function's nodes.
fn survey(function: &Function, scope: &Scope) -> Survey {
    let known = scope.params.iter().find(|(name, _)| *name == function.name);
    match known {
        Some((_, types)) => Survey::with_types(function, types, &scope.context),
        None => Survey::of(function, &scope.context),
    }
}

/// What a function is to return: by its annotation, or as it did when the scope was made.
fn returns(function: &Function, scope: &Scope) -> Type {
    if function.returns != Type::Any {
        return function.returns;
    }
    let mut known = scope.context.functions.iter();
    known
        .find(|(name, ..)| *name == function.name)
        .map_or(Type::Any, |(.., ty)| *ty)
}

/// `parent` with `function` in the place of that number, if that is another genome and within the
/// limits of the scope.
fn offspring(parent: &Genome, at: usize, function: Function, scope: &Scope) -> Option<Genome> {
    if parent.functions.get(at) == Some(&function) {
        return None;
    }
    let others = parent.functions.iter().enumerate();
    let others: usize = others
        .filter(|(index, _)| *index != at)
        .map(|(_, other)| other.size())
        .sum();
    let depth = scope.max_depth.min(MAX_DEPTH);
    if others + function.size() > scope.max_nodes || function.depth() > depth {
        return None;
    }
    let mut functions = Vec::with_capacity(parent.functions.len());
    functions.extend_from_slice(parent.functions.get(..at)?);
    functions.push(function);
    functions.extend_from_slice(parent.functions.get(at + 1..)?);
    let child = Genome { functions };
    fits(&child, scope.max_bytes).then_some(child)
}

/// Whether the text of `genome` has no more than `most` bytes.
pub(crate) fn fits(genome: &Genome, most: usize) -> bool {
    // Printing takes longer than all else that makes a child.
    let bound: usize = genome.functions.iter().map(tree::bytes_at_most).sum();
    bound <= most || genome.text().len() <= most
}
