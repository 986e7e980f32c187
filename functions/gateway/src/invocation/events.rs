//! What happens to an invocation, as it happens.
//!
//! Nothing is stored for it: what has happened since a place is what the record and the ledger
//! have more than they had there. The place is the record's revision and the last effect seen, and
//! of the ledger no more is told than the record had led to, so that what is told has an order and
//! nothing is told twice.

#![expect(
    unused_qualifications,
    reason = "utoipa qualifies the types of parameters in what it generates"
)]

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::{Extension, Json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{Effect, Invocation, InvocationId, TenantId};
use tdev_security::Principal;
use tokio::time::{Instant, sleep};
use utoipa::{IntoParams, ToSchema};

use super::ledger::{EffectView, ledger};
use super::view::StatusView;
use super::{find, identifier};
use crate::Deps;
use crate::extract::{Params, Segments};
use crate::prefer::MAX_WAIT;
use crate::problem::{Problem, Violation};
use crate::problems;

/// The pauses between two looks at the record: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));

/// The parameters of a look at what happens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Where to go on: the `cursor` of the answer before. Without it, from the beginning.
    #[param(example = "4.2")]
    after: Option<String>,
    /// How many seconds to wait for something to happen.
    #[param(value_type = Option<u64>, maximum = 20, default = 0)]
    wait: Option<String>,
}

/// What has happened to an invocation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvocationEvents)]
pub(crate) struct EventsView {
    /// The `after` of the next look.
    #[schema(example = "5.3")]
    cursor: String,
    /// What has happened, in order; empty if nothing has.
    events: Vec<EventView>,
    /// Whether the invocation has ended and nothing more will happen.
    ended: bool,
}

/// Something that has happened to an invocation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = InvocationEvent)]
pub(crate) enum EventView {
    /// An effect is over.
    Effect {
        /// The effect.
        effect: EffectView,
    },
    /// The invocation has come further, or something has come for it.
    Status {
        /// How often it has done so.
        revision: u64,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: Timestamp,
        /// Where it stands.
        status: StatusView,
    },
}

/// Up to where something has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// The last revision of the record.
    revision: u64,
    /// The number of the last effect.
    effects: u32,
}

problems!(EventsProblems, PRIVATE: InvalidParameter, InvocationNotFound);

/// Watch an invocation.
///
/// Answers at once if anything has happened since `after`, else as soon as something does, or with
/// no events when `wait` seconds are over. To follow an invocation, ask again with the answer's
/// `cursor` until `ended` is true: every effect and the last status before each answer are told in
/// order, and nothing twice. (Behind an HTTP API of API Gateway an answer is sent in one piece, so
/// there can be no stream of events.)
#[utoipa::path(
    get,
    path = "/v1/invocations/{id}/events",
    tag = "invocation",
    operation_id = "watchInvocation",
    params(("id" = String, Path, description = "The invocation's identifier."), EventsQuery),
    responses((status = 200, description = "What has happened", body = EventsView), EventsProblems),
)]
pub(crate) async fn events(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    Params(query): Params<EventsQuery>,
) -> Result<Json<EventsView>, Problem> {
    let (after, wait) = parse(&query)?;
    let record = changed(&deps, &principal.tenant, &identifier(&id)?, after, wait).await?;
    let seen = after.map_or(0, |place| place.effects);
    let effects = if effects_over(&record) > seen {
        ledger(&deps, &record.tenant, &record.id).await?
    } else {
        Vec::new()
    };
    Ok(Json(since(after, record, effects)))
}

fn parse(query: &EventsQuery) -> Result<(Option<Place>, Duration), Problem> {
    let after = query.after.as_deref().map(place);
    let wait = query.wait.as_deref().map_or(Some(0), |text| {
        text.parse().ok().filter(|seconds| *seconds <= MAX_WAIT)
    });
    let mut errors = Vec::new();
    if after == Some(None) {
        errors.push(Violation::parameter(
            "after",
            "expected the `cursor` of an earlier answer",
        ));
    }
    if wait.is_none() {
        let expected = format!("expected a whole number from 0 to {MAX_WAIT}");
        errors.push(Violation::parameter("wait", expected));
    }
    match wait {
        Some(seconds) if errors.is_empty() => Ok((after.flatten(), Duration::from_secs(seconds))),
        _ => Err(Problem::invalid_parameters(errors)),
    }
}

fn place(cursor: &str) -> Option<Place> {
    let (revision, effects) = cursor.split_once('.')?;
    Some(Place {
        revision: revision.parse().ok()?,
        effects: effects.parse().ok()?,
    })
}

