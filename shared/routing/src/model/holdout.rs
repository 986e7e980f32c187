//! Which examples are held out of a training to calibrate its outcome.

use super::{AgentKey, Example, Memory, Origin, Scratch, Trainer};
use crate::calibrate::{Basis, Calibration, temperature};

/// Every how manieth example of an agent, or agent, is held out.
const PART: usize = 5;
/// With fewer agents none can be spared.
const FEWEST_AGENTS: usize = 10;

/// A memory in two parts.
pub(crate) struct Holdout<'m> {
    training: Memory,
    inside: Vec<(&'m AgentKey, &'m str)>,
    outside: Vec<&'m str>,
    basis: Basis,
}

impl<'m> Holdout<'m> {
    /// Holds out the middle fifth of every agent's positive examples, assumptions apart, and, if no text is known to
    /// be for no agent, every fifth agent with all its examples.
    ///
    /// A run of neighbours is held out, not a random sample: examples that came together were
    /// often written together, and a model judged on near copies of what it learned would be
    /// trusted too far.
    pub(crate) fn of(memory: &'m Memory) -> Self {
        let mut holdout = Self {
            training: Memory::new(),
            inside: Vec::new(),
            outside: memory.outside().collect(),
            basis: Basis::Examples,
        };
        let spare_agents = holdout.outside.is_empty() && memory.agents().count() >= FEWEST_AGENTS;
        if spare_agents {
            holdout.basis = Basis::HeldOutAgents;
        }
        for (index, agent) in memory.agents().enumerate() {
            if spare_agents && index % PART == PART / 2 {
                let certain = memory.examples(agent).filter(|e| is_certain(e));
                holdout.outside.extend(certain.map(|e| e.text.as_str()));
            } else {
                holdout.divide(memory, agent);
            }
        }
        holdout
    }

    fn divide(&mut self, memory: &'m Memory, agent: &'m AgentKey) {
        let positives = memory.examples(agent).filter(|e| is_certain(e)).count();
        let run = (positives * 2).div_ceil(PART)..(positives * 3).div_ceil(PART);
        let mut seen = 0;
        for example in memory.examples(agent) {
            let held_out = is_certain(example) && positives >= PART && run.contains(&seen);
            seen += usize::from(is_certain(example));
            if held_out {
                self.inside.push((agent, &example.text));
            } else {
                self.training
                    .record(agent, &example.text, example.positive, example.origin);
            }
        }
    }

    /// Trains on the one part and calibrates on the other.
    pub(crate) fn calibrate(&self) -> Calibration {
        if self.inside.len() < Calibration::FEWEST {
            return Calibration::default();
        }
        let snapshot = Trainer::fit(&self.training).snapshot(0, Calibration::default());
        let mut scratch = Scratch::new();
        let mut scores = Vec::new();
        let mut inside = Vec::new();
        for (agent, text) in &self.inside {
            let Ok(class) = snapshot.agents().binary_search(agent) else {
                continue;
            };
            inside.push(snapshot.observe(text, &mut scratch));
            scores.push((scratch.scores().to_vec(), class));
        }
        let outside: Vec<_> = self
            .outside
            .iter()
            .map(|text| snapshot.observe(text, &mut scratch))
            .collect();
        Calibration::fit(temperature(&scores), &inside, &outside, self.basis)
    }
}

/// Whether the example is known, not only assumed, to be for its agent.
fn is_certain(example: &Example) -> bool {
    example.positive && example.origin != Origin::Assumption
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(agents: usize, examples: usize) -> Memory {
        let mut memory = Memory::new();
        for agent in 0..agents {
            let key = AgentKey::from(format!("agent-{agent:02}").as_str());
            for example in 0..examples {
                memory.record(&key, &format!("{agent} {example}"), true, Origin::Manifest);
            }
        }
        memory
    }

    #[test]
    fn a_run_of_each_agents_examples_is_held_out() {
        let memory = memory(2, 10);
        let holdout = Holdout::of(&memory);
        let texts: Vec<_> = holdout.inside.iter().map(|(_, text)| *text).collect();
        assert_eq!(texts, ["0 4", "0 5", "1 4", "1 5"]);
        assert_eq!(holdout.training.iter().count(), 16);
        assert!(holdout.outside.is_empty());
    }

    #[test]
    fn agents_are_spared_only_where_no_outside_text_is_known() {
        let mut memory = memory(10, 5);
        assert_eq!(Holdout::of(&memory).outside.len(), 10);
        assert_eq!(Holdout::of(&memory).basis, Basis::HeldOutAgents);
        memory.record_outside("what is love");
        let holdout = Holdout::of(&memory);
        assert_eq!(holdout.outside, ["what is love"]);
        assert_eq!(holdout.training.agents().count(), 10);
    }

    #[test]
    fn an_agent_with_few_examples_keeps_them_all() {
        let memory = memory(3, 4);
        let holdout = Holdout::of(&memory);
        assert_eq!(holdout.training, memory);
        assert_eq!(holdout.calibrate(), Calibration::default());
    }
}
