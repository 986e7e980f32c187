//! What a search has come to, and all that it goes on from.

use std::sync::Arc;

use super::bandit::Record;
use super::individual::Individual;
use super::lineage::Digest;
use super::statistics::Statistics;

/// How many generations' statistics a population remembers.
pub const REMEMBERED: usize = 128;

/// Those who live together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Island {
    /// The better first, by the cases of the generation.
    pub(super) members: Vec<Arc<Individual>>,
    /// The best of each kind, by the kind's number.
    pub(super) archive: Vec<(u16, Arc<Individual>)>,
}

/// A generation, with all that the next one follows from: the checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// What the search is that it belongs to.
    pub(super) identity: Digest,
    /// [`crate::problem::Evaluator::digest`] of what judged everybody in it.
    pub(super) evaluator: Digest,
    pub(super) generation: u32,
    /// How many cases all candidates together were run on.
    pub(super) runs: u64,
    /// How many cases there are.
    pub(super) cases: u32,
    /// For how many generations the best has not improved.
    pub(super) plateau: u32,
    pub(super) head: Digest,
    pub(super) islands: Vec<Island>,
    pub(super) origin: Arc<Individual>,
    pub(super) best: Arc<Individual>,
    pub(super) operators: Vec<Record>,
    pub(super) history: Vec<Statistics>,
}

impl Population {
    /// How many generations have been made; 0 for the agent's own block alone.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The best that ever was, judged on all cases; of equally good ones the smallest, of these
    /// the first.
    pub fn best(&self) -> &Individual {
        &self.best
    }

    /// The agent's own block.
    pub fn origin(&self) -> &Individual {
        &self.origin
    }

    /// The evaluations that were made, an evaluation on some cases counted as their share of all,
    /// rounded up.
    pub fn evaluations(&self) -> u64 {
        self.runs.div_ceil(u64::from(self.cases.max(1)))
    }

    /// For how many generations the best loss has not become less.
    pub fn plateau(&self) -> u32 {
        self.plateau
    }

    /// What stands for the search: the agent, the evaluator, the operators and the settings but for
    /// the budget. It is the hash before the first entry of the lineage.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    /// The hash of the last entry of the lineage.
    pub fn head(&self) -> Digest {
        self.head
    }

    /// The islands.
    pub fn islands(&self) -> &[Island] {
        &self.islands
    }

    /// What the operators were tried for and yielded, over all generations.
    pub fn operators(&self) -> &[Record] {
        &self.operators
    }

    /// The statistics of the last generations, [`REMEMBERED`] at most, in order.
    pub fn history(&self) -> &[Statistics] {
        &self.history
    }
}

impl Island {
    /// Who lives there, the better first.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &Individual> {
        self.members.iter().map(AsRef::as_ref)
    }

    /// Who is kept in its archive: the best of each kind, by size and then by the part of the cases on
    /// which it is strongest.
    pub fn archive(&self) -> impl ExactSizeIterator<Item = &Individual> {
        self.archive.iter().map(|(_, kept)| kept.as_ref())
    }
}