/// The record, once it is no longer as it was at `after`, or has ended, or the wait is over.
async fn changed(
    deps: &Deps,
    tenant: &TenantId,
    id: &InvocationId,
    after: Option<Place>,
    wait: Duration,
) -> Result<Invocation, Problem> {
    let deadline = Instant::now() + wait;
    let (mut pause, longest) = PAUSES;
    loop {
        let record = find(deps, tenant, id).await?;
        let is_new = after.is_none_or(|place| record.revision > place.revision);
        let left = deadline.saturating_duration_since(Instant::now());
        if is_new || record.status.is_final() || left.is_zero() {
            return Ok(record);
        }
        sleep(pause.min(left)).await;
        pause = longest.min(pause * 2);
    }
}

/// How many effects were over when the record was written.
fn effects_over(record: &Invocation) -> u32 {
    let next = record.pending.as_ref();
    next.map_or(record.next_effect, |pending| pending.number) - 1
}

/// What `record`, and the ledger as it is or was later, have more than there was at `after`.
fn since(after: Option<Place>, record: Invocation, ledger: Vec<Effect>) -> EventsView {
    let seen = after.map_or(0, |place| place.effects);
    let over = effects_over(&record).max(seen);
    let new = seen + 1..=over;
    let is_new = after.is_none_or(|place| record.revision > place.revision);
    let mut events: Vec<_> = ledger
        .into_iter()
        .filter(|effect| new.contains(&effect.number))
        .map(|effect| EventView::Effect {
            effect: effect.into(),
        })
        .collect();
    let revision = after.map_or(0, |place| place.revision).max(record.revision);
    let ended = record.status.is_final();
    if is_new {
        events.push(EventView::Status {
            revision: record.revision,
            at: record.updated_at,
            status: record.status.into(),
        });
    }
    EventsView {
        cursor: format!("{revision}.{over}"),
        events,
        ended,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;
    use tdev_domain::{
        Answer, ArtifactDigest, Call, Callee, EffectClass, InvocationStatus, Limits, Pending,
        Stage, VersionNumber,
    };

    use super::*;

    fn accepted() -> Invocation {
        let callee = Callee {
            agent: "word-count".parse().unwrap(),
            version: VersionNumber::FIRST,
            artifact: ArtifactDigest::of(b""),
            tools: BTreeSet::new(),
            limits: Limits::default(),
        };
        let (id, tenant) = (InvocationId::generate(), "acme".parse().unwrap());
        tdev_invocation::accept(id, tenant, callee, json!(null), Timestamp::UNIX_EPOCH)
    }

    fn call() -> Call {
        Call {
            tool: "now".to_owned(),
            args: json!({}),
        }
    }

    fn effect(number: u32) -> Effect {
        Effect {
            number,
            call: call(),
            class: EffectClass::Recorded,
            answer: Answer::Value(json!(number)),
            begun_at: Timestamp::UNIX_EPOCH,
            ended_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// The record after `found`, with `over` effects more in its ledger, at another or at none.
    fn advanced(found: &Invocation, over: u32, at_one: bool) -> Invocation {
        let number = effects_over(found) + over + 1;
        let pending = at_one.then(|| Pending {
            number,
            call: call(),
            class: EffectClass::Idempotent,
            stage: Stage::Intended,
            begun_at: Timestamp::UNIX_EPOCH,
        });
        Invocation {
            revision: found.revision + 1,
            next_effect: number + u32::from(at_one),
            pending,
            ..found.clone()
        }
    }

    proptest! {
        #[test]
        fn whoever_looks_whenever_is_told_everything_once_and_in_order(
            steps in prop::collection::vec((0_u32..4, any::<bool>(), any::<bool>()), 1..20),
            ahead in 0_u32..4,
        ) {
            let mut record = accepted();
            let (mut after, mut numbers, mut revisions) = (None, Vec::new(), Vec::new());
            let last = steps.len() - 1;
            for (place, (over, at_one, looks)) in steps.into_iter().enumerate() {
                record = advanced(&record, over, at_one);
                if place == last {
                    record.status = InvocationStatus::Cancelled;
                }
                if !looks && place != last {
                    continue;
                }
                // The ledger may have grown since the record was read.
                let ledger = (1..=effects_over(&record) + ahead).map(effect).collect();
                let told = since(after, record.clone(), ledger);
                for event in told.events {
                    match serde_json::to_value(event).unwrap() {
                        event if event["type"] == "effect" => {
                            numbers.push(event["effect"]["number"].as_u64().unwrap());
                        }
                        event => revisions.push(event["revision"].as_u64().unwrap()),
                    }
                }
                after = super::place(&told.cursor);
                prop_assert!(after.is_some());
                prop_assert_eq!(told.ended, place == last);
            }
            let all: Vec<_> = (1..=u64::from(effects_over(&record))).collect();
            prop_assert_eq!(numbers, all);
            prop_assert!(revisions.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(revisions.last(), Some(&record.revision));
        }
    }
}
