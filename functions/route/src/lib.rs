//! Gives each waiting task to the agent that fits, in order, and settles it when the agent has
//! ended.
//!
//! A message on the `task` queue is a hint and no more; the records decide. One that permits a
//! task to be taken makes the worker look at the head of the queue, which is an index of the table
//! ordered by virtual deadline, and move that task on: to the agent that [`decide()`] chooses, out
//! of the way for a while if the agents that fit are busy, or to its end if none fits. Every write
//! is on condition of the revision that was read, and an attempt at a task has one run, whoever
//! starts it (see `give`). So of any number of workers one takes the task, and the others go on to
//! the next; no message that comes twice, late or out of order changes that.
//!
//! A task that is put off comes back when its time has come, or before that when an agent that it
//! waits for has room again (see `room`).
//!
//! What is decided on comes from [`Tenants`], which keeps each tenant's agents, model and policy
//! at hand for a few seconds. The load of the agent that is chosen is read anew for each batch.
//!
//! Asked directly, the function explains a decision and writes nothing.

mod audit;
mod batch;
mod config;
mod decide;
mod event;
mod give;
mod handler;
mod loads;
mod queue;
mod room;
mod routable;
mod settle;
mod tenants;

pub use config::Config;
pub use decide::{Outcome, Subject, decide, outcome};
pub use event::{Answer, Event};
pub use handler::{Deps, handle};
pub use routable::Routable;
pub use tenants::{Tenants, View};
