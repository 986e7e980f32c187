//! The HTTP API: authenticates, validates, reads, accepts work, and answers fast things at once.
//!
//! [`router`] is the whole of it. Every request gets an identifier, a log line and the security
//! headers (`observe`); everything under `/v1` is for the holders of API keys (`auth`), and every
//! `POST` there can be repeated without harm (`idempotency`). A handler takes the request apart,
//! decides, and then acts; whatever goes wrong is a `Problem`.
//!
//! Agent code is never run in this process: `invocation` stores what is to be run and has
//! `workflow-step` do it.

mod accepted;
mod agents;
mod auth;
mod callable;
mod callee;
mod config;
mod evolution;
mod extract;
mod health;
mod idempotency;
mod input;
mod invocation;
mod manifest;
mod observe;
mod openapi;
mod pagination;
mod prefer;
mod problem;
mod problem_pages;
mod problem_type;
mod registrations;
mod report;
mod request_id;
mod routing;
mod run;
mod schemas;
mod settings;
mod submission;
mod task;
mod versions;
mod workflow;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode};
use tdev_aws::{Artifacts, Function, Objects, Queue, SdkConfig, StateMachine, Table, TaskTokens};
use tdev_journal::Journals;
use tdev_security::Action;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

pub use config::{Config, NotOrigins, Origins};

/// How long a browser may keep the answer to a preflight.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(1);

/// What the handlers work with, built once per process.
#[derive(Debug)]
pub struct Deps {
    table: Table,
    artifacts: Artifacts,
    objects: Objects,
    journals: Journals,
    register_queue: Queue,
    task_queue: Queue,
    train_queue: Queue,
    workflow_step: Function,
    route: Function,
    trigger_evolution: Function,
    state_machine: StateMachine,
    task_tokens: TaskTokens,
    callables: callable::Callables,
    definitions: workflow::Runnables,
    places: task::Places,
    environment: String,
}

impl Deps {
    /// The clients that `config` names.
    pub fn new(sdk: &SdkConfig, config: &Config) -> Self {
        let journal = tdev_journal::Config {
            table: config.table.clone(),
            bucket: config.artifacts_bucket.clone(),
            // What runs keep of themselves is not for this function.
            key: None,
            step_queue_url: config.step_queue_url.clone(),
        };
        Self {
            table: Table::new(sdk, &config.table),
            artifacts: Artifacts::new(sdk, &config.artifacts_bucket),
            objects: Objects::new(sdk, &config.artifacts_bucket),
            journals: Journals::new(sdk, &journal),
            register_queue: Queue::new(sdk, &config.register_queue_url),
            task_queue: Queue::new(sdk, &config.task_queue_url),
            train_queue: Queue::new(sdk, &config.train_queue_url),
            route: Function::new(sdk, &config.route_function),
            workflow_step: Function::new(sdk, &config.workflow_step_function),
            trigger_evolution: Function::new(sdk, &config.trigger_evolution_function),
            state_machine: StateMachine::new(sdk, &config.run_state_machine),
            task_tokens: TaskTokens::new(sdk),
            callables: callable::Callables::default(),
            definitions: workflow::Runnables::default(),
            places: task::Places::default(),
            environment: config.environment.clone(),
        }
    }
}

/// The API as a service.
pub fn router(deps: Deps, config: &Config) -> Router {
    let deps = Arc::new(deps);
    let (routes, description) = OpenApiRouter::with_openapi(openapi::Description::openapi())
        .routes(routes!(health::get))
        .merge(guarded(&deps, Action::ReadAgents, reads()))
        .merge(guarded(&deps, Action::ChangeAgents, changes()))
        .merge(guarded(&deps, Action::InvokeAgent, calls()))
        .merge(guarded(&deps, Action::ReadInvocations, watching()))
        .merge(guarded(&deps, Action::ChangeInvocations, control()))
        .merge(guarded(&deps, Action::ReadTasks, tasks_read()))
        .merge(guarded(&deps, Action::ChangeTasks, tasks_changed()))
        .merge(guarded(&deps, Action::ReadWorkflows, workflows_read()))
        .merge(guarded_up_to(
            &deps,
            Action::ChangeWorkflows,
            tdev_workflow::limits::MAX_TEXT_BYTES,
            workflows_changed(),
        ))
        .merge(guarded(&deps, Action::ReadRuns, runs_read()))
        .merge(guarded(&deps, Action::ChangeRuns, runs_changed()))
        .merge(guarded(&deps, Action::ReadEvolutions, evolutions_read()))
        .merge(guarded(
            &deps,
            Action::ChangeEvolutions,
            evolutions_changed(),
        ))
        .merge(guarded_up_to(
            &deps,
            Action::ChangeEvolutions,
            evolution::MAX_PROBLEM_BYTES,
            OpenApiRouter::new().routes(routes!(evolution::put_problem)),
        ))
        .merge(guarded(&deps, Action::ReadSettings, settings_read()))
        .merge(guarded(&deps, Action::ChangeSettings, settings_changed()))
        .with_state(deps)
        .split_for_parts();
    routes
        .merge(interactive_documentation(description))
        .route("/problems", get(problem_pages::index))
        .route("/problems/{slug}", get(problem_pages::get))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .fallback(problem::no_such_route)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(cors(&config.cors_allowed_origins))
        .layer(from_fn(observe::observe))
}

