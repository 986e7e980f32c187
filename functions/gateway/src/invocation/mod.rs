//! Invocations: calling agents, and watching and steering what was called.
//!
//! A call stores the invocation and has `workflow-step` drive it while the client waits, which is
//! all the difference to one that nobody waits for: the run is as durable, and goes on without the
//! client and without this process.

mod answer;
mod control;
mod events;
mod invoke;
mod ledger;
mod read;
mod replay;
mod view;

use tdev_domain::{Invocation, InvocationId, TenantId};

use crate::Deps;
use crate::problem::{Problem, ProblemType};

pub(crate) use control::{__path_cancel, __path_signal, call_off, cancel, signal};
pub(crate) use events::{__path_events, events};
pub(crate) use invoke::{__path_invoke, invoke};
pub(crate) use ledger::{__path_effects, effects};
pub(crate) use read::{__path_get, __path_list, get, list};
pub(crate) use replay::{__path_replay, replay};

/// The identifier as a client wrote it. One that no invocation can have is that of none.
fn identifier(id: &str) -> Result<InvocationId, Problem> {
    id.parse().map_err(|_| not_found())
}

async fn find(deps: &Deps, tenant: &TenantId, id: &InvocationId) -> Result<Invocation, Problem> {
    let found = deps.journals.invocation(tenant, id).await?;
    found.ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::new(
        ProblemType::InvocationNotFound,
        "There is no invocation with this identifier.",
    )
}

fn ended() -> Problem {
    Problem::new(
        ProblemType::InvocationEnded,
        "The invocation has ended, and does not change any more.",
    )
}

fn location(id: &InvocationId) -> String {
    format!("/v1/invocations/{id}")
}
