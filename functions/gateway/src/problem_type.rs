//! The closed catalogue of problem types.

use http::StatusCode;

/// Declares the types: name, slug, status, title, and what the type's page says.
macro_rules! problem_types {
    ($($(#[doc = $meaning:literal])+ $name:ident = $slug:literal, $status:ident, $title:literal;)+) => {
        /// Every way in which a request can fail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum ProblemType {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl ProblemType {
            /// Every type, by status and slug as declared.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The last segment of the type's reference; never changed once published.
            #[must_use]
            pub(crate) const fn slug(self) -> &'static str {
                match self { $(Self::$name => $slug,)+ }
            }

            /// The HTTP status of every problem of the type.
            #[must_use]
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The type in a few words.
            #[must_use]
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What the type means and what to do about it.
            #[must_use]
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+).trim_ascii_start(),)+ }
            }
        }
    };
}

problem_types! {
    /// The body is not JSON, or nests deeper than 128 levels. The detail gives the line and the
    /// column; members `line` and `column` hold them as numbers.
    MalformedJson = "malformed-json", BAD_REQUEST, "Malformed JSON";
    /// A query parameter or a header is unknown, missing or not of the form that is expected.
    InvalidParameter = "invalid-parameter", BAD_REQUEST, "Invalid parameter";
    /// The request shows two different API keys. Show one, in `Authorization` or in `X-API-Key`.
    ConflictingCredentials = "conflicting-credentials", BAD_REQUEST, "Conflicting credentials";
    /// The request shows no API key, or one that is not valid. Why it is not valid is not told.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Not authenticated";
    /// The API key is valid but does not give the right to do this.
    Forbidden = "forbidden", FORBIDDEN, "Not permitted";
    /// There is nothing at this path.
    NotFound = "not-found", NOT_FOUND, "Not found";
    /// The tenant has no agent of this name.
    AgentNotFound = "agent-not-found", NOT_FOUND, "Agent not found";
    /// The agent or workflow has no version of this number.
    VersionNotFound = "version-not-found", NOT_FOUND, "Version not found";
    /// The tenant has no registration with this identifier, or it has expired.
    RegistrationNotFound = "registration-not-found", NOT_FOUND, "Registration not found";
    /// The tenant has no invocation with this identifier, or it has expired.
    InvocationNotFound = "invocation-not-found", NOT_FOUND, "Invocation not found";
    /// The tenant has no task with this identifier, or it has expired.
    TaskNotFound = "task-not-found", NOT_FOUND, "Task not found";
    /// The tenant has no dead letter with this identifier: there is no such task, or it was not
    /// given up, or it has been redriven.
    DeadLetterNotFound = "dead-letter-not-found", NOT_FOUND, "Dead letter not found";
    /// The tenant has no workflow of this name.
    WorkflowNotFound = "workflow-not-found", NOT_FOUND, "Workflow not found";
    /// The tenant has no run with this identifier, or it has expired.
    RunNotFound = "run-not-found", NOT_FOUND, "Run not found";
    /// The workflow that is run has no step with this identifier.
    StepNotFound = "step-not-found", NOT_FOUND, "Step not found";
    /// The tenant has no evolution with this identifier.
    EvolutionNotFound = "evolution-not-found", NOT_FOUND, "Evolution not found";
    /// The evolution has not made a generation of this number.
    GenerationNotFound = "generation-not-found", NOT_FOUND, "Generation not found";
    /// No winner of the evolution has been examined: it has not come to that yet, or it ended
    /// without a winner.
    EvidenceNotFound = "evidence-not-found", NOT_FOUND, "Evidence not found";
    /// The tenant has no problem of this name for agents to evolve by.
    ProblemNotFound = "problem-not-found", NOT_FOUND, "Problem not found";
    /// The tenant has no such model to route by: none was trained yet, or there is none of this
    /// version that could be gone back to.
    ModelNotFound = "model-not-found", NOT_FOUND, "Model not found";
    /// The resource does not have this method. The `Allow` header lists those that it has.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// Another change came first. Read again, decide again and repeat.
    Conflict = "conflict", CONFLICT, "Conflicting change";
    /// An earlier request with the same `Idempotency-Key` has not been answered yet. Repeat the
    /// request after the time that `Retry-After` names.
    IdempotencyInProgress = "idempotency-in-progress", CONFLICT, "Request in progress";
    /// The agent answers under its first version, so there is none to go back to.
    NoEarlierVersion = "no-earlier-version", CONFLICT, "No earlier version";
    /// Only a registration that is quarantined can be released.
    NotQuarantined = "not-quarantined", CONFLICT, "Registration not quarantined";
    /// The invocation has ended, and does not change any more.
    InvocationEnded = "invocation-ended", CONFLICT, "Invocation ended";
    /// The invocation has not ended, so there is nothing to compare another run with.
    InvocationNotEnded = "invocation-not-ended", CONFLICT, "Invocation not ended";
    /// As many signals as may wait for the invocation do so. Repeat the request once it has taken
    /// some. Member `limit` holds how many may.
    TooManySignals = "too-many-signals", CONFLICT, "Too many signals";
    /// The task has ended.
    TaskEnded = "task-ended", CONFLICT, "Task ended";
    /// The run is being stopped, or has ended. Member `run_status` says where it stands.
    RunNotRunning = "run-not-running", CONFLICT, "Run not running";
    /// Only a run that has failed or was cancelled can be resumed. Member `run_status` says where it
    /// stands.
    RunNotResumable = "run-not-resumable", CONFLICT, "Run not resumable";
    /// The step does not await an approval: it has not come to that yet, it is over, or it is of
    /// another kind.
    ApprovalNotAwaited = "approval-not-awaited", CONFLICT, "Approval not awaited";
    /// Only an evolution that makes generations can be paused. Member `evolution_status` says where
    /// it stands.
    EvolutionNotRunning = "evolution-not-running", CONFLICT, "Evolution not running";
    /// Only an evolution that was paused can be resumed. Member `evolution_status` says where it
    /// stands.
    EvolutionNotPaused = "evolution-not-paused", CONFLICT, "Evolution not paused";
    /// The evolution is over, or its winner is being promoted. Member `evolution_status` says where
    /// it stands.
    EvolutionEnded = "evolution-ended", CONFLICT, "Evolution ended";
    /// Nobody is asked whether the evolution's winner shall be promoted, or somebody has answered
    /// already. Member `evolution_status` says where it stands.
    PromotionNotAsked = "promotion-not-asked", CONFLICT, "Promotion not asked";
    /// There is nothing that could be judged of the task: it has no text, or was neither given to
    /// an agent nor rejected yet.
    NothingToJudge = "nothing-to-judge", CONFLICT, "Nothing to judge";
    /// The agent was deleted. Registering its name again revives it under a new version.
    AgentDeleted = "agent-deleted", GONE, "Agent deleted";
    /// The workflow was deleted. Registering its name again revives it under a new version.
    WorkflowDeleted = "workflow-deleted", GONE, "Workflow deleted";
    /// The request has `If-None-Match: *`, and there is an active agent of this name.
    AgentExists = "agent-exists", PRECONDITION_FAILED, "Agent exists";
    /// An agent's source may have 6,656 bytes. Members `bytes` and `limit` compare.
    AgentTooLarge = "agent-too-large", PAYLOAD_TOO_LARGE, "Agent too large";
    /// The body is over the limit. Member `limit` holds it, in bytes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "Body too large";
    /// The input of an agent or a run is over the limit, in bytes or in depth of nesting.
    InputTooLarge = "input-too-large", PAYLOAD_TOO_LARGE, "Input too large";
    /// What the signal carries is over the limit. Member `limit` holds it, in bytes as JSON.
    SignalTooLarge = "signal-too-large", PAYLOAD_TOO_LARGE, "Signal too large";
    /// The body's media type is not one that this resource takes; the `Accept` header lists them.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type";
    /// The body is JSON but not what is expected: each entry of `errors` points at something
    /// unknown, missing or wrong.
    InvalidRequest = "invalid-request", UNPROCESSABLE_ENTITY, "Invalid request";
    /// The source is empty, is not UTF-8, or has a NUL character.
    InvalidSource = "invalid-source", UNPROCESSABLE_ENTITY, "Invalid source";
    /// The input breaks the input schema of the agent or workflow; each entry of `errors` points at
    /// a violation.
    InvalidInput = "invalid-input", UNPROCESSABLE_ENTITY, "Input breaks the schema";
    /// The workflow's definition cannot be used. Each entry of `errors` has a `code`, which does
    /// not change, a JSON Pointer (`pointer`) into the definition, a `message` and, if an
    /// expression cannot be parsed, the `excerpt` with a caret under the place. Of JSON or YAML
    /// that does not parse the message gives the line and the column.
    InvalidWorkflow = "invalid-workflow", UNPROCESSABLE_ENTITY, "Invalid workflow";
    /// The problem's definition, or a case of it, cannot be used. Each entry of `errors` has a
    /// `code`, which does not change, a JSON Pointer (`pointer`) into the definition, and a
    /// `message`.
    InvalidProblem = "invalid-problem", UNPROCESSABLE_ENTITY, "Invalid problem";
    /// The agent cannot evolve by this problem: its source marks no block that may change, uses
    /// what the evolution tier does not run, or lacks the function that the problem calls. The
    /// detail says which.
    CannotEvolve = "cannot-evolve", UNPROCESSABLE_ENTITY, "Agent cannot evolve";
    /// The `Idempotency-Key` was used before, with another request. Use a new key.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency key reused";
    /// The agent's source does not compile.
    AgentInvalidSource = "agent-invalid-source", FAILED_DEPENDENCY, "Agent does not compile";
    /// The agent raised an exception that nothing caught. Members `exception` and `line` tell of
    /// it, `logs` of what came before, and `invocation` leads to all it did.
    AgentRaised = "agent-raised", FAILED_DEPENDENCY, "Agent raised an exception";
    /// The agent ran longer than its wall time.
    AgentTimedOut = "agent-timed-out", FAILED_DEPENDENCY, "Agent timed out";
    /// The agent needed more memory than its limit.
    AgentOutOfMemory = "agent-out-of-memory", FAILED_DEPENDENCY, "Agent out of memory";
    /// The agent's calls nested too deep.
    AgentRecursionTooDeep = "agent-recursion-too-deep", FAILED_DEPENDENCY,
        "Agent recursed too deep";
    /// The agent called tools too often.
    AgentTooManyToolCalls = "agent-too-many-tool-calls", FAILED_DEPENDENCY,
        "Agent called too many tools";
    /// The agent printed or logged too much.
    AgentTooMuchLogged = "agent-too-much-logged", FAILED_DEPENDENCY, "Agent logged too much";
    /// What the agent returned is not JSON.
    AgentOutputNotJson = "agent-output-not-json", FAILED_DEPENDENCY, "Agent's output is not JSON";
    /// What the agent returned is too large or nests too deep.
    AgentOutputTooLarge = "agent-output-too-large", FAILED_DEPENDENCY,
        "Agent's output is too large";
    /// What the agent returned breaks its own output schema; each entry of `errors` points at a
    /// violation.
    AgentOutputInvalid = "agent-output-invalid", FAILED_DEPENDENCY,
        "Agent's output breaks its schema";
    /// The agent did what the sandbox has no part for: it opened a file or asked for the
    /// environment.
    AgentForbidden = "agent-forbidden", FAILED_DEPENDENCY, "Agent did what is forbidden";
    /// The agent made the interpreter itself fail.
    AgentInterpreter = "agent-interpreter", FAILED_DEPENDENCY, "Agent broke the interpreter";
    /// The agent's own input or output schema cannot be used: it is not valid JSON Schema, refers
    /// to another document, or has a pattern that only a backtracking matcher can run. Each entry
    /// of `errors` points into the manifest.
    AgentSchemaInvalid = "agent-schema-invalid", FAILED_DEPENDENCY, "Agent's schema is invalid";
    /// The invocation ended without an output, and not by a failure of the agent's own: it was
    /// called off, one worker after the other was lost at the same place, or it had had effects
    /// and what was kept of it cannot be used. Member `invocation` leads to what it did.
    InvocationFailed = "invocation-failed", FAILED_DEPENDENCY, "Invocation failed";
    /// A defect of the platform. The instance finds the request in its log.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// The worker that was asked ended before it answered. The sandbox should have contained
    /// whatever an agent did, so this counts as a defect of the platform; another attempt may end
    /// the same way.
    WorkerDied = "worker-died", BAD_GATEWAY, "Worker died";
    /// A service the platform depends on throttles or does not answer. Nothing half-done is
    /// visible; repeat the request after the time that `Retry-After` names.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable";
    /// The worker did not answer in time. Nothing was changed; another attempt may be faster.
    WorkerTimedOut = "worker-timed-out", GATEWAY_TIMEOUT, "Worker timed out";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn slugs_are_unique_and_fit_for_a_path() {
        let slugs: BTreeSet<_> = ProblemType::ALL.iter().map(|kind| kind.slug()).collect();
        assert_eq!(slugs.len(), ProblemType::ALL.len());
        for slug in slugs {
            assert!(
                slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{slug}"
            );
        }
    }

    #[test]
    fn the_catalogue() {
        let table: Vec<_> = ProblemType::ALL
            .iter()
            .map(|kind| {
                format!(
                    "{} {} – {}",
                    kind.status().as_u16(),
                    kind.slug(),
                    kind.meaning()
                )
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }
}
