//! The engine of workflow runs.
//!
//! A run is an execution of a workflow's [`Plan`](tdev_workflow::Plan). Its steps move as soon as
//! their last dependency ends: there is no scheduler that looks at the whole, and no barrier
//! between levels. The engine knows no cloud and no runtime, and has no clock: it works through two
//! small seams, the [`Store`] (the records) and the [`World`] (what steps start, and who is told).
//! Every delivery of a message is a pass: [`see_to`] brings a run further at one step,
//! [`look_after`] wherever it stands.
//!
//! # What is stored
//!
//! A **run** ([`Run`](tdev_domain::Run)), one record per **step** that has begun
//! ([`StepRecord`](tdev_domain::StepRecord)), and **meetings**: sets of those dependencies of a step
//! that are over. What is to be done next is a function of these and the plan.
//!
//! # The protocol
//!
//! When a step's work has ended:
//!
//! 1. the end is written: completed, failed for good, or paused until its next try;
//! 2. for each dependant it is noted that one more dependency has come, which also tells how many
//!    have. A step with one dependency needs no note;
//! 3. a dependant whose dependencies have all come begins: it is written as what it is, running,
//!    waiting, skipped, or over at once, and then its own dependants are looked at in turn;
//! 4. the run's state is read once more, and if it still runs, the work of what began is started
//!    under a name made of run, step and try, so that to start it twice is to start it once.
//!
//! Every write is made on condition of the revision that was read, or can be repeated without
//! changing anything, as adding to a set can; none needs a transaction. A pass that is lost
//! anywhere is made up for when its message comes again. If that is lost too, the step's own due
//! time finds it (a try that takes too long, a pause that is over), or the look after the whole run
//! every [`limits::LOOK`].
//!
//! What a pass finds ready begins, and is started, several at once. Steps that are ready together
//! begin in the order of the longest path behind them.
//!
//! # Places
//!
//! Where only so many may be under way at once, who has a place and who waits for one is one more
//! record, a gate ([`Gate`](tdev_domain::Gate)), and whoever ends something gives its place to the
//! next. There is one before the steps of a run whose definition says how many may be
//! (`max_in_flight`), where the longest path comes first; and one before the items of a map, where
//! they come in their order, or several if more than 50 items are done at once.
//!
//! # Versions
//!
//! Agents and workflows that are named without a version are used in the one that was the latest
//! when the run was accepted or last resumed ([`Run::latest`](tdev_domain::Run::latest)), and none
//! is used that was not there then. So no step looks a version up, and all that a run does with an
//! agent it does with one version.
//!
//! # Stopping
//!
//! A run that is called off, whose deadline has passed, or of which a step has failed that
//! something depends on, is first written as stopping. What runs is then called off, and what
//! completed and has a compensation is undone, one after the other, the last first; in which order
//! is written with the run, so that to go on takes the records of two steps. A worker that
//! has just begun a step reads the run's state after it wrote the step: so either it sees that the
//! run is stopping, and takes the step back, or whoever stops the run finds the step.
//!
//! # Invariants
//!
//! - **A step begins when all its dependencies are over, and once.** Of several workers that find it
//!   ready one gets its write through.
//! - **A try's work is started once**: its name is that of the try.
//! - **No more are under way than may be**, and no place stays free while a step, or an item, waits
//!   for one.
//! - **Nothing is started for a run that is not running** but compensations, and when a run is final
//!   all that it started is over.
//! - **What is over stays so**, until a client resumes the run; then what completed and was not
//!   undone is kept, and everything else is done anew.
//! - **A final run is found until everybody who waits for it has been told.**
//!
//! # Cost, in writes
//!
//! | | writes |
//! |---|---|
//! | a step that runs an agent, beside the agent's own | 2: as it begins, as it ends |
//! | each edge into a step of several dependencies | 1 |
//! | a retry | 2 |
//! | a step that is over at once | 1 |
//! | a step of a run with `max_in_flight` | 1 or 2 more: as it is ready, as it ends |
//! | an item of a map | 3: as it begins, as it ends, and as the next one gets its place |
//! | a run | 3: accepted, over, told |
//!
//! The cost of a step does not depend on how large the plan is: a meeting of more than
//! [`limits::GROUP`] is held in groups, and only the look after the whole run reads all steps.

mod begin;
mod control;
mod enter;
mod error;
mod follow;
mod gate;
pub mod limits;
mod map;
mod pass;
mod store;
mod transition;
mod undo;
mod wind_up;
mod world;

pub use control::{
    Changed, Decision, accept, cancel, decide, expire, hold, look_after, postpone, resume, see_to,
};
pub use error::Error;
pub use store::{CommitError, Meeting, Members, Store, Unavailable};
pub use world::{Progress, Start, World};
