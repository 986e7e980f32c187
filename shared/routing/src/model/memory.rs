//! The examples a model is trained on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::{AgentKey, Scratch, Snapshot};
use crate::Error;
use crate::features::MAX_CHARS;
use crate::sealed::{self, Kind};

/// How probable an agent must be for a text to be assumed to be for it.
pub const SURE: f32 = 0.8;
/// The most examples kept of one agent; beyond it the oldest goes, assumptions first and what the
/// manifest says last.
pub const MAX_EXAMPLES: usize = 500;
/// The most texts kept that are for no agent; beyond it the oldest goes.
pub const MAX_OUTSIDE: usize = 1_000;

/// Where an example comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// An utterance of the agent's manifest.
    Manifest,
    /// A task that the agent did, or failed to do.
    Outcome,
    /// What a client said of a decision.
    Feedback,
    /// A task of which nothing is known but that the model was sure.
    Assumption,
}

/// A text, and whether it is for the agent it is kept under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The text, at most [`MAX_CHARS`] characters of it.
    pub text: String,
    /// Whether it is for the agent.
    pub positive: bool,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every example there is, by agent: the state from which a model can be trained anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    agents: BTreeMap<AgentKey, VecDeque<Example>>,
    outside: VecDeque<String>,
}

impl Memory {
    /// A memory of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes up an agent with the utterances of its manifest, in place of those of an earlier
    /// version; what was learned from outcomes and feedback stays.
    pub fn introduce<'t>(
        &mut self,
        agent: &AgentKey,
        utterances: impl IntoIterator<Item = &'t str>,
    ) {
        self.agents
            .entry(agent.clone())
            .or_default()
            .retain(|example| example.origin != Origin::Manifest);
        for text in utterances {
            self.record(agent, text, true, Origin::Manifest);
        }
    }

    /// Remembers that `text` is, or is not, for `agent`. What was known of the same text and agent
    /// is replaced.
    pub fn record(&mut self, agent: &AgentKey, text: &str, positive: bool, origin: Origin) {
        let text = shorten(text);
        let examples = self.agents.entry(agent.clone()).or_default();
        examples.retain(|example| example.text != text);
        if examples.len() >= MAX_EXAMPLES {
            let oldest = |dispensable: fn(Origin) -> bool| {
                examples.iter().position(|e| dispensable(e.origin))
            };
            let first = oldest(|origin| origin == Origin::Assumption)
                .or_else(|| oldest(|origin| origin != Origin::Manifest));
            examples.remove(first.unwrap_or(0));
        }
        examples.push_back(Example {
            text,
            positive,
            origin,
        });
    }

    /// Remembers that `text` is for no agent.
    pub fn record_outside(&mut self, text: &str) {
        let text = shorten(text);
        self.outside.retain(|known| *known != text);
        if self.outside.len() >= MAX_OUTSIDE {
            self.outside.pop_front();
        }
        self.outside.push_back(text);
    }

    /// Takes texts of which nothing is known for what `snapshot` is sure they are, in place of all
    /// that was assumed before, and says how many that were.
    ///
    /// A model trained on what it guessed itself has met more ways of saying the same thing. What
    /// is known of a text is never overruled by an assumption.
    pub fn assume<'t>(
        &mut self,
        snapshot: &Snapshot,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> usize {
        for examples in self.agents.values_mut() {
            examples.retain(|example| example.origin != Origin::Assumption);
        }
        let known: BTreeSet<String> = self
            .iter()
            .map(|(_, example)| example.text.clone())
            .chain(self.outside.iter().cloned())
            .collect();
        let mut scratch = Scratch::new();
        let mut assumed = 0;
        for text in texts {
            let prediction = snapshot.predict(text, &mut scratch);
            let sure = prediction.best().filter(|(_, p)| *p >= SURE);
            if let Some((agent, _)) = sure
                && prediction.is_in_scope()
                && self.agents.contains_key(agent)
                && !known.contains(&shorten(text))
            {
                self.record(agent, text, true, Origin::Assumption);
                assumed += 1;
            }
        }
        assumed
    }

    /// Forgets an agent, and says whether it was known.
    pub fn forget(&mut self, agent: &AgentKey) -> bool {
        self.agents.remove(agent).is_some()
    }

    /// The agents, in ascending order of key.
    pub fn agents(&self) -> impl Iterator<Item = &AgentKey> {
        self.agents.keys()
    }

    /// The examples of one agent, oldest first.
    pub fn examples(&self, agent: &AgentKey) -> impl Iterator<Item = &Example> {
        self.agents.get(agent).into_iter().flatten()
    }

    /// Every example with its agent, by agent and then by age.
    pub fn iter(&self) -> impl Iterator<Item = (&AgentKey, &Example)> {
        self.agents
            .iter()
            .flat_map(|(agent, examples)| examples.iter().map(move |example| (agent, example)))
    }

    /// The texts that are for no agent, oldest first.
    pub fn outside(&self) -> impl Iterator<Item = &str> {
        self.outside.iter().map(String::as_str)
    }

    /// The memory as bytes, with a header that names the format and holds their SHA-256.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        sealed::seal(Kind::Memory, self)
    }

    /// The memory that [`Memory::to_bytes`] made bytes of.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        sealed::open(Kind::Memory, bytes)
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(memory: &Memory, agent: &AgentKey) -> Vec<String> {
        memory.examples(agent).map(|e| e.text.clone()).collect()
    }

    #[test]
    fn a_new_version_replaces_utterances_and_keeps_what_was_learned() {
        let agent = AgentKey::from("weather");
        let mut memory = Memory::new();
        memory.introduce(&agent, ["will it rain"]);
        memory.record(&agent, "is it cold", true, Origin::Outcome);
        memory.introduce(&agent, ["any snow"]);
        assert_eq!(texts(&memory, &agent), ["is it cold", "any snow"]);
    }

    #[test]
    fn the_last_word_about_a_text_counts() {
        let agent = AgentKey::from("weather");
        let mut memory = Memory::new();
        memory.record(&agent, "play jazz", true, Origin::Outcome);
        memory.record(&agent, "play jazz", false, Origin::Feedback);
        let examples: Vec<_> = memory.examples(&agent).collect();
        assert_eq!(examples.len(), 1);
        assert!(!examples[0].positive);
    }

    #[test]
    fn the_oldest_goes_first_and_the_manifest_last() {
        let agent = AgentKey::from("weather");
        let mut memory = Memory::new();
        memory.introduce(&agent, ["will it rain"]);
        for n in 0..=MAX_EXAMPLES {
            memory.record(&agent, &format!("task {n}"), true, Origin::Outcome);
            memory.record_outside(&format!("other {n}"));
        }
        let texts = texts(&memory, &agent);
        assert_eq!(texts.len(), MAX_EXAMPLES);
        assert_eq!(texts[..2], ["will it rain", "task 2"]);
        assert_eq!(memory.outside().count(), MAX_EXAMPLES + 1);
    }

    #[test]
    fn survives_bytes() {
        let mut memory = Memory::new();
        memory.introduce(&"weather".into(), ["will it rain"]);
        memory.record_outside("what is love");
        let bytes = memory.to_bytes().unwrap();
        assert_eq!(Memory::from_bytes(&bytes).unwrap(), memory);
        assert!(memory.forget(&"weather".into()) && !memory.forget(&"weather".into()));
    }
}
