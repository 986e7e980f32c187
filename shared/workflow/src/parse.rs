//! From text to a definition, and back.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::definition::Definition;
use crate::problem::{Code, Problem};
use crate::{limits, pointer};

impl Definition {
    /// Parses a definition that is written in JSON.
    ///
    /// # Errors
    /// The first place at which the text is not of the form of a definition.
    pub fn from_json(text: &str) -> Result<Self, Problem> {
        check_length(text)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let definition = serde_path_to_error::deserialize(&mut deserializer)
            .map_err(|error| malformed(error.path(), &error.inner().to_string()))?;
        deserializer
            .end()
            .map_err(|error| Problem::new(Code::Malformed, "", error.to_string()))?;
        Ok(definition)
    }

    /// Parses a definition that is written in YAML 1.2.
    ///
    /// What aliases stand for counts as if it were written out, and must be within the same
    /// bounds.
    ///
    /// # Errors
    /// The first place at which the text is not of the form of a definition.
    pub fn from_yaml(text: &str) -> Result<Self, Problem> {
        yaml(text)
    }

    /// The definition as JSON, without what is as by default.
    #[must_use]
    pub fn to_json(&self) -> String {
        // There is nothing in a definition that JSON has no place for.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The definition as YAML, without what is as by default.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        // Through JSON, so that both show the same.
        let value = serde_json::to_value(self).unwrap_or_default();
        serde_saphyr::to_string(&value).unwrap_or_default()
    }
}

/// A document of another language that is written in YAML 1.2, as JSON has it; for
/// [`import_serverless_workflow`](crate::import_serverless_workflow).
///
/// # Errors
/// The first place at which the text is not YAML, or has no counterpart in JSON.
pub fn document_from_yaml(text: &str) -> Result<Value, Problem> {
    yaml(text)
}

/// What `text` says in YAML, within the bounds of a definition.
fn yaml<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    check_length(text)?;
    let options = serde_saphyr::options! {
        // As in YAML 1.2, where `on` and `no` are text.
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_depth: limits::MAX_DEPTH,
            max_documents: 1,
            max_nodes: limits::MAX_TEXT_BYTES / 8,
            max_events: limits::MAX_TEXT_BYTES / 4,
            max_recorded_anchor_events: limits::MAX_TEXT_BYTES / 64,
            max_total_scalar_bytes: limits::MAX_TEXT_BYTES,
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: limits::MAX_TEXT_BYTES / 8,
            max_replay_stack_depth: 16,
            max_alias_expansions_per_anchor: limits::MAX_STEPS,
        },
    };
    let mut found = None;
    let parsed =
        serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
            serde_path_to_error::deserialize(deserializer).map_err(|error| {
                found = Some(malformed(error.path(), &yaml_message(error.inner())));
                error.into_inner()
            })
        });
    parsed.map_err(|error| {
        found.unwrap_or_else(|| Problem::new(Code::Malformed, "", yaml_message(&error)))
    })
}

fn check_length(text: &str) -> Result<(), Problem> {
    if text.len() <= limits::MAX_TEXT_BYTES {
        return Ok(());
    }
    let message = format!(
        "the text has {} bytes; at most {} are taken",
        text.len(),
        limits::MAX_TEXT_BYTES
    );
    Err(Problem::new(Code::TooLarge, "", message))
}

/// The error without the excerpt of the text that YAML's come with.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    error.without_snippet().to_string()
}

fn malformed(path: &Path, message: &str) -> Problem {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer::push(&mut place, index),
            Segment::Map { key } => pointer::push(&mut place, key),
            // A variant is written as a key; an unknown one ends the path.
            Segment::Enum { variant } => pointer::push(&mut place, variant),
            Segment::Unknown => break,
        }
    }
    Problem::new(Code::Malformed, place, message)
}
