//! What makes new genomes of others.

use tdev_program::{Context, Name, Type};

use crate::variation::Vocabulary;
use crate::{Genome, Loss, Rng, Scaffold, Settings};

/// What an operator may use, and how large its product may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The constants and functions of the agent outside the block, and the functions of the block.
    pub context: Context,
    /// The types of the parameters of functions, where more is known than the annotations of the
    /// block's functions tell: `(function, types)`. Random code calls only functions that are here.
    pub params: Vec<(Name, Vec<Type>)>,
    /// What random expressions and statements are made of.
    pub vocabulary: Vocabulary,
    /// The most nodes a genome may have.
    pub max_nodes: usize,
    /// The most levels a function may nest.
    pub max_depth: usize,
    /// The most bytes the block may have.
    pub max_bytes: usize,
}

impl Scope {
    /// The scope of the block of an agent, with the limits of `settings`. `entry` is the types of
    /// the parameters of the block's last function, as its caller knows them, and may be empty:
    /// annotations are used then, as they are for all other functions.
    pub fn for_agent(
        scaffold: &Scaffold,
        genome: &Genome,
        entry: &[Type],
        settings: &Settings,
    ) -> Self {
        let module = scaffold.module(genome);
        let last = genome.functions.last().map(|function| &function.name);
        let params = module.functions().map(|function| {
            let annotated = function.params.iter().map(|param| param.ty);
            let types = if Some(&function.name) == last && !entry.is_empty() {
                entry.to_vec()
            } else {
                annotated.collect()
            };
            (function.name.clone(), types)
        });
        Self {
            params: params.collect(),
            context: Context::of(&module),
            vocabulary: Vocabulary::for_agent(scaffold, genome, entry),
            max_nodes: settings.max_nodes as usize,
            max_depth: settings.max_depth as usize,
            max_bytes: scaffold.room(),
        }
    }
}

/// Tells how good a genome is, at the price of an evaluation, for operators that search by
/// themselves. Yields nothing when the child's share of evaluations is used up.
pub type Trial<'a> = dyn FnMut(&Genome) -> Option<Loss> + 'a;

/// A way to make a genome of one or two others.
///
/// The seam at which other sources of variation plug in, such as a model that writes a difference:
/// what is asked of them is a genome, which is checked like any text of unknown origin.
pub trait Operator: Send + Sync {
    /// Its name, stable: it stands in checkpoints and reports.
    fn name(&self) -> &'static str;

    /// How many parents it takes, 1 or 2.
    fn arity(&self) -> usize;

    /// A genome made of `parents`; none if it found nothing to do. What it yields depends on its
    /// arguments and what it draws, and on nothing else.
    fn vary(
        &self,
        parents: &[&Genome],
        scope: &Scope,
        rng: &mut Rng,
        trial: &mut Trial<'_>,
    ) -> Option<Genome>;
}
