//! Generations: who is there, who has children, who stays.
//!
//! A [`Search`] begins with the agent's own block. From a [`Population`] follows a [`Generation`],
//! which makes children, each by its number and each the same whoever makes it; from the
//! population and all its children follows the next population:
//!
//! ```text
//! begin() ─▶ Population ─▶ generation() ─▶ child(0), child(1), … child(n−1)
//!                ▲                                      │ in any order, on any machine
//!                └───────────────── advance() ◀─────────┘
//! ```
//!
//! A population is the checkpoint. Nothing happens to it while its children are made: who stops in
//! the middle of a generation, for its time or its money is used up or because it was killed, goes
//! on from the last population, and what was made of the unfinished generation is thrown away or,
//! if the shards were [kept](Search::pack), used.
//!
//! # A generation
//!
//! On each island the `elite` best are kept, and children take the place of the others. The first
//! children are variations of the agent's own block by one to [`RAMP`] operators in a row. Later a
//! bandit shares the children among the operators, and parents are chosen by
//! [tournament or lexicase](crate::Selection) from the island, now and then from its archive of the
//! best of each size and strength (MAP-Elites). What an operator makes is looked over, for it may be anything: larger than the
//! scope allows or no different from its parent, it is dropped. With `novelty` a child that behaves
//! as a member of its island does is made anew, [`MOST_RENEWALS`] times at most. Every
//! `migrate_every` generations the best of each island are copied to the next one in a ring, in
//! the place of the worst there.
//!
//! # Samples of cases
//!
//! With down-sampled lexicase the children are judged on the cases that their generation has drawn.
//! One that is, on these, no worse than its island's elite is judged on all others too. Only who
//! was judged on all cases can be elite, be archived, or become the best, so that nobody does by
//! the luck of a sample.
//!
//! # Budget
//!
//! The evaluations left are divided among the children to come, and no child takes more than its
//! share, be it by operators that evaluate for themselves or by being made anew. So the budget is
//! never exceeded, and [`Search::status`] ends a search when the next generation might not have one
//! evaluation per child.

mod advance;
mod archive;
mod bandit;
mod checkpoint;
pub mod drawing;
mod generation;
mod individual;
pub mod lineage;
mod making;
mod population;
mod sample;
mod selection;
mod statistics;
mod status;

use std::sync::Arc;

use tdev_program::{BlockError, ParseError};

use crate::problem::{Evaluator, Workbench};
use crate::{Genome, Operator, Scaffold, Scope, Settings, SettingsError};

pub use advance::Step;
pub use bandit::Record as OperatorRecord;
pub use generation::{Child, Generation};
pub use individual::{Id, Individual, Maker, NotAnId, Score};
pub use making::{MOST_RENEWALS, RAMP};
pub use population::{Island, Population, REMEMBERED};
pub use statistics::{Alarm, Statistics, Yield};
pub use status::{Reason, Status, Used};

use lineage::Digest;

/// A search over the versions of an agent: what it varies, by what, and what judges it.
pub struct Search<'a> {
    origin: Genome,
    evaluator: &'a dyn Evaluator,
    operators: Vec<Box<dyn Operator>>,
    scope: Scope,
    settings: Settings,
    /// How many cases the evaluator has.
    cases: u32,
    identity: Digest,
    judge: Digest,
}

