//! Manifests as the API takes and shows them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tdev_domain::{Example, Limits, LimitsDraft, Manifest, ManifestDraft};
use utoipa::ToSchema;

use crate::extract::Object;

/// A manifest as written by a client. What the code itself declares, by `get_capabilities()`,
/// goes before it, field by field.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ManifestDraft)]
pub(crate) struct ManifestBody {
    /// The agent's name; if given, the one it is registered under.
    name: Option<String>,
    /// What the agent does, in a sentence or two.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What it can do, as dotted paths from the general to the particular.
    #[schema(example = json!(["text.statistics"]), max_items = 16)]
    capabilities: Option<Vec<String>>,
    /// Things a person might say when they want this agent.
    #[schema(max_items = 50)]
    utterances: Option<Vec<String>>,
    /// Inputs, with the outputs they must give.
    #[schema(max_items = 16)]
    #[schema(value_type = Option<Vec<ExampleBody>>)]
    examples: Option<Vec<Object<ExampleBody>>>,
    /// JSON Schema (draft 2020-12) of the input.
    #[schema(value_type = Option<Value>)]
    input_schema: Option<Value>,
    /// JSON Schema (draft 2020-12) of the output.
    #[schema(value_type = Option<Value>)]
    output_schema: Option<Value>,
    /// The tools it calls.
    #[schema(example = json!(["log"]))]
    tools: Option<Vec<String>>,
    /// What one run may use.
    #[schema(value_type = Option<LimitsBody>)]
    limits: Option<Object<LimitsBody>>,
}

/// An input and, perhaps, the output it must give.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Example)]
pub(crate) struct ExampleBody {
    /// What `execute` is called with.
    input: Value,
    /// What it must return; where absent, it need only return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
}

/// What one run may use; what is left out takes the default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LimitsDraft)]
pub(crate) struct LimitsBody {
    /// Wall time in milliseconds, time spent waiting for tools left out.
    #[schema(minimum = 1, maximum = 10_000, default = 2_000)]
    wall_time_ms: Option<u64>,
    /// Memory in bytes.
    #[schema(minimum = 1_048_576, maximum = 134_217_728, default = 33_554_432)]
    memory_bytes: Option<u64>,
}

impl From<ManifestBody> for ManifestDraft {
    fn from(body: ManifestBody) -> Self {
        let examples = body.examples.map(|examples| {
            let domain = |Object(ExampleBody { input, output })| Example { input, output };
            examples.into_iter().map(domain).collect()
        });
        let limits = body.limits.map(|Object(limits)| LimitsDraft {
            wall_time_ms: limits.wall_time_ms,
            memory_bytes: limits.memory_bytes,
        });
        Self {
            name: body.name,
            description: body.description,
            capabilities: body.capabilities,
            utterances: body.utterances,
            examples,
            input_schema: body.input_schema,
            output_schema: body.output_schema,
            tools: body.tools,
            limits,
        }
    }
}

/// What an agent can do and what it may use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Manifest)]
pub(crate) struct ManifestView {
    /// What the agent does.
    description: String,
    /// What it can do.
    capabilities: Vec<String>,
    /// Things a person might say when they want this agent.
    utterances: Vec<String>,
    /// Inputs, with the outputs they must give.
    examples: Vec<ExampleBody>,
    /// JSON Schema of the input; absent if every input is admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    input_schema: Option<Value>,
    /// JSON Schema of the output; absent if every output is admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    output_schema: Option<Value>,
    /// The tools it may call.
    tools: Vec<&'static str>,
    /// What one run may use.
    limits: LimitsView,
}

/// What one run may use.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsView {
    /// Wall time in milliseconds, time spent waiting for tools left out.
    wall_time_ms: u32,
    /// Memory in bytes.
    memory_bytes: u64,
}

impl From<Example> for ExampleBody {
    fn from(Example { input, output }: Example) -> Self {
        Self { input, output }
    }
}

impl From<Manifest> for ManifestView {
    fn from(manifest: Manifest) -> Self {
        let Limits {
            wall_time_ms,
            memory_bytes,
        } = manifest.limits;
        Self {
            description: manifest.description,
            capabilities: manifest
                .capabilities
                .into_iter()
                .map(String::from)
                .collect(),
            utterances: manifest.utterances,
            examples: manifest
                .examples
                .into_iter()
                .map(ExampleBody::from)
                .collect(),
            input_schema: manifest.input_schema,
            output_schema: manifest.output_schema,
            tools: manifest
                .tools
                .into_iter()
                .map(tdev_domain::Tool::as_str)
                .collect(),
            limits: LimitsView {
                wall_time_ms,
                memory_bytes,
            },
        }
    }
}
