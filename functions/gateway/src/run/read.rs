//! Reading a run and its steps.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use tdev_domain::{Place, Run, RunStatus, StepId, StepRecord, StepState, StepStateName};
use tdev_run::Store;
use tdev_security::Principal;
use tdev_workflow::{Plan, StepIndex};
use utoipa::IntoParams;

use super::step::{MAX_ITEMS_COUNTED, StepView, item_counts, items_of};
use super::timing::Records;
use super::view::{Progress, RunView};
use super::{find, identifier, no_such_step, workflow_of};
use crate::Deps;
use crate::accepted::poll_later;
use crate::extract::{Params, Segments, flag};
use crate::pagination::{Page, PageQuery, page_request, place};
use crate::problem::Problem;
use crate::problems;

/// The most steps that are shown with a run.
const MAX_STEPS_SHOWN: u32 = 1_000;

/// The parameters of a look at a run.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Whether the steps are read; without them the answer is there sooner.
    #[param(value_type = Option<bool>, default = true)]
    steps: Option<String>,
}

problems!(RunProblems, PRIVATE: InvalidParameter, RunNotFound);

/// Read a run.
///
/// `Retry-After` says when to ask again; it is absent once the run has ended. Of a run with more
/// than 1,000 steps they are not shown, but counted; they are there in pages. Runs are kept for 30
/// days after their end.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    tag = "runs",
    operation_id = "getRun",
    params(("id" = String, Path, description = "The run's identifier."), RunQuery),
    responses((status = 200, description = "The run", body = RunView), RunProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<RunQuery>,
) -> Result<Response, Problem> {
    let with_steps = flag("steps", query.steps.as_deref())?.unwrap_or(true);
    let run = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let progress = if with_steps {
        Some(progress(&deps, &run).await?)
    } else {
        None
    };
    let ended = run.status.state().is_final();
    let view = Json(RunView::whole(run, progress));
    Ok(if ended {
        view.into_response()
    } else {
        ([poll_later()], view).into_response()
    })
}

/// What is known of all steps of `run`.
async fn progress(deps: &Deps, run: &Run) -> Result<Progress, Problem> {
    let workflow = workflow_of(deps, run).await?;
    let plan = &workflow.plan;
    let records = deps
        .journals
        .runs_of(&run.tenant)
        .all_steps(&run.id)
        .await?;
    let known = Records::new(plan, &records, Timestamp::now());
    let critical_path = known.critical_path();
    let is_running = run.status == RunStatus::Running;
    let estimate = if is_running { known.estimate() } else { None };
    // Steps that have no record are as those of a list that have not begun.
    let counts = item_counts(plan.len(), &records);
    let steps = if plan.len() <= MAX_STEPS_SHOWN {
        Some(listed(deps, run, plan, 0..plan.len(), records).await?)
    } else {
        None
    };
    Ok(Progress {
        counts,
        critical_path,
        estimate,
        steps,
    })
}

/// The steps in these places, of which those have begun that are in `records`.
async fn listed(
    deps: &Deps,
    run: &Run,
    plan: &Plan,
    places: std::ops::Range<StepIndex>,
    records: Vec<StepRecord>,
) -> Result<Vec<StepView>, Problem> {
    let mut records: BTreeMap<_, _> = records.into_iter().map(|r| (r.place.step, r)).collect();
    let mut views = Vec::new();
    for place in places {
        let record = records.remove(&place);
        let counts = match &record {
            Some(record) => items(deps, run, record).await?,
            None => None,
        };
        let view = StepView::listed(plan, place, record);
        views.push(match counts {
            Some(counts) => view.with_items(counts),
            None => view,
        });
    }
    Ok(views)
}

/// How many items of a map stand where, as far as that is to be known.
async fn items(
    deps: &Deps,
    run: &Run,
    record: &StepRecord,
) -> Result<Option<BTreeMap<&'static str, u32>>, Problem> {
    let Some(items) = items_of(record) else {
        return Ok(None);
    };
    if let StepState::Completed { .. } = record.state {
        let completed = StepStateName::Completed.as_str();
        return Ok(Some(BTreeMap::from([(completed, items)])));
    }
    if items > MAX_ITEMS_COUNTED {
        return Ok(None);
    }
    let store = deps.journals.runs_of(&run.tenant);
    let begun = store.items(&run.id, record.place.step).await?;
    Ok(Some(item_counts(items, &begun)))
}

problems!(StepsProblems, PRIVATE: InvalidParameter, RunNotFound);

/// List a run's steps, each after all that it depends on.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/steps",
    tag = "runs",
    operation_id = "listRunSteps",
    params(("id" = String, Path, description = "The run's identifier."), PageQuery),
    responses((status = 200, description = "A page of steps", body = Page<StepView>), StepsProblems),
)]
pub(crate) async fn steps(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<StepView>>, Problem> {
    let page = page_request(query.limit.as_deref(), query.cursor.as_deref())?;
    let first: StepIndex = place(&page)?.unwrap_or(0);
    let run = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let workflow = workflow_of(&deps, &run).await?;
    let plan = &workflow.plan;
    let end = first.saturating_add(page.limit).min(plan.len());
    let places: Vec<_> = (first..end).map(Place::step).collect();
    let store = deps.journals.runs_of(&run.tenant);
    let records = store.steps(&run.id, &places).await?;
    let items = listed(&deps, &run, plan, first..end, records).await?;
    let next = (end < plan.len()).then(|| end.to_string());
    let page = tdev_aws::Page { items, next };
    Ok(Json(Page::of(page, |view| view)))
}

problems!(StepProblems, PRIVATE: RunNotFound, StepNotFound);

/// Read a step of a run, with its output however large it is.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/steps/{step}",
    tag = "runs",
    operation_id = "getRunStep",
    params(
        ("id" = String, Path, description = "The run's identifier."),
        ("step" = String, Path, description = "The step's identifier in the definition."),
    ),
    responses((status = 200, description = "The step", body = StepView), StepProblems),
)]
pub(crate) async fn step(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments((id, step)): Segments<(String, String)>,
) -> Result<Json<StepView>, Problem> {
    let run = find(&deps, &principal.tenant, &identifier(&id)?).await?;
    let workflow = workflow_of(&deps, &run).await?;
    let place = place_of(&workflow.plan, &step)?;
    let store = deps.journals.runs_of(&run.tenant);
    let found = store.steps(&run.id, &[Place::step(place)]).await?.pop();
    let counts = match &found {
        Some(record) => items(&deps, &run, record).await?,
        None => None,
    };
    let view = StepView::whole(&workflow.plan, place, found);
    Ok(Json(match counts {
        Some(counts) => view.with_items(counts),
        None => view,
    }))
}

/// Where the step stands that a client calls `id`.
pub(super) fn place_of(plan: &Plan, id: &str) -> Result<StepIndex, Problem> {
    // An identifier that no step can have is that of none.
    let id: StepId = id.parse().map_err(|_| no_such_step())?;
    plan.index_of(&id).ok_or_else(no_such_step)
}