/// Why a search does not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of its range.
    #[error("a setting is out of its range")]
    Settings(#[source] SettingsError),
    /// There is nothing to vary with.
    #[error("there are no operators")]
    NoOperators,
    /// An operator takes neither one parent nor two.
    #[error("the operator {0} takes neither one parent nor two")]
    Arity(&'static str),
    /// There is nothing to judge by.
    #[error("there are no cases")]
    NoCases,
    /// The agent's own block is beyond the limits for its versions.
    #[error(
        "the agent's block has {nodes} nodes and nests {depth} levels deep; its versions may have {max_nodes} and {max_depth}"
    )]
    TooLarge {
        /// How many nodes it has.
        nodes: usize,
        /// How many levels it nests.
        depth: usize,
        /// How many nodes versions may have.
        max_nodes: usize,
        /// How many levels they may nest.
        max_depth: usize,
    },
    /// The agent is no source.
    #[error("the agent is no source")]
    Agent(#[source] BlockError),
    /// Bytes that are no checkpoint or no shard.
    #[error("not a checkpoint of a search")]
    NotACheckpoint,
    /// A checkpoint of another build.
    #[error("the checkpoint has format {found}; this build reads format {expected}")]
    Format {
        /// The format it has.
        found: u16,
        /// The format that is read here.
        expected: u16,
    },
    /// A checkpoint that was damaged.
    #[error("the checkpoint is damaged")]
    Damaged,
    /// What is in a checkpoint cannot be read or written.
    #[error("the checkpoint cannot be read or written")]
    Encoding(#[source] postcard::Error),
    /// A block in a checkpoint is none.
    #[error("the block of {id} in the checkpoint cannot be read")]
    Block {
        /// Whose block it is.
        id: Id,
        /// Why it is none.
        source: ParseError,
    },
    /// What a checkpoint says does not fit together.
    #[error("the checkpoint contradicts itself")]
    Inconsistent,
    /// Those in the checkpoint were judged by another evaluator: other cases, another metric,
    /// another version.
    #[error("the checkpoint's losses come from another evaluator")]
    OtherEvaluator,
    /// The checkpoint is of another search: another agent, other settings or operators.
    #[error("the checkpoint is of another search")]
    OtherSearch,
    /// The children are of another population than the one they are to join.
    #[error("the children are of another population")]
    OtherPopulation,
    /// Of a child there are not one but none or several.
    #[error("child {0} is missing or there twice")]
    Children(u32),
    /// An entry of the lineage cannot be written.
    #[error("an entry of the lineage cannot be written")]
    Lineage(#[source] serde_json::Error),
}

impl<'a> Search<'a> {
    /// A search for better versions of the agent that `scaffold` and `origin` make.
    ///
    /// # Errors
    ///
    /// [`Error`] for what cannot be searched.
    pub fn new(
        scaffold: &Scaffold,
        origin: Genome,
        evaluator: &'a dyn Evaluator,
        operators: Vec<Box<dyn Operator>>,
        mut scope: Scope,
        settings: Settings,
    ) -> Result<Self, Error> {
        settings.check().map_err(Error::Settings)?;
        if operators.is_empty() {
            return Err(Error::NoOperators);
        }
        if let Some(odd) = operators.iter().find(|o| !(1..=2).contains(&o.arity())) {
            return Err(Error::Arity(odd.name()));
        }
        let cases = evaluator.cases();
        if cases == 0 {
            return Err(Error::NoCases);
        }
        let (nodes, depth) = (origin.size(), origin.depth());
        if nodes > scope.max_nodes || depth > scope.max_depth {
            return Err(Error::TooLarge {
                nodes,
                depth,
                max_nodes: scope.max_nodes,
                max_depth: scope.max_depth,
            });
        }
        // A line break is added to the block.
        scope.max_bytes = scope.max_bytes.min(scaffold.room().saturating_sub(1));
        let agent = scaffold.source(&origin).map_err(Error::Agent)?;
        let judge = Digest(evaluator.digest());
        let identity = identity(agent.as_str(), judge, &operators, &scope, &settings)?;
        Ok(Self {
            origin,
            evaluator,
            operators,
            scope,
            settings,
            cases,
            identity,
            judge,
        })
    }

    /// Generation 0: the agent's own block, judged on all cases, on every island.
    ///
    /// # Errors
    ///
    /// [`Error::Lineage`], which does not happen.
    pub fn begin(&self, bench: &mut Workbench) -> Result<Step, Error> {
        let mut losses = Vec::new();
        let all: Vec<u32> = (0..self.cases).collect();
        self.judge(&self.origin, &all, bench, &mut losses);
        let origin = Arc::new(Individual {
            id: Id::ORIGIN,
            island: 0,
            text: self.origin.text(),
            nodes: u32::try_from(self.origin.size()).unwrap_or(u32::MAX),
            genome: self.origin.clone(),
            score: Score::of(&losses),
            losses,
            full: true,
            parents: Vec::new(),
            maker: Maker::Agent,
        });
        self.founded_by(&origin)
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The evaluator.
    pub fn evaluator(&self) -> &dyn Evaluator {
        self.evaluator
    }

    /// Runs `genome` on `cases`.
    fn judge(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<crate::Loss>,
    ) {
        self.evaluator.evaluate(genome, cases, bench, losses);
        // Whatever an evaluator forgets to judge has failed.
        losses.resize(cases.len(), crate::Loss::WORST);
    }

    /// The name of what made somebody.
    fn name_of(&self, maker: Maker) -> &str {
        match maker {
            Maker::Agent => "agent",
            Maker::Start => "start",
            Maker::Copy => "copy",
            Maker::Operator(at) => self
                .operators
                .get(usize::from(at))
                .map_or("unknown", |operator| operator.name()),
        }
    }
}

/// What stands for everything that a search's populations depend on but the budget.
fn identity(
    agent: &str,
    judge: Digest,
    operators: &[Box<dyn Operator>],
    scope: &Scope,
    settings: &Settings,
) -> Result<Digest, Error> {
    let settings = Settings {
        budget: crate::Budget::default(),
        ..settings.clone()
    };
    let settings = serde_json::to_vec(&settings).map_err(Error::Lineage)?;
    let names: Vec<&str> = operators.iter().map(|operator| operator.name()).collect();
    let limits = [scope.max_nodes, scope.max_depth, scope.max_bytes].map(|limit| limit as u64);
    let limits = limits.map(u64::to_le_bytes).concat();
    let parts = [
        agent.as_bytes(),
        &settings,
        names.join(",").as_bytes(),
        &limits,
    ]
    .map(|part| {
        let digest = Digest::of(&[part]);
        digest.0
    });
    Ok(Digest::of(&[&parts.concat(), &judge.0]))
}

#[cfg(test)]
mod tests;
