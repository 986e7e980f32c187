//! What a candidate must show before it replaces the agent.
//!
//! [`Examination::examine`] gathers [`Evidence`]: it runs candidate and agent on what the search
//! never saw, on other distributions and on changed inputs, again and again, and looks at what the
//! candidate says it can do and at its text. [`decide`] is a pure function from the evidence and a
//! [`Policy`] to a [`Verdict`], which has every reason. Whoever moves an agent's pointer needs
//! the evidence alone, and runs nothing.
//!
//! Evidence holds numbers, names and digests: nothing of an input or an output stands in it.

mod decide;
mod evidence;
mod examine;
mod literals;
mod reason;

pub use decide::{Autonomy, Policy, Verdict, decide};
pub use evidence::{
    CanaryResult, Capabilities, Comparison, Evidence, Failures, Origin, Pinned, Queries,
    RelationResult, Repeats, Size, Text,
};
pub use examine::{Examination, REPEATS};
pub use reason::{Code, Reason};
