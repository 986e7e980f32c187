//! Agent versions ready to be called: with their schemas compiled.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use lru::LruCache;
use serde_json::Value;
use tdev_domain::{Agent, AgentName, AgentVersion, TenantId, VersionNumber};

use crate::Deps;
use crate::problem::{Problem, ProblemType, Violation};
use crate::versions::find_version;

/// How many versions a process keeps ready.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(128).unwrap();
/// The most memory one compiled pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;
/// How many violations are reported at most.
const MAX_VIOLATIONS: usize = 32;

/// A version of an agent with its schemas compiled.
#[derive(Debug)]
pub(crate) struct Callable {
    pub(crate) version: AgentVersion,
    input: Option<Validator>,
    output: Option<Validator>,
}

/// The versions called last. A version never changes, so none goes stale.
#[derive(Debug)]
pub(crate) struct Callables(Mutex<LruCache<Id, Arc<Callable>>>);

type Id = (TenantId, AgentName, VersionNumber);

impl Default for Callables {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Callables {
    /// The version of `agent` with this number, read and compiled if it is not at hand.
    pub(crate) async fn get(
        &self,
        deps: &Deps,
        agent: &Agent,
        number: VersionNumber,
    ) -> Result<Arc<Callable>, Problem> {
        let id = (agent.tenant.clone(), agent.name.clone(), number);
        if let Some(callable) = self.lock().get(&id) {
            return Ok(Arc::clone(callable));
        }
        let version = find_version(deps, agent, number).await?;
        let callable = Arc::new(Callable::compile(version)?);
        self.lock().put(id, Arc::clone(&callable));
        Ok(callable)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<Id, Arc<Callable>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Callable {
    fn compile(version: AgentVersion) -> Result<Self, Problem> {
        let [input, output] = [
            ("input_schema", &version.manifest.input_schema),
            ("output_schema", &version.manifest.output_schema),
        ]
        .map(|(field, schema)| {
            compile(field, schema.as_ref()).map_err(|problem| {
                problem
                    .with("agent", &version.agent)
                    .with("version", version.version)
            })
        });
        let (input, output) = (input?, output?);
        Ok(Self {
            version,
            input,
            output,
        })
    }

    /// What is wrong with an input; pointers are into the request's body.
    pub(crate) fn input_violations(&self, input: &Value) -> Vec<Violation> {
        violations(self.input.as_ref(), input, "/input")
    }

    /// What is wrong with an output; pointers are into the output.
    pub(crate) fn output_violations(&self, output: &Value) -> Vec<Violation> {
        violations(self.output.as_ref(), output, "")
    }
}

/// Compiles a schema that comes from an author, and is therefore not trusted: no reference leaves
/// the document, and patterns are matched in linear time or not at all.
pub(crate) fn compile_schema(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    let patterns = PatternOptions::regex()
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(patterns)
        .build(schema)
        .map_err(ValidationError::to_owned)
}

/// Compiles a schema of an agent; `register` has bounded what evaluating it can take before it
/// admitted the version.
fn compile(field: &str, schema: Option<&Value>) -> Result<Option<Validator>, Problem> {
    schema.map(compile_schema).transpose().map_err(|error| {
        Problem::new(
            ProblemType::AgentSchemaInvalid,
            format!("The agent's {field} cannot be used."),
        )
        .with_errors([Violation::at(
            format!("/{field}{}", error.instance_path()),
            error.masked().to_string(),
        )])
    })
}

/// How `value` breaks `schema`; pointers begin with `at`.
pub(crate) fn violations(schema: Option<&Validator>, value: &Value, at: &str) -> Vec<Violation> {
    let violation = |error: ValidationError<'_>| {
        Violation::at(
            format!("{at}{}", error.instance_path()),
            error.masked().to_string(),
        )
    };
    schema.map_or_else(Vec::new, |schema| {
        let errors = schema.iter_errors(value);
        errors.take(MAX_VIOLATIONS).map(violation).collect()
    })
}
