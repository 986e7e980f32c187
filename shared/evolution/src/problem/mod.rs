//! What candidates are judged by.

use tdev_program::{LaneMachine, LaneProgram, Machine};

use crate::{Genome, Loss};

/// What runs candidates; each thread has one.
#[derive(Debug, Default)]
pub struct Workbench {
    /// Runs programs.
    pub machine: Machine,
    /// Runs numeric functions.
    pub lanes: LaneMachine,
    /// The candidate's lanes, kept for what it has allocated.
    pub program: LaneProgram,
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
}
