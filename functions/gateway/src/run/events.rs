//! Watching a run.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::Deserialize;
use tdev_domain::{Run, StepRecord};
use tdev_run::Store;
use tdev_security::Principal;
use tokio::time::{Instant, sleep};
use utoipa::IntoParams;

use super::step::{MAX_ITEMS_COUNTED, items_of};
use super::timeline::{Cursor, EventsView, since};
use super::{find, identifier};
use crate::Deps;
use crate::extract::{Params, Segments};
use crate::prefer::MAX_WAIT;
use crate::problem::{Problem, Violation};
use crate::problems;

/// The pauses between two looks at the records, which for a large run are many: at first, and at
/// most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// The parameters of a look at what happens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Where to go on: the `cursor` of the answer before. Without it, from the beginning.
    after: Option<String>,
    /// How many seconds to wait for something to happen.
    #[param(value_type = Option<u64>, maximum = 20, default = 0)]
    wait: Option<String>,
}

problems!(EventsProblems, PRIVATE: InvalidParameter, RunNotFound);

/// Watch a run.
///
/// Answers at once if anything has happened since `after`, else as soon as something does, or with
/// no events when `wait` seconds are over. To follow a run, ask again with the answer's `cursor`
/// until `ended` is true: what happens to its steps is told in order, and nothing twice; of the run
/// itself the last status before each answer. What happened is told a second later, but at once
/// when the run has ended. Items of a map are told of with their number, unless its list has more
/// than 1,000. If a run is resumed, what
/// was not told until then of what is done anew is told no more. (Behind an HTTP API of API Gateway
/// an answer is sent in one piece, so there can be no stream of events.)
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/events",
    tag = "runs",
    operation_id = "watchRun",
    params(("id" = String, Path, description = "The run's identifier."), EventsQuery),
    responses((status = 200, description = "What has happened", body = EventsView), EventsProblems),
)]
pub(crate) async fn events(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<EventsQuery>,
) -> Result<Json<EventsView>, Problem> {
    let (after, wait) = parse(&query)?;
    let id = identifier(&id)?;
    let deadline = Instant::now() + wait;
    let (mut pause, longest) = PAUSES;
    loop {
        let run = find(&deps, &principal.tenant, &id).await?;
        let steps = records(&deps, &run).await?;
        let view = since(after, &run, &steps, Timestamp::now());
        let left = deadline.saturating_duration_since(Instant::now());
        if view.is_news() || left.is_zero() {
            return Ok(Json(view));
        }
        sleep(pause.min(left)).await;
        pause = longest.min(pause * 2);
    }
}

/// The steps of a run that have begun, and the items of its maps, unless these are many.
async fn records(deps: &Deps, run: &Run) -> Result<Vec<StepRecord>, Problem> {
    let runs = deps.journals.runs_of(&run.tenant);
    let mut records = runs.all_steps(&run.id).await?;
    let maps: Vec<u32> = records
        .iter()
        .filter(|record| items_of(record).is_some_and(|items| items <= MAX_ITEMS_COUNTED))
        .map(|record| record.place.step)
        .collect();
    for step in maps {
        records.extend(runs.items(&run.id, step).await?);
    }
    Ok(records)
}

fn parse(query: &EventsQuery) -> Result<(Cursor, Duration), Problem> {
    let after = query.after.as_deref();
    let after = after.map_or(Some(Cursor::START), Cursor::parse);
    let wait = query.wait.as_deref().map_or(Some(0), |text| {
        text.parse().ok().filter(|seconds| *seconds <= MAX_WAIT)
    });
    let mut errors = Vec::new();
    if after.is_none() {
        let expected = "expected the `cursor` of an earlier answer";
        errors.push(Violation::parameter("after", expected));
    }
    if wait.is_none() {
        let expected = format!("expected a whole number from 0 to {MAX_WAIT}");
        errors.push(Violation::parameter("wait", expected));
    }
    match (after, wait) {
        (Some(after), Some(seconds)) => Ok((after, Duration::from_secs(seconds))),
        _ => Err(Problem::invalid_parameters(errors)),
    }
}
