//! The sample agents that ship with the platform.
//!
//! Each is a Python file beside this one, named after its agent, with a realistic input under
//! `events/agents/`. They are registered and called by the local demonstration, and they are the
//! benign measure of whatever judges agents.

/// A sample agent and something to call it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleAgent {
    /// The name it is registered under.
    pub name: &'static str,
    /// Its Python source.
    pub source: &'static str,
    /// A realistic input, as JSON.
    pub input: &'static str,
}

/// Builds a [`SampleAgent`] from the file stem of its source and input.
macro_rules! sample {
    ($name:literal, $stem:literal) => {
        SampleAgent {
            name: $name,
            source: include_str!(concat!($stem, ".py")),
            input: include_str!(concat!("../../../events/agents/", $stem, ".json")),
        }
    };
    ($name:literal) => {
        sample!($name, $name)
    };
}

/// Agents that are useful, well behaved and within every limit. They answer at once and touch
/// nothing.
pub const SAMPLES: &[SampleAgent] = &[
    sample!("text-statistics"),
    sample!("csv-summary"),
    sample!("invoice-lines"),
    sample!("date-normaliser"),
    sample!("keyword-extractor"),
    sample!("online-bin-packer"),
    sample!("deadline-reminder"),
    sample!("dossier-writer"),
];

/// Agents that remember, wait and call others, so that their runs outlive a worker. In other
/// respects they are as good as [`SAMPLES`]. `order-desk` calls some of those.
pub const DURABLE: &[SampleAgent] = &[
    sample!("reminder"),
    sample!("approval-desk"),
    sample!("order-desk"),
    sample!("visit-counter"),
    sample!("unsteady-archive"),
];

/// A well-meant agent whose embedded table takes it over the size limit.
pub const OVERSIZE: SampleAgent = sample!("country-codes", "oversize");

/// An agent that claims to convert currencies and tries to break out of its sandbox.
pub const HOSTILE: SampleAgent = sample!("currency-converter", "hostile");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use tdev_domain::{AgentName, MAX_AGENT_BYTES, Source, SourceError};

    use super::*;

    fn benign() -> impl Iterator<Item = &'static SampleAgent> {
        SAMPLES.iter().chain(DURABLE)
    }

    fn everything() -> impl Iterator<Item = &'static SampleAgent> {
        benign().chain([&OVERSIZE, &HOSTILE])
    }

    #[test]
    fn names_are_valid_and_distinct() {
        let names: BTreeSet<AgentName> = everything().map(|a| a.name.parse().unwrap()).collect();
        assert_eq!(names.len(), everything().count());
    }

    #[test]
    fn every_source_names_itself_and_has_both_functions() {
        for agent in everything() {
            let name = agent.name;
            assert!(
                agent.source.contains(&format!("\"name\": \"{name}\"")),
                "{name} is declared under another name"
            );
            for signature in ["\ndef get_capabilities():\n", "\ndef execute(input):\n"] {
                assert!(agent.source.contains(signature), "{name}: {signature}");
            }
        }
    }

    #[test]
    fn only_the_oversize_agent_is_over_the_limit() {
        for agent in benign().chain([&HOSTILE]) {
            let source = Source::from_bytes(agent.source.as_bytes());
            assert!(source.is_ok(), "{}: {source:?}", agent.name);
        }
        let bytes = OVERSIZE.source.len();
        assert!(bytes > MAX_AGENT_BYTES);
        assert_eq!(
            Source::from_bytes(OVERSIZE.source.as_bytes()),
            Err(SourceError::TooLarge { bytes })
        );
    }

    #[test]
    fn every_input_is_a_json_object() {
        for agent in everything() {
            let input: Result<Value, _> = serde_json::from_str(agent.input);
            assert!(
                matches!(&input, Ok(Value::Object(fields)) if !fields.is_empty()),
                "{}: {input:?}",
                agent.name
            );
        }
    }

    #[test]
    fn the_bin_packer_marks_what_may_evolve() {
        let source = SAMPLES
            .iter()
            .find(|agent| agent.name == "online-bin-packer")
            .unwrap()
            .source;
        let (_, after) = source.split_once("# EVOLVE-BLOCK-START\n").unwrap();
        let (block, _) = after.split_once("# EVOLVE-BLOCK-END\n").unwrap();
        assert!(block.starts_with("def priority(item, room, capacity):\n"));
    }
}