/// `/openapi.json`, and `/docs` with all that it loads.
fn interactive_documentation(description: utoipa::openapi::OpenApi) -> Router {
    let config = utoipa_swagger_ui::Config::default()
        .validator_url("none")
        .try_it_out_enabled(true);
    let ui = SwaggerUi::new("/docs")
        .url("/openapi.json", description)
        .config(config);
    Router::from(ui).layer(map_response(async |response: Response| {
        if response.status() == StatusCode::NOT_FOUND {
            problem::no_such_route().await.into_response()
        } else {
            response
        }
    }))
}

fn reads() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(agents::list))
        .routes(routes!(agents::get))
        .routes(routes!(versions::list))
        .routes(routes!(versions::get))
        .routes(routes!(registrations::get))
}

fn changes() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(registrations::register))
        .routes(routes!(registrations::release))
        .routes(routes!(agents::delete))
        .routes(routes!(agents::roll_back))
}

fn calls() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new().routes(routes!(invocation::invoke))
}

fn watching() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(invocation::list))
        .routes(routes!(invocation::get))
        .routes(routes!(invocation::effects))
        .routes(routes!(invocation::events))
        .routes(routes!(invocation::replay))
}

fn control() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(invocation::signal))
        .routes(routes!(invocation::cancel))
}

fn tasks_read() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(task::list))
        .routes(routes!(task::get))
        .routes(routes!(task::dead_letters))
        .routes(routes!(routing::explain))
}

fn tasks_changed() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(task::submit))
        .routes(routes!(task::cancel))
        .routes(routes!(task::feedback))
        .routes(routes!(task::redrive))
}

fn workflows_read() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(workflow::list))
        .routes(routes!(workflow::get))
        .routes(routes!(workflow::versions))
        .routes(routes!(workflow::graph))
        .routes(routes!(workflow::optimise))
        .routes(routes!(workflow::export))
        .routes(routes!(workflow::import))
}

fn workflows_changed() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(workflow::register))
        .routes(routes!(workflow::delete))
}

fn runs_read() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(run::list))
        .routes(routes!(run::get))
        .routes(routes!(run::steps))
        .routes(routes!(run::step))
        .routes(routes!(run::events))
        .routes(routes!(run::graph))
}

fn runs_changed() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(run::start))
        .routes(routes!(run::cancel))
        .routes(routes!(run::resume))
        .routes(routes!(run::approve))
}

fn evolutions_read() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(evolution::list))
        .routes(routes!(evolution::get))
        .routes(routes!(evolution::generations))
        .routes(routes!(evolution::generation))
        .routes(routes!(evolution::lineage))
        .routes(routes!(evolution::curve))
        .routes(routes!(evolution::evidence))
        .routes(routes!(evolution::champions))
        .routes(routes!(evolution::list_problems))
        .routes(routes!(evolution::get_problem))
}

fn evolutions_changed() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(evolution::start))
        .routes(routes!(evolution::pause))
        .routes(routes!(evolution::resume))
        .routes(routes!(evolution::cancel))
        .routes(routes!(evolution::approve))
        .routes(routes!(evolution::reject))
}

fn settings_read() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(settings::get))
        .routes(routes!(routing::get))
}

fn settings_changed() -> OpenApiRouter<Arc<Deps>> {
    OpenApiRouter::new()
        .routes(routes!(settings::put))
        .routes(routes!(routing::put_policy))
        .routes(routes!(routing::roll_back))
        .routes(routes!(routing::release))
}

/// Routes that want to do `action`: whoever is let through is answered once, and a panic of the
/// handler is an answer, so that it gives up the claim on an idempotency key.
fn guarded(
    deps: &Arc<Deps>,
    action: Action,
    routes: OpenApiRouter<Arc<Deps>>,
) -> OpenApiRouter<Arc<Deps>> {
    guarded_up_to(deps, action, idempotency::MAX_BODY_BYTES, routes)
}

/// The same for routes whose requests have bodies of up to `max_body_bytes`.
fn guarded_up_to(
    deps: &Arc<Deps>,
    action: Action,
    max_body_bytes: usize,
    routes: OpenApiRouter<Arc<Deps>>,
) -> OpenApiRouter<Arc<Deps>> {
    let once = idempotency::Once {
        deps: Arc::clone(deps),
        max_body_bytes,
    };
    let guard = auth::Guard {
        deps: Arc::clone(deps),
        action,
    };
    routes
        // The body was bounded before it comes to the handler.
        .route_layer(DefaultBodyLimit::disable())
        .route_layer(CatchPanicLayer::custom(problem::panicked))
        .route_layer(from_fn_with_state(once, idempotency::answer_once))
        .route_layer(from_fn_with_state(guard, auth::guard))
}

fn cors(origins: &Origins) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::from(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_NONE_MATCH,
            auth::API_KEY,
            idempotency::KEY,
            prefer::PREFER,
            request_id::HEADER,
        ])
        .expose_headers([
            LOCATION,
            RETRY_AFTER,
            idempotency::REPLAYED,
            prefer::APPLIED,
            request_id::HEADER,
        ])
        .max_age(PREFLIGHT_MAX_AGE)
}
