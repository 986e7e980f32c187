//! Registrations: submitting an agent, and watching it on its way.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use http::HeaderMap;
use http::header::IF_NONE_MATCH;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::{
    AgentName, AgentStatus, ApiKeyId, CallId, IllegalTransition, RegisterMessage, Registration,
    RegistrationId, Release, State as RegistrationState, StateName, TenantId, Transition,
};
use tdev_security::Principal;
use utoipa::ToSchema;

use crate::Deps;
use crate::accepted::{accepted, poll_later};
use crate::extract::{Params, Segments, json_or_default};
use crate::problem::{Problem, ProblemType, Violation};
use crate::problems;
use crate::report::ReportView;
use crate::schemas::state_names;
use crate::submission::{RegisterQuery, RegisterRequest, Submission};

/// The most characters of the reason for a release.
const MAX_REASON_CHARS: usize = 500;

/// A submitted agent and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Registration)]
pub(crate) struct RegistrationView {
    /// Its identifier.
    #[schema(value_type = String, example = "reg_0199c0de0199c0de0199c0de0199c0de")]
    id: RegistrationId,
    /// The name to register under.
    #[schema(value_type = String)]
    agent: AgentName,
    /// Where it stands.
    state: StateView,
    /// The SHA-256 of the source, in hexadecimal.
    artifact: String,
    /// The size of the source in bytes.
    bytes: u32,
    /// The path so far.
    history: Vec<TransitionView>,
    /// What analysis and probe found out; absent until the registration is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    report: Option<ReportView>,
    /// The release from quarantine; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    release: Option<ReleaseView>,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// Where a registration stands. `active`, `quarantined` and `rejected` are settled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = State)]
pub(crate) struct StateView {
    /// The state.
    #[schema(schema_with = state_names)]
    name: StateName,
    /// The version it was admitted as; absent unless `active`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<u32>,
}

/// One step of a registration's path.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transition)]
pub(crate) struct TransitionView {
    /// The state entered.
    #[schema(schema_with = state_names)]
    state: StateName,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why.
    reason: String,
}

/// A person's word that an agent's security findings are acceptable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Release)]
pub(crate) struct ReleaseView {
    /// The identifier of the API key they showed.
    #[schema(value_type = String)]
    by: ApiKeyId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
}

impl From<Release> for ReleaseView {
    fn from(Release { by, at, reason }: Release) -> Self {
        Self { by, at, reason }
    }
}

impl From<Registration> for RegistrationView {
    fn from(registration: Registration) -> Self {
        let version = match registration.state {
            RegistrationState::Active { version } => Some(version.get()),
            _ => None,
        };
        let transition = |Transition { state, at, reason }| TransitionView { state, at, reason };
        Self {
            id: registration.id,
            agent: registration.agent,
            state: StateView {
                name: registration.state.name(),
                version,
            },
            artifact: registration.artifact.into(),
            bytes: registration.bytes,
            history: registration.history.into_iter().map(transition).collect(),
            report: registration.report.map(ReportView::from),
            release: registration.release.map(ReleaseView::from),
            created_at: registration.created_at,
            updated_at: registration.updated_at,
        }
    }
}

problems!(RegisterProblems, POST: AgentExists, AgentTooLarge, InvalidSource);

/// Register an agent.
///
/// The agent is stored and queued; the answer is a registration to poll until its state is
/// `active`, `quarantined` or `rejected`, which takes about a second. Registering a name that
/// there is already makes a new version of that agent; `If-None-Match: *` refuses that.
///
/// After a 503 nothing of the request is visible: a registration that was stored but not queued is
/// never worked on and expires within a day.
#[utoipa::path(
    post,
    path = "/v1/agents",
    tag = "registrations",
    operation_id = "registerAgent",
    params(
        RegisterQuery,
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "`*`: only if there is no active agent of this name."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body(content(
        (RegisterRequest = "application/json"),
        (String = "text/x-python"),
    )),
    responses(
        (status = 202, description = "Accepted", body = RegistrationView, headers(
            ("Location" = String, description = "The registration, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        RegisterProblems,
    ),
)]
pub(crate) async fn register(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Extension(call): Extension<CallId>,
    Params(query): Params<RegisterQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let submission = Submission::parse(query, &headers, &body)?;
    let id = RegistrationId::made_by(call);
    if must_be_new(&headers)? {
        refuse_existing(&deps, &principal.tenant, &submission.name, &id).await?;
    }
    let artifact = deps.artifacts.put(&submission.source).await?;
    let registration = Registration::accept(
        principal.tenant,
        submission.name,
        artifact,
        u32::try_from(submission.source.len()).unwrap_or(u32::MAX),
        submission.manifest,
        Timestamp::now(),
    );
    let registration = Registration { id, ..registration };
    let registration = store(&deps, registration).await?;
    enqueue(&deps, &registration).await?;
    tracing::info!(registration = %registration.id, agent = %registration.agent, "accepted");
    Ok(accepted_registration(registration))
}

problems!(RegistrationProblems, PRIVATE: RegistrationNotFound);

/// Read a registration.
///
/// `Retry-After` says when to ask again; it is absent once the registration is settled.
#[utoipa::path(
    get,
    path = "/v1/registrations/{id}",
    tag = "registrations",
    operation_id = "getRegistration",
    params(("id" = String, Path, description = "The registration's identifier.")),
    responses((status = 200, description = "The registration", body = RegistrationView), RegistrationProblems),
)]
pub(crate) async fn get(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
) -> Result<Response, Problem> {
    let registration = find(&deps, &principal.tenant, &id).await?;
    let settled = registration.state.name().is_settled();
    let view = Json(RegistrationView::from(registration));
    Ok(if settled {
        view.into_response()
    } else {
        ([poll_later()], view).into_response()
    })
}

/// Why a quarantined agent may be admitted after all.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseRequest {
    /// In your words, for the record.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

problems!(ReleaseProblems, POST: RegistrationNotFound, Conflict, NotQuarantined);

/// Release a quarantined registration.
///
/// The agent is analysed and run again with its security findings accepted; the registration's
/// path records it. It may still be rejected for other reasons. Repeating the request while that
/// goes on is harmless, and after a 503 it is what queues the work.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/release",
    tag = "registrations",
    operation_id = "releaseRegistration",
    params(
        ("id" = String, Path, description = "The registration's identifier."),
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Names the request, so that repeating it is harmless."),
    ),
    request_body = Option<ReleaseRequest>,
    responses(
        (status = 202, description = "Accepted", body = RegistrationView, headers(
            ("Location" = String, description = "The registration, to poll."),
            ("Retry-After" = u32, description = "After how many seconds to poll."),
        )),
        ReleaseProblems,
    ),
)]
pub(crate) async fn release(
    State(deps): State<Arc<Deps>>,
    Extension(principal): Extension<Principal>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let reason = release_reason(json_or_default(&headers, &body)?)?;
    let registration = find(&deps, &principal.tenant, &id).await?;
    let released = if registration.release.is_some() && !registration.state.name().is_settled() {
        // Released already; its message may not have been sent.
        registration
    } else {
        let release = Release {
            by: principal.key,
            at: Timestamp::now(),
            reason,
        };
        let released = registration.released(release).map_err(not_quarantined)?;
        deps.table.put_registration(&released).await?;
        released
    };
    enqueue(&deps, &released).await?;
    tracing::info!(registration = %released.id, agent = %released.agent, "released");
    Ok(accepted_registration(released))
}

