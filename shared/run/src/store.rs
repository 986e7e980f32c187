//! The seam to the store.

use std::future::Future;

use tdev_domain::{Gate, GateKey, Joined, Place, Run, RunId, RunState, StepRecord};

pub use tdev_invocation::{CommitError, Unavailable};

/// What several members come together at, before something begins: the dependencies of a step, or
/// the parts of a map.
///
/// A meeting of many is held in groups, whose members come together first: so no item grows with
/// the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Meeting {
    /// How often the run was resumed before; each time all come together anew.
    pub resumed: u32,
    /// The step.
    pub step: u32,
    /// Of whom.
    pub of: Members,
    /// The group; absent for the meeting itself.
    pub group: Option<u32>,
}

/// Who comes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Members {
    /// The dependencies of a step.
    Dependencies,
    /// The parts of a map that has several.
    Parts,
}

/// The store of the runs of one tenant.
///
/// Inputs and outputs may be large; an implementation puts large ones beside the items.
pub trait Store: Sync {
    /// The record of a run, by a strongly consistent read.
    fn run(&self, id: &RunId) -> impl Future<Output = Result<Option<Run>, Unavailable>> + Send;

    /// Where a run stands, by a strongly consistent read.
    fn run_state(
        &self,
        id: &RunId,
    ) -> impl Future<Output = Result<Option<RunState>, Unavailable>> + Send;

    /// Writes a run on condition that the stored one's revision is one less, and that there is
    /// none if the revision is 0.
    fn put_run(&self, run: &Run) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// The records of the steps at these places that have begun, in no order, by strongly
    /// consistent reads.
    fn steps(
        &self,
        run: &RunId,
        places: &[Place],
    ) -> impl Future<Output = Result<Vec<StepRecord>, Unavailable>> + Send;

    /// All steps that have begun, items of maps left out, in order of place, by strongly
    /// consistent reads.
    fn all_steps(
        &self,
        run: &RunId,
    ) -> impl Future<Output = Result<Vec<StepRecord>, Unavailable>> + Send;

    /// All items of a map that have begun, in order, by strongly consistent reads.
    fn items(
        &self,
        run: &RunId,
        step: u32,
    ) -> impl Future<Output = Result<Vec<StepRecord>, Unavailable>> + Send;

    /// Writes a step on condition that the stored one's revision is one less, and that there is
    /// none if the revision is 0.
    fn put_step(
        &self,
        run: &RunId,
        step: &StepRecord,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Who has a place where only so many steps of a run, or items of a map, may be under way, by a
    /// strongly consistent read.
    fn gate(
        &self,
        run: &RunId,
        key: GateKey,
    ) -> impl Future<Output = Result<Option<Gate>, Unavailable>> + Send;

    /// Writes who has a place on condition that the stored revision is one less, and that there is
    /// none if the revision is 0.
    fn put_gate(
        &self,
        run: &RunId,
        gate: &Gate,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Notes that a member has come, and whether what it came for is missed; says how many
    /// different ones have come by then, this one included. To note one twice is to note it once.
    fn come(
        &self,
        run: &RunId,
        meeting: Meeting,
        member: u32,
        missed: bool,
    ) -> impl Future<Output = Result<Joined, Unavailable>> + Send;
}
