//! What an agent says of itself, and what it is held to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Capability, Invalid, Tool};

/// The bounds of a manifest and of a run.
pub mod limits {
    /// Wall time of a run when the manifest names none, in milliseconds.
    pub const DEFAULT_WALL_TIME_MS: u32 = 2_000;
    /// The most wall time a manifest may ask for, in milliseconds.
    pub const MAX_WALL_TIME_MS: u32 = 10_000;
    /// Memory of a run when the manifest names none, in bytes.
    pub const DEFAULT_MEMORY_BYTES: u64 = 32 * 1024 * 1024;
    /// The least memory a manifest may ask for, in bytes.
    pub const MIN_MEMORY_BYTES: u64 = 1024 * 1024;
    /// The most memory a manifest may ask for, in bytes.
    pub const MAX_MEMORY_BYTES: u64 = 128 * 1024 * 1024;
    /// The most bytes an input may have as JSON.
    pub const MAX_INPUT_BYTES: usize = 256 * 1024;
    /// The most bytes an output may have as JSON.
    pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;
    /// How deep an input or output may nest.
    pub const MAX_JSON_DEPTH: usize = 64;
    /// The most bytes an agent may print in one run.
    pub const MAX_PRINT_BYTES: usize = 16 * 1024;
    /// The most tool calls in one run.
    pub const MAX_TOOL_CALLS: u32 = 256;
    /// The deepest call stack.
    pub const MAX_RECURSION: u32 = 200;
    /// The most characters of a description.
    pub const MAX_DESCRIPTION_CHARS: usize = 1_000;
    /// The most capabilities of one agent.
    pub const MAX_CAPABILITIES: usize = 16;
    /// The most example utterances.
    pub const MAX_UTTERANCES: usize = 50;
    /// The most characters of one utterance.
    pub const MAX_UTTERANCE_CHARS: usize = 500;
    /// The most examples.
    pub const MAX_EXAMPLES: usize = 16;
    /// The most bytes a manifest may have as JSON, submitted or merged.
    pub const MAX_MANIFEST_BYTES: usize = 32 * 1024;
}

/// What one run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time in milliseconds, time spent waiting for tools left out.
    pub wall_time_ms: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_time_ms: limits::DEFAULT_WALL_TIME_MS,
            memory_bytes: limits::DEFAULT_MEMORY_BYTES,
        }
    }
}

/// An input and, perhaps, the output it must give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What `execute` is called with.
    pub input: Value,
    /// What it must return; where absent, it need only return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// A manifest as written: by the agent's `get_capabilities()`, or by the client beside the source.
///
/// Nothing in it has been checked. [`Manifest::merge`] does that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManifestDraft {
    /// The agent's name, which must agree with the one it is registered under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the agent does, in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it can do, as dotted paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    /// Things a person might say when they want this agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utterances: Option<Vec<String>>,
    /// Inputs with the outputs they must give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<Example>>,
    /// JSON Schema (draft 2020-12) of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// JSON Schema (draft 2020-12) of the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The tools it calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// What one run may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsDraft>,
}

/// The limits of a [`ManifestDraft`]; what is left out takes the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsDraft {
    /// Wall time in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_time_ms: Option<u64>,
    /// Memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// What an agent can do and what it may use, validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the agent does, in a sentence or two.
    pub description: String,
    /// What it can do; at least one.
    pub capabilities: Vec<Capability>,
    /// Things a person might say when they want this agent.
    pub utterances: Vec<String>,
    /// Inputs with the outputs they must give.
    pub examples: Vec<Example>,
    /// JSON Schema of the input; `None` admits everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// JSON Schema of the output; `None` admits everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The tools it may call.
    pub tools: BTreeSet<Tool>,
    /// What one run may use.
    pub limits: Limits,
}

impl Manifest {
    /// Merges what the code declares with what the client sent, and validates the whole.
    ///
    /// The code's word goes before the client's, field by field, since it is part of the hashed
    /// artifact; the client fills in what the code leaves out. All complaints are returned at
    /// once. Schemas are checked to be objects or booleans here; whether they are valid JSON
    /// Schema is for a crate that knows the standard.
    pub fn merge(code: ManifestDraft, client: ManifestDraft) -> Result<Self, Vec<Invalid>> {
        let mut problems = Vec::new();
        let description = description(code.description.or(client.description), &mut problems);
        let capabilities = capabilities(code.capabilities.or(client.capabilities), &mut problems);
        let utterances = utterances(code.utterances.or(client.utterances), &mut problems);
        let examples = code.examples.or(client.examples).unwrap_or_default();
        if examples.len() > limits::MAX_EXAMPLES {
            problems.push(Invalid::new(
                "examples",
                format!("at most {}", limits::MAX_EXAMPLES),
            ));
        }
        let input_schema = code.input_schema.or(client.input_schema);
        let output_schema = code.output_schema.or(client.output_schema);
        for (field, schema) in [
            ("input_schema", &input_schema),
            ("output_schema", &output_schema),
        ] {
            if schema
                .as_ref()
                .is_some_and(|s| !s.is_object() && !s.is_boolean())
            {
                problems.push(Invalid::new(field, "a JSON Schema: an object or a boolean"));
            }
        }
        let tools = tools(code.tools.or(client.tools), &mut problems);
        let limits = run_limits(
            code.limits.or(client.limits).unwrap_or_default(),
            &mut problems,
        );
        if problems.is_empty() {
            Ok(Self {
                description,
                capabilities,
                utterances,
                examples,
                input_schema,
                output_schema,
                tools,
                limits,
            })
        } else {
            Err(problems)
        }
    }
}

