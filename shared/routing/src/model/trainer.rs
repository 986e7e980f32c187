//! The one writer: learns from examples and publishes snapshots.

use super::holdout;
use super::linear::{Linear, drop_out};
use super::network::Network;
use super::random::Random;
use super::{AgentKey, Memory, Snapshot, Step, Target};
use crate::calibrate::Calibration;
use crate::features::Bag;
use crate::vocabulary::{Vocabulary, Weighted};

/// Examples gone through in a fit: fewer examples are gone through more often.
const EXAMPLES_PER_FIT: usize = 100_000;
const FEWEST_PASSES: usize = 10;
const MOST_PASSES: usize = 40;
/// Other agents' examples gone through again for each example of a new agent.
const REHEARSED: usize = 3;
const SEED: u64 = 7;

/// A model being trained.
///
/// It is a function of the examples it was given and their order: the same calls give the same
/// weights, byte for byte.
#[derive(Debug, Clone)]
pub struct Trainer {
    classes: Vec<AgentKey>,
    vocabulary: Vocabulary,
    linear: Linear,
    network: Network,
    random: Random,
    bag: Bag,
    kept: Vec<Weighted>,
}

impl Default for Trainer {
    fn default() -> Self {
        Self::new()
    }
}

/// An example ready to be learned from.
type Prepared = (Vec<Weighted>, Target);

impl Trainer {
    /// A model that knows no agent.
    #[must_use]
    pub fn new() -> Self {
        Self {
            classes: Vec::new(),
            vocabulary: Vocabulary::new(),
            linear: Linear::new(),
            network: Network::new(SEED),
            random: Random::new(SEED),
            bag: Bag::new(),
            kept: Vec::new(),
        }
    }

    /// A model trained from nothing on all that `memory` holds, in several passes.
    #[must_use]
    pub fn fit(memory: &Memory) -> Self {
        let mut trainer = Self::new();
        for agent in memory.agents() {
            trainer.class(agent);
        }
        for (_, example) in memory.iter() {
            trainer.count(&example.text);
        }
        let mut examples = trainer.prepare(memory);
        let passes = (EXAMPLES_PER_FIT / examples.len().max(1)).clamp(FEWEST_PASSES, MOST_PASSES);
        trainer.go_through(&mut examples, passes);
        trainer
    }

    /// Learns, in one step, that `text` is or is not for `agent`, which is taken up if it is new.
    pub fn learn(&mut self, agent: &AgentKey, text: &str, positive: bool) {
        let class = self.class(agent);
        self.count(text);
        let mut input = Vec::new();
        self.vocabulary.weigh(&self.bag, &mut input);
        self.step(&input, target(class, positive), &Step::ONLINE, 1.0);
    }

    /// Takes up an agent from its examples in `memory`, without a whole fit: its few examples are
    /// gone through many times, among others drawn from memory so that those are not forgotten.
    pub fn introduce(&mut self, agent: &AgentKey, memory: &Memory) {
        self.class(agent);
        for example in memory.examples(agent) {
            self.count(&example.text);
        }
        let (mut lesson, others): (Vec<Prepared>, Vec<Prepared>) = {
            let class = self.class(agent);
            self.prepare(memory)
                .into_iter()
                .partition(|(_, target)| target.class() == class)
        };
        let wanted = lesson.len() * REHEARSED;
        if !others.is_empty() {
            for _ in 0..wanted {
                lesson.push(others[self.random.below(others.len())].clone());
            }
        }
        self.go_through(&mut lesson, MOST_PASSES);
    }

    /// Forgets an agent, and says whether it was known.
    pub fn remove(&mut self, agent: &AgentKey) -> bool {
        let Some(class) = self.classes.iter().position(|known| known == agent) else {
            return false;
        };
        let last = self.classes.len() - 1;
        self.linear.remove_class(class, last);
        self.network.remove_class(class, last);
        self.classes.swap_remove(class);
        true
    }

    /// The agents known, in no particular order.
    pub fn agents(&self) -> &[AgentKey] {
        &self.classes
    }

    /// What has been learned so far, quantised and pruned, for readers.
    #[must_use]
    pub fn snapshot(&self, version: u64, calibration: Calibration) -> Snapshot {
        Snapshot::of(
            version,
            &self.classes,
            &self.vocabulary,
            &self.linear,
            &self.network,
            calibration,
        )
    }

    /// The index of an agent's class; a new agent gets the next one.
    fn class(&mut self, agent: &AgentKey) -> usize {
        if let Some(class) = self.classes.iter().position(|known| known == agent) {
            return class;
        }
        let class = self.classes.len();
        self.classes.push(agent.clone());
        self.linear.add_class(class);
        self.network.add_class(class);
        class
    }

    /// Counts a text, and leaves it in the bag.
    fn count(&mut self, text: &str) {
        self.bag.read(text);
        self.vocabulary.count(&self.bag);
    }

    fn prepare(&mut self, memory: &Memory) -> Vec<Prepared> {
        memory
            .iter()
            .filter_map(|(agent, example)| {
                let class = self.classes.iter().position(|known| known == agent)?;
                self.bag.read(&example.text);
                let mut input = Vec::new();
                self.vocabulary.weigh(&self.bag, &mut input);
                Some((input, target(class, example.positive)))
            })
            .collect()
    }

    /// Goes through `examples` several times in random order, with ever shorter strides.
    #[expect(clippy::cast_precision_loss, reason = "a few dozen passes")]
    fn go_through(&mut self, examples: &mut [Prepared], passes: usize) {
        for pass in 0..passes {
            self.random.shuffle(examples);
            let stride = 1.0 - pass as f32 / passes as f32;
            for (input, target) in examples.iter() {
                self.step(input, *target, &Step::FIT, stride);
            }
        }
    }

    fn step(&mut self, input: &[Weighted], target: Target, step: &Step, stride: f32) {
        let classes = self.classes.len();
        drop_out(input, step, &mut self.random, &mut self.kept);
        let rate = stride * step.linear_rate;
        self.linear.learn(&self.kept, target, classes, rate);
        // A softmax over a single class has nothing to learn.
        if classes > 1 {
            let evenly = Step {
                word_dropout: step.network_dropout,
                character_dropout: step.network_dropout,
                ..*step
            };
            drop_out(input, &evenly, &mut self.random, &mut self.kept);
            let rate = stride * step.network_rate;
            self.network.learn(&self.kept, target, classes, step, rate);
        }
    }
}

impl Target {
    const fn class(self) -> usize {
        match self {
            Self::Is(class) | Self::IsNot(class) => class,
        }
    }
}

const fn target(class: usize, positive: bool) -> Target {
    if positive {
        Target::Is(class)
    } else {
        Target::IsNot(class)
    }
}

/// Trains on `memory` from nothing, calibrates on parts of it held out of further trainings, and
/// gives the snapshot to publish as `version`.
#[must_use]
pub fn train(memory: &Memory, version: u64) -> Snapshot {
    let calibration = holdout::calibrate(memory);
    Trainer::fit(memory).snapshot(version, calibration)
}
