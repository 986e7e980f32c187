//! Starting an evolution.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tdev_domain::evolution::{Evolution, EvolutionDraft, EvolutionId, Schedule, Trigger};
use tdev_domain::{AgentVersion, CallId, VersionNumber};
use tdev_evolution::gate::Policy;
use tdev_evolution::problem::{EXECUTE, Judge};
use tdev_evolution::{Scaffold, Settings, variation};
use tdev_security::Principal;

use super::problems::definition_of;
use super::view::EvolutionView;
use super::{begin, find_problem, location};
use crate::Deps;
use crate::accepted::accepted;
use crate::agents::find_agent;
use crate::extract::json;
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;
use crate::versions::find_version;

/// For how long a person may take for an answer, in seconds: a day by default, 30 days at most.
const APPROVAL_SECONDS: u32 = 86_400;
const MAX_APPROVAL_SECONDS: u32 = 30 * 86_400;
/// Seeds are below this, so that every client reads them exactly: 2^53.
const SEEDS: u64 = 1 << 53;

/// What is asked for beside the settings of the search.
struct Wanted {
    agent: String,
    version: Option<u32>,
    problem: String,
    schedule: Option<Schedule>,
    policy: Policy,
    approval_seconds: u32,
    seed: Option<u64>,
    settings: Settings,
}

problems!(StartProblems, POST: AgentNotFound, AgentDeleted, VersionNotFound, ProblemNotFound, CannotEvolve);

