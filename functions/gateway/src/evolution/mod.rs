//! Evolutions, and the problems by which agents evolve.
//!
//! An evolution is stored and `trigger-evolution` told; from then on a state machine has it go on.
//! Nothing of an agent is run here: its source is parsed, to say at once whether it can evolve.

mod champions;
mod control;
mod curve;
mod evidence;
mod lineage;
mod problems;
mod read;
mod start;
mod view;

use tdev_domain::TenantId;
use tdev_domain::evolution::{
    Evolution, EvolutionId, ProblemName, ProblemRecord, StatusName, TriggerRequest, TriggerResponse,
};

use crate::Deps;
use crate::problem::{Problem, ProblemType};

pub(crate) use champions::{__path_champions, champions};
pub(crate) use control::{
    __path_approve, __path_cancel, __path_pause, __path_reject, __path_resume, approve, cancel,
    pause, reject, resume,
};
pub(crate) use curve::{__path_curve, curve};
pub(crate) use evidence::{__path_evidence, evidence};
pub(crate) use lineage::{__path_lineage, lineage};
pub(crate) use problems::{
    __path_get_problem, __path_list_problems, __path_put_problem,
    MAX_BODY_BYTES as MAX_PROBLEM_BYTES, get_problem, list_problems, put_problem,
};
pub(crate) use read::{
    __path_generation, __path_generations, __path_get, __path_list, generation, generations, get,
    list,
};
pub(crate) use start::{__path_start, start};

/// The evolution with the identifier that a client wrote. One that no evolution can have is that
/// of none.
async fn find(deps: &Deps, tenant: &TenantId, id: &str) -> Result<Evolution, Problem> {
    let found = match id.parse::<EvolutionId>() {
        Ok(id) => deps.table.evolution(tenant, &id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        Problem::new(
            ProblemType::EvolutionNotFound,
            "There is no evolution with this identifier.",
        )
    })
}

/// The problem of this name.
async fn find_problem(
    deps: &Deps,
    tenant: &TenantId,
    name: &str,
) -> Result<ProblemRecord, Problem> {
    let found = match name.parse::<ProblemName>() {
        Ok(name) => deps.table.problem(tenant, &name).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| {
        Problem::new(
            ProblemType::ProblemNotFound,
            "There is no problem of this name.",
        )
    })
}

fn location(id: &EvolutionId) -> String {
    format!("/v1/evolutions/{id}")
}

/// Has an evolution begin that was accepted or resumed. If that fails, it begins when the schedule
/// looks for what is due.
async fn begin(deps: &Deps, evolution: &Evolution) {
    let request = TriggerRequest::Begin {
        tenant: evolution.draft.tenant.clone(),
        evolution: evolution.id.clone(),
    };
    let begun: Result<TriggerResponse, _> = deps.trigger_evolution.invoke(&request).await;
    if let Err(error) = begun {
        tracing::warn!(%error, evolution = %evolution.id, "left to the schedule");
    }
}

/// An evolution that does not stand where something can be done.
fn not_now(kind: ProblemType, status: StatusName) -> Problem {
    let status = status.as_str();
    let detail = format!("The evolution is {}.", status.replace('_', " "));
    Problem::new(kind, detail).with("evolution_status", status)
}
