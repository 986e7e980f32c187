//! Which examples are held out of a training to calibrate its outcome.

use std::collections::BTreeSet;

use super::{AgentKey, Example, Memory, Origin, Scratch, Trainer};
use crate::calibrate::{Basis, Calibration, Signals, temperature};

/// Into how many parts the examples of an agent, and the agents, are divided.
const PARTS: usize = 5;
/// A memory of fewer examples is held out part by part, each from a training of its own: one part
/// would be too few to calibrate on, and the trainings are short.
const FEW: usize = 600;
/// With fewer agents none can be spared: of one part of many examples, and of all parts of few.
const FEWEST_AGENTS: (usize, usize) = (10, 3);

/// A memory in two parts.
struct Holdout<'m> {
    training: Memory,
    inside: Vec<(&'m AgentKey, &'m str)>,
    outside: Vec<&'m str>,
}

/// What models say of texts that were held out of their training.
#[derive(Default)]
struct Judged {
    inside: Vec<Signals>,
    outside: Vec<Signals>,
    /// The scores of those inside, with the index of the right agent.
    scores: Vec<(Vec<f32>, usize)>,
}

/// Calibrates on examples held out of trainings on the others.
///
/// Of each agent's positive examples, assumptions apart, a run of neighbours is held out, and if
/// too few texts are known to be for no agent, every fifth agent with all its examples. Of many
/// examples one part of five is enough; of few all are held out in turn.
///
/// It is a run of neighbours and not a random sample, since examples that came together were often
/// written together, and a model judged on near copies of what it learned would be trusted too far.
pub(crate) fn calibrate(memory: &Memory) -> Calibration {
    let known = memory.outside().count();
    let is_small = memory.iter().count() + known < FEW;
    let fewest = if is_small {
        FEWEST_AGENTS.1
    } else {
        FEWEST_AGENTS.0
    };
    let spares = known < Calibration::FEWEST && memory.agents().count() >= fewest;
    let parts = if is_small {
        0..PARTS
    } else {
        PARTS / 2..PARTS / 2 + 1
    };
    let mut judged = Judged::default();
    for part in parts {
        let mut holdout = Holdout::of(memory, part, spares);
        // Each text that is for no agent is judged once.
        let outside = memory.outside().enumerate();
        let its_turn = outside.filter(|(index, _)| !is_small || index % PARTS == part);
        holdout.outside.extend(its_turn.map(|(_, text)| text));
        if !holdout.inside.is_empty() {
            holdout.judge(&mut judged);
        }
    }
    if judged.inside.len() < Calibration::FEWEST {
        return Calibration::default();
    }
    let basis = if spares {
        Basis::HeldOutAgents
    } else {
        Basis::Examples
    };
    let temperature = temperature(&judged.scores);
    Calibration::fit(temperature, &judged.inside, &judged.outside, basis)
}

impl<'m> Holdout<'m> {
    /// Holds out this part of every agent's examples, or of the agents.
    fn of(memory: &'m Memory, part: usize, spares: bool) -> Self {
        let mut holdout = Self {
            training: Memory::new(),
            inside: Vec::new(),
            outside: Vec::new(),
        };
        for (index, agent) in memory.agents().enumerate() {
            if spares && index % PARTS == part {
                let certain = memory.examples(agent).filter(|e| is_certain(e));
                holdout.outside.extend(certain.map(|e| e.text.as_str()));
            } else {
                holdout.divide(memory, agent, part);
            }
        }
        // What another agent says of itself, too, is not for none.
        let taught = holdout.training.iter().map(|(_, e)| e.text.clone());
        let taught: BTreeSet<String> = taught.collect();
        holdout.outside.retain(|text| !taught.contains(*text));
        holdout
    }

    fn divide(&mut self, memory: &'m Memory, agent: &'m AgentKey, part: usize) {
        let positives = memory.examples(agent).filter(|e| is_certain(e)).count();
        let run = (positives * part).div_ceil(PARTS)..(positives * (part + 1)).div_ceil(PARTS);
        let mut seen = 0;
        for example in memory.examples(agent) {
            // Something is to be left to learn from.
            let held_out = is_certain(example) && positives > 1 && run.contains(&seen);
            seen += usize::from(is_certain(example));
            if held_out {
                self.inside.push((agent, &example.text));
            } else {
                self.training
                    .record(agent, &example.text, example.positive, example.origin);
            }
        }
    }

    /// Trains on the one part and asks about the other.
    fn judge(&self, judged: &mut Judged) {
        let snapshot = Trainer::fit(&self.training).snapshot(0, Calibration::default());
        let mut scratch = Scratch::new();
        for (agent, text) in &self.inside {
            let Ok(class) = snapshot.agents().binary_search(agent) else {
                continue;
            };
            judged.inside.push(snapshot.observe(text, &mut scratch));
            judged.scores.push((scratch.scores().to_vec(), class));
        }
        let outside = self.outside.iter();
        judged
            .outside
            .extend(outside.map(|text| snapshot.observe(text, &mut scratch)));
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
        let holdout = Holdout::of(&memory, 2, false);
        let texts: Vec<_> = holdout.inside.iter().map(|(_, text)| *text).collect();
        assert_eq!(texts, ["0 4", "0 5", "1 4", "1 5"]);
        assert_eq!(holdout.training.iter().count(), 16);
        assert!(holdout.outside.is_empty());
    }

    #[test]
    fn every_example_is_held_out_once_and_every_agent_spared_once() {
        let memory = memory(7, 3);
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for part in 0..PARTS {
            let holdout = Holdout::of(&memory, part, false);
            inside.extend(holdout.inside.into_iter().map(|(_, text)| text));
            let holdout = Holdout::of(&memory, part, true);
            assert!(holdout.training.agents().count() < 7);
            outside.extend(holdout.outside);
        }
        let all: Vec<_> = memory
            .iter()
            .map(|(_, example)| &example.text[..])
            .collect();
        inside.sort_unstable();
        outside.sort_unstable();
        assert_eq!((&inside, &outside), (&all, &all));
    }

    #[test]
    fn agents_are_spared_only_where_too_few_outside_texts_are_known() {
        let mut memory = memory(10, 5);
        assert_eq!(calibrate(&memory).basis, Basis::HeldOutAgents);
        for n in 0..Calibration::FEWEST {
            memory.record_outside(&format!("what is love {n}"));
        }
        assert_eq!(calibrate(&memory).basis, Basis::Examples);
    }

    #[test]
    fn what_can_spare_nothing_is_not_calibrated() {
        for memory in [memory(30, 1), memory(2, 9), Memory::new()] {
            assert_eq!(calibrate(&memory).basis, Basis::Prior);
        }
    }
}
