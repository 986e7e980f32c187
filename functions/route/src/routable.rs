//! Agent versions that tasks may be given to: with their input schemas compiled.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use tdev_domain::{AgentVersion, Callee};

/// The most memory one compiled pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 256 * 1024;

/// A version of an agent with its input schema compiled.
#[derive(Debug)]
pub struct Routable {
    /// The version.
    pub version: AgentVersion,
    input: Schema,
}

#[derive(Debug)]
enum Schema {
    /// Everything fits.
    Open,
    /// What it admits fits.
    Compiled(Box<Validator>),
    /// It cannot be used, so nothing is known to fit.
    Unusable,
}

impl Routable {
    /// Compiles the schema. One that cannot be used is logged, and admits nothing.
    #[must_use]
    pub fn new(version: AgentVersion) -> Self {
        let input = match &version.manifest.input_schema {
            None => Schema::Open,
            Some(schema) => compile(schema).unwrap_or_else(|error| {
                tracing::warn!(
                    agent = %version.agent,
                    version = %version.version,
                    error,
                    "the input schema cannot be used"
                );
                Schema::Unusable
            }),
        };
        Self { version, input }
    }

    /// Whether the agent takes `input`.
    #[must_use]
    pub fn takes(&self, input: &Value) -> bool {
        match &self.input {
            Schema::Open => true,
            Schema::Compiled(schema) => schema.is_valid(input),
            Schema::Unusable => false,
        }
    }

    /// What an invocation of it runs.
    #[must_use]
    pub fn callee(&self) -> Callee {
        let version = &self.version;
        Callee {
            agent: version.agent.clone(),
            version: version.version,
            artifact: version.artifact.clone(),
            tools: version.manifest.tools.clone(),
            limits: version.manifest.limits,
        }
    }
}

/// Compiles a schema that comes from an agent, and is therefore not trusted: no reference leaves
/// the document, and patterns are matched in linear time or not at all.
fn compile(schema: &Value) -> Result<Schema, String> {
    let patterns = PatternOptions::regex()
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .offline()
        .with_pattern_options(patterns)
        .build(schema)
        .map(|validator| Schema::Compiled(Box::new(validator)))
        .map_err(|error| error.masked().to_string())
}