fn release_reason(request: ReleaseRequest) -> Result<Option<String>, Problem> {
    let fits = |reason: &String| (1..=MAX_REASON_CHARS).contains(&reason.trim().chars().count());
    match request.reason {
        Some(reason) if !fits(&reason) => Err(Problem::invalid_request([Violation::at(
            "/reason",
            format!("expected 1 to {MAX_REASON_CHARS} characters"),
        )])),
        reason => Ok(reason),
    }
}

fn not_quarantined(error: IllegalTransition) -> Problem {
    Problem::new(
        ProblemType::NotQuarantined,
        format!("The registration is {}.", error.from.as_str()),
    )
}

/// Whether the request has `If-None-Match: *`.
fn must_be_new(headers: &HeaderMap) -> Result<bool, Problem> {
    match headers.get(IF_NONE_MATCH) {
        None => Ok(false),
        Some(value) if value == "*" => Ok(true),
        Some(_) => Err(Problem::new(
            ProblemType::InvalidParameter,
            "The one precondition that is known here is `If-None-Match: *`.",
        )
        .with_errors([Violation::header(&IF_NONE_MATCH, "expected `*`")])),
    }
}

/// Refuses the name of an active agent, unless it may be active by the registration `id` itself.
async fn refuse_existing(
    deps: &Deps,
    tenant: &TenantId,
    name: &AgentName,
    id: &RegistrationId,
) -> Result<(), Problem> {
    match deps.table.agent(tenant, name).await? {
        Some(agent)
            if agent.status == AgentStatus::Active
                && deps.table.registration(tenant, id).await?.is_none() =>
        {
            Err(Problem::new(
                ProblemType::AgentExists,
                format!("There is an active agent `{name}`."),
            ))
        }
        _ => Ok(()),
    }
}

/// Stores the registration. If whoever served the call before was lost before it could answer, it
/// is returned as it stands.
async fn store(deps: &Deps, registration: Registration) -> Result<Registration, Problem> {
    match deps.table.put_registration(&registration).await {
        Ok(()) => Ok(registration),
        Err(error @ tdev_aws::Error::Conflict { .. }) => {
            let Registration { tenant, id, .. } = &registration;
            let found = deps.table.registration(tenant, id).await?;
            Ok(found.ok_or(error)?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn enqueue(deps: &Deps, registration: &Registration) -> Result<(), Problem> {
    let message = RegisterMessage {
        tenant: registration.tenant.clone(),
        registration: registration.id.clone(),
    };
    Ok(deps.register_queue.send(&message, &[]).await?)
}

async fn find(deps: &Deps, tenant: &TenantId, id: &str) -> Result<Registration, Problem> {
    let not_found = || {
        Problem::new(
            ProblemType::RegistrationNotFound,
            "There is no registration with this identifier.",
        )
    };
    let id: RegistrationId = id.parse().map_err(|_| not_found())?;
    deps.table
        .registration(tenant, &id)
        .await?
        .ok_or_else(not_found)
}

fn accepted_registration(registration: Registration) -> Response {
    let location = format!("/v1/registrations/{}", registration.id);
    accepted(&location, RegistrationView::from(registration))
}
