//! What candidates are judged by.
//!
//! A user sends a [`Definition`]; [`Problem`] is one that has been checked. Its cases are
//! [divided](Problem::divide) once, when it is stored, into those that the search sees and those
//! that are kept for the gate. From then on an [`Evaluator`] is made of a part of them and an
//! agent's [`Scaffold`](crate::Scaffold), and judges genomes:
//!
//! - [`CasesEvaluator`]: the output beside the expected one;
//! - [`packing::PackingEvaluator`]: a simulation, of those in [`SIMULATIONS`];
//! - [`AgentEvaluator`]: another agent, pinned to its version.

mod baseline;
mod cases;
mod check;
mod checked;
mod data;
mod definition;
mod metric;
mod mistake;
pub mod packing;
mod probe;
mod relation;
mod rule;
mod scorer;
mod split;
mod stored;

use serde::Serialize;
use sha2::{Digest, Sha256};
use tdev_program::{CompileError, JsonError, LaneMachine, LaneProgram, Machine, ParseError};

use crate::{Genome, Loss};

pub use baseline::Baseline;
pub use cases::CasesEvaluator;
pub use check::SIMULATIONS;
pub use checked::{Divided, Part, Problem};
pub use data::{
    Case, Column, ColumnType, ImportError, Layout, MAX_CASES, MAX_IMPORT_BYTES, Shape, from_csv,
    from_jsonl, to_jsonl,
};
pub use definition::{Canary, CaseBudget, Definition, HeldOut, Judge, Tolerance};
pub use metric::{Field, MAX_EDIT_LENGTH, Metric};
pub use mistake::{Code, Mistake};
pub use relation::{Applied, Change, Effect, Relation};
pub use scorer::AgentEvaluator;
pub use stored::{Reserved, Stored, StoredError};

pub(crate) use probe::Probe;

/// The function that is called with an input as it is.
pub const EXECUTE: &str = "execute";
/// Changed whenever the same data could give other losses than before.
const CODE_VERSION: u32 = 1;

/// What runs candidates; each thread has one.
#[derive(Debug, Default)]
pub struct Workbench {
    /// Runs programs.
    pub machine: Machine,
    /// Runs numeric functions.
    pub lanes: LaneMachine,
    /// The candidate's lanes, kept for what it has allocated.
    pub program: LaneProgram,
    /// What lanes have computed.
    pub outputs: Vec<f64>,
    /// What a simulation works with.
    pub packing: packing::Bench,
}

/// Judges genomes on cases that they cannot see the answers of.
pub trait Evaluator: Send + Sync {
    /// How many cases there are, numbered from 0.
    fn cases(&self) -> u32;

    /// The loss of `genome` on each of `cases`, put into `losses` in their order; nothing else is
    /// left in there. Every failure is [`Loss::WORST`] on the case where it happens. It depends on
    /// its arguments alone, never on what the bench ran before.
    fn evaluate(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    );

    /// What stands for everything that the losses depend on but the genome: code version, cases,
    /// metric, budgets. Losses under two digests are never compared.
    fn digest(&self) -> [u8; 32];

    /// How the trivial does, which stands in every report beside what was evolved of `parent`.
    fn baselines(&self, parent: &Genome, bench: &mut Workbench) -> Vec<Baseline> {
        let _ = (parent, bench);
        Vec::new()
    }
}

/// The mean of a genome's losses on all cases of an evaluator.
pub fn mean_loss(evaluator: &dyn Evaluator, genome: &Genome, bench: &mut Workbench) -> Loss {
    let all: Vec<u32> = (0..evaluator.cases()).collect();
    let mut losses = Vec::with_capacity(all.len());
    evaluator.evaluate(genome, &all, bench, &mut losses);
    Loss::mean(&losses)
}

/// Why an evaluator could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Build {
    /// A value of a case is none that programs have.
    #[error("a value of a case is outside what programs have")]
    Value(#[source] JsonError),
    /// The agent has no function of that name.
    #[error("there is no function `{0}`")]
    NoFunction(String),
    /// The function is called with another number of arguments than it has parameters.
    #[error("`{0}` is called with another number of arguments")]
    Arity(String),
    /// The scorer is outside the subset that the evolution tier runs.
    #[error("the scorer is outside the subset of Python that the evolution tier runs")]
    Scorer(#[source] ParseError),
    /// The scorer does not compile.
    #[error("the scorer does not compile")]
    ScorerCompile(#[source] CompileError),
    /// The problem is judged by an agent, whose source was not given.
    #[error("the source of the scorer is needed")]
    NoScorer,
    /// There are no cases.
    #[error("there are no cases")]
    NoCases,
}

/// A digest of parts, each told from the next.
struct Fingerprint(Sha256);

impl Fingerprint {
    fn new(kind: &str) -> Self {
        let mut this = Self(Sha256::new());
        this.part(CODE_VERSION.to_le_bytes());
        this.part(kind);
        this
    }

    fn part(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn json(&mut self, value: &impl Serialize) {
        // What has no JSON, of which there is nothing in a definition, has the digest of none.
        self.part(serde_json::to_vec(value).unwrap_or_default());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