fn description(text: Option<String>, problems: &mut Vec<Invalid>) -> String {
    let text = text.map(|t| t.trim().to_owned()).unwrap_or_default();
    if text.is_empty() || text.chars().count() > limits::MAX_DESCRIPTION_CHARS {
        problems.push(Invalid::new(
            "description",
            format!("1 to {} characters", limits::MAX_DESCRIPTION_CHARS),
        ));
    }
    text
}

fn capabilities(names: Option<Vec<String>>, problems: &mut Vec<Invalid>) -> Vec<Capability> {
    let names = names.unwrap_or_default();
    if names.is_empty() || names.len() > limits::MAX_CAPABILITIES {
        problems.push(Invalid::new(
            "capabilities",
            format!("1 to {} capabilities", limits::MAX_CAPABILITIES),
        ));
    }
    let mut parsed = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        match name.parse::<Capability>() {
            Ok(capability) if parsed.contains(&capability) => {}
            Ok(capability) => parsed.push(capability),
            Err(e) => problems.push(Invalid::new(format!("capabilities[{i}]"), e.expected)),
        }
    }
    parsed
}

fn utterances(texts: Option<Vec<String>>, problems: &mut Vec<Invalid>) -> Vec<String> {
    let texts = texts.unwrap_or_default();
    if texts.len() > limits::MAX_UTTERANCES {
        problems.push(Invalid::new(
            "utterances",
            format!("at most {}", limits::MAX_UTTERANCES),
        ));
    }
    for (i, text) in texts.iter().enumerate() {
        if text.trim().is_empty() || text.chars().count() > limits::MAX_UTTERANCE_CHARS {
            problems.push(Invalid::new(
                format!("utterances[{i}]"),
                format!("1 to {} characters", limits::MAX_UTTERANCE_CHARS),
            ));
        }
    }
    texts
}

fn tools(names: Option<Vec<String>>, problems: &mut Vec<Invalid>) -> BTreeSet<Tool> {
    let mut parsed = BTreeSet::new();
    for (i, name) in names.unwrap_or_default().iter().enumerate() {
        match name.parse::<Tool>() {
            Ok(tool) => {
                parsed.insert(tool);
            }
            Err(e) => problems.push(Invalid::new(format!("tools[{i}]"), e.expected)),
        }
    }
    parsed
}

fn run_limits(draft: LimitsDraft, problems: &mut Vec<Invalid>) -> Limits {
    let mut limits = Limits::default();
    if let Some(ms) = draft.wall_time_ms {
        match u32::try_from(ms) {
            Ok(ms @ 1..=limits::MAX_WALL_TIME_MS) => limits.wall_time_ms = ms,
            _ => problems.push(Invalid::new(
                "limits.wall_time_ms",
                format!("1 to {} milliseconds", limits::MAX_WALL_TIME_MS),
            )),
        }
    }
    if let Some(bytes) = draft.memory_bytes {
        if (limits::MIN_MEMORY_BYTES..=limits::MAX_MEMORY_BYTES).contains(&bytes) {
            limits.memory_bytes = bytes;
        } else {
            problems.push(Invalid::new(
                "limits.memory_bytes",
                format!(
                    "{} to {} bytes",
                    limits::MIN_MEMORY_BYTES,
                    limits::MAX_MEMORY_BYTES
                ),
            ));
        }
    }
    limits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draft(value: Value) -> ManifestDraft {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_code_goes_before_the_client() {
        let manifest = Manifest::merge(
            draft(json!({"description": "Counts words.", "tools": ["log"]})),
            draft(json!({
                "description": "Something else.",
                "capabilities": ["text.count", "text.count"],
                "tools": ["log", "now"],
            })),
        )
        .unwrap();
        assert_eq!(manifest.description, "Counts words.");
        assert_eq!(manifest.capabilities, ["text.count".parse().unwrap()]);
        assert_eq!(manifest.tools, BTreeSet::from([Tool::Log]));
        assert_eq!(manifest.limits, Limits::default());
    }

    #[test]
    fn every_complaint_is_returned_at_once_with_its_place() {
        let problems = Manifest::merge(
            draft(json!({
                "capabilities": ["ok", "Not Ok"],
                "utterances": [""],
                "input_schema": 3,
                "tools": ["log", "fly"],
                "limits": {"wall_time_ms": 0, "memory_bytes": 1},
            })),
            ManifestDraft::default(),
        )
        .unwrap_err();
        let fields: Vec<_> = problems.iter().map(|p| p.field.as_ref()).collect();
        assert_eq!(
            fields,
            [
                "description",
                "capabilities[1]",
                "utterances[0]",
                "input_schema",
                "tools[1]",
                "limits.wall_time_ms",
                "limits.memory_bytes",
            ]
        );
    }

    #[test]
    fn a_misspelt_field_is_named() {
        let error = serde_json::from_value::<ManifestDraft>(json!({"capabilitys": []}));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("unknown field `capabilitys`")
        );
    }
}