/// Have an agent evolve.
///
/// The body names the `agent` (and perhaps its `version`), the `problem`, and as many as are wanted
/// of: `budget` (`generations`, `evaluations`, `seconds`, `dollars`, `target`, `plateau`),
/// `population`, `islands`, `selection`, `mutation_rate`, `elite`, `parsimony`, `operators`,
/// `max_nodes`, `max_depth`, `novelty`, `seed` (below 2^53), `schedule` (`every_hours`, `baseline`,
/// `tolerance`), `autonomy` (when a person is asked) and `approval_seconds` (86,400 by default).
/// Unattended, it makes generation after generation, has the gate judge the winner, and promotes
/// it.
#[utoipa::path(
    post,
    path = "/v1/evolutions",
    tag = "evolutions",
    operation_id = "startEvolution",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body(content = Object, description = "What is to evolve, by what, and how"),
    responses(
        (status = 202, description = "Accepted", body = EvolutionView, headers(
            ("Location" = String, description = "The evolution, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        StartProblems,
    ),
)]
pub(crate) async fn start(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut wanted = parse(json(&headers, &body)?)?;
    let agent = find_agent(&deps, &principal.tenant, &wanted.agent).await?;
    let number = wanted.version.map(VersionNumber::try_from).transpose();
    let number = number.map_err(|e| Problem::invalid_request([Violation::of_member(&e)]))?;
    let version = find_version(&deps, &agent, number.unwrap_or(agent.latest)).await?;
    let record = find_problem(&deps, &principal.tenant, &wanted.problem).await?;
    let problem = definition_of(&deps, &record).await?;
    check_fits(&deps, &version, &problem.definition().judge).await?;
    let id = EvolutionId::made_by(call);
    let seed = wanted.seed.unwrap_or_else(|| seed_of(&id));
    wanted.settings.seed = seed;
    let settings = serde_json::to_value(&wanted.settings);
    let policy = serde_json::to_value(wanted.policy);
    let draft = EvolutionDraft {
        tenant: principal.tenant,
        agent: agent.name,
        base: version.version,
        problem: record.name,
        problem_digest: record.digest,
        seed,
        settings: settings.map_err(|e| Problem::internal(&e))?,
        policy: policy.map_err(|e| Problem::internal(&e))?,
        approval_seconds: wanted.approval_seconds,
        schedule: wanted.schedule,
        trigger: Trigger::Request,
    };
    let evolution = store(&deps, Evolution::accept(id, draft, Timestamp::now())).await?;
    begin(&deps, &evolution).await;
    tracing::info!(evolution = %evolution.id, agent = %evolution.draft.agent, "accepted");
    Ok(accepted(
        &location(&evolution.id),
        EvolutionView::from(evolution),
    ))
}

/// Stores the evolution. If whoever served the call before was lost before it could answer, it is
/// returned as it stands.
async fn store(deps: &Deps, evolution: Evolution) -> Result<Evolution, Problem> {
    match deps.table.put_evolution(&evolution).await {
        Ok(()) => Ok(evolution),
        Err(error @ tdev_aws::Error::Conflict { .. }) => {
            let Evolution { id, draft, .. } = &evolution;
            let found = deps.table.evolution(&draft.tenant, id).await?;
            Ok(found.ok_or(error)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// A seed that follows from the identifier, which is random.
fn seed_of(id: &EvolutionId) -> u64 {
    let digits = id.as_str();
    let random = digits
        .get(digits.len().saturating_sub(13)..)
        .unwrap_or_default();
    u64::from_str_radix(random, 16).unwrap_or_default() % SEEDS
}

fn parse(mut body: Map<String, Value>) -> Result<Wanted, Problem> {
    let wanted = Wanted {
        agent: required(&mut body, "agent")?,
        version: optional(&mut body, "version")?,
        problem: required(&mut body, "problem")?,
        schedule: optional(&mut body, "schedule")?,
        policy: optional(&mut body, "autonomy")?.unwrap_or_default(),
        approval_seconds: optional(&mut body, "approval_seconds")?.unwrap_or(APPROVAL_SECONDS),
        seed: optional(&mut body, "seed")?,
        settings: of_json("", Value::Object(body))?,
    };
    let mut errors = Vec::new();
    if let Some(Err(invalid)) = wanted.schedule.as_ref().map(Schedule::check) {
        let pointer = format!("/{}", invalid.field.replace('.', "/"));
        errors.push(Violation::at(
            pointer,
            format!("expected {}", invalid.expected),
        ));
    }
    if !(60..=MAX_APPROVAL_SECONDS).contains(&wanted.approval_seconds) {
        let expected = format!("expected a whole number from 60 to {MAX_APPROVAL_SECONDS}");
        errors.push(Violation::at("/approval_seconds", expected));
    }
    if wanted.seed.is_some_and(|seed| seed >= SEEDS) {
        errors.push(Violation::at("/seed", "expected a whole number below 2^53"));
    }
    if let Err(error) = wanted.settings.check() {
        let pointer = format!("/{}", error.field.replace('.', "/"));
        errors.push(Violation::at(
            pointer,
            format!("expected {}", error.expected),
        ));
    }
    if let Err(error) = variation::operators(&wanted.settings.operators) {
        errors.push(Violation::at("/operators", error.to_string()));
    }
    if errors.is_empty() {
        Ok(wanted)
    } else {
        Err(Problem::invalid_request(errors))
    }
}

fn required<T: DeserializeOwned>(
    body: &mut Map<String, Value>,
    member: &str,
) -> Result<T, Problem> {
    optional(body, member)?.ok_or_else(|| {
        let pointer = format!("/{member}");
        Problem::invalid_request([Violation::at(pointer, "is missing")])
    })
}

fn optional<T: DeserializeOwned>(
    body: &mut Map<String, Value>,
    member: &str,
) -> Result<Option<T>, Problem> {
    let given = body.remove(member);
    given
        .map(|value| of_json(&format!("/{member}"), value))
        .transpose()
}

fn of_json<T: DeserializeOwned>(pointer: &str, value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = error.path().to_string();
        let inner = if place == "." {
            String::new()
        } else {
            format!("/{}", place.replace('.', "/"))
        };
        let violation = Violation::at(format!("{pointer}{inner}"), error.inner().to_string());
        Problem::invalid_request([violation])
    })
}

/// Checks that the agent can evolve, and has the function that the problem calls.
async fn check_fits(deps: &Deps, version: &AgentVersion, judge: &Judge) -> Result<(), Problem> {
    let cannot = |detail: String| Problem::new(ProblemType::CannotEvolve, detail);
    let source = deps.artifacts.get(&version.artifact).await?;
    let Some(source) = source else {
        return Err(cannot("The agent is not made of source.".to_owned()));
    };
    let (scaffold, _) = Scaffold::of(&source).map_err(|error| {
        let because = std::error::Error::source(&error).map(ToString::to_string);
        let detail = match because {
            Some(because) => format!("The agent cannot evolve: {error}: {because}."),
            None => format!("The agent cannot evolve: {error}."),
        };
        cannot(detail)
    })?;
    let function = match judge {
        Judge::Cases { function, .. } | Judge::Agent { function, .. } => function.as_str(),
        Judge::Simulation { .. } => EXECUTE,
    };
    if scaffold.parameters(function).is_none() {
        return Err(cannot(format!(
            "The problem calls `{function}`, and the agent has no such function."
        )));
    }
    Ok(())
}
