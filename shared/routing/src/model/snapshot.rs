//! What readers predict from.

use serde::{Deserialize, Serialize};

use super::AgentKey;
use super::linear::{Linear, STEEPNESS};
use super::network::{HIDDEN_BIAS, Network, WIDTH, softmax};
use super::quantised::{Embedding, SparseRows};
use crate::Error;
use crate::calibrate::{Calibration, Signals};
use crate::features::{BUCKETS, Bag};
use crate::sealed::{self, Kind};
use crate::vocabulary::{Rarities, Vocabulary, Weighted};

/// The linear model's scores times this are its vote: independent regressions are less sure of
/// themselves than a softmax is.
const LINEAR_VOTE: f32 = 1.3 * STEEPNESS / 3.6;
/// The network's vote: 2.6 times that of the linear model.
const NETWORK_VOTE: f32 = 2.6 / 3.6;

/// An immutable model: the agents in ascending order of key, and what is needed to tell which of
/// them a text is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u64,
    agents: Vec<AgentKey>,
    rarities: Rarities,
    linear: SparseRows,
    embedding: Embedding,
    output: Vec<f32>,
    calibration: Calibration,
}

/// The buffers of a prediction, owned by the caller and used again and again.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    bag: Bag,
    input: Vec<Weighted>,
    hidden: Vec<f32>,
    linear: Vec<f32>,
    network: Vec<f32>,
    scores: Vec<f32>,
    probabilities: Vec<f32>,
}

impl Scratch {
    /// Empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The combined scores of the last text, by agent.
    pub(crate) fn scores(&self) -> &[f32] {
        &self.scores
    }
}

/// Which agent a text is for, if any.
#[derive(Debug, Clone, Copy)]
pub struct Prediction<'a> {
    /// The agents, in ascending order of key.
    pub agents: &'a [AgentKey],
    /// The probability that the text is for each, given that it is for one; they sum to 1.
    pub probabilities: &'a [f32],
    /// The probability that the text is for any of them, where half of all texts are.
    pub in_scope: f32,
    /// The `in_scope` below which the text is to be taken as for none.
    pub threshold: f32,
    /// What `in_scope` was derived from.
    pub signals: Signals,
}

impl<'a> Prediction<'a> {
    /// The likeliest agent and its probability, whether or not the text is in scope.
    #[must_use]
    pub fn best(&self) -> Option<(&'a AgentKey, f32)> {
        let probabilities = self.probabilities.iter().copied();
        self.agents
            .iter()
            .zip(probabilities)
            .max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The probability that the text is for the agent with this key; 0 for one the model does not
    /// know.
    #[must_use]
    pub fn probability_of(&self, agent: &str) -> f32 {
        self.agents
            .binary_search_by(|key| key.as_str().cmp(agent))
            .map_or(0.0, |index| self.probabilities[index])
    }

    /// Whether the text is for one of the agents.
    #[must_use]
    pub fn is_in_scope(&self) -> bool {
        self.in_scope >= self.threshold
    }
}

impl Snapshot {
    pub(super) fn of(
        version: u64,
        classes: &[AgentKey],
        vocabulary: &Vocabulary,
        linear: &Linear,
        network: &Network,
        calibration: Calibration,
    ) -> Self {
        let mut order: Vec<usize> = (0..classes.len()).collect();
        order.sort_unstable_by(|a, b| classes[*a].cmp(&classes[*b]));
        let output = (0..WIDTH)
            .flat_map(|unit| {
                let row = network.output(unit);
                order.iter().map(|&class| row[class])
            })
            .collect();
        let seen = |bucket| vocabulary.frequency(bucket) > 0;
        Self {
            version,
            agents: order.iter().map(|&class| classes[class].clone()).collect(),
            rarities: vocabulary.freeze(),
            linear: SparseRows::of(linear, vocabulary, &order),
            embedding: Embedding::of(network, seen),
            output,
            calibration,
        }
    }

    /// The number it was published under.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The agents, in ascending order of key.
    #[must_use]
    pub fn agents(&self) -> &[AgentKey] {
        &self.agents
    }

    /// How its output is read.
    #[must_use]
    pub const fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The same model read in another way.
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self {
            calibration,
            ..self
        }
    }

    /// Which agent `text` is for. Allocates nothing once `scratch` has been used.
    #[must_use]
    pub fn predict<'a>(&'a self, text: &str, scratch: &'a mut Scratch) -> Prediction<'a> {
        let signals = self.observe(text, scratch);
        scratch.probabilities.clone_from(&scratch.scores);
        softmax(
            &mut scratch.probabilities,
            self.calibration.temperature.recip(),
        );
        let says_something = !self.agents.is_empty() && !scratch.bag.terms().is_empty();
        let in_scope = if says_something {
            self.calibration.in_scope(signals)
        } else {
            0.0
        };
        Prediction {
            agents: &self.agents,
            probabilities: &scratch.probabilities,
            in_scope,
            threshold: self.calibration.threshold,
            signals,
        }
    }

    /// Leaves the agents' scores in `scratch`, and says what bears on the scope.
    pub(crate) fn observe(&self, text: &str, scratch: &mut Scratch) -> Signals {
        scratch.bag.read(text);
        self.rarities.weigh(&scratch.bag, &mut scratch.input);
        self.score(scratch);
        let Scratch {
            linear,
            network,
            scores,
            probabilities,
            ..
        } = scratch;
        scores.clear();
        let votes = linear.iter().zip(network.iter());
        scores.extend(votes.map(|(l, n)| LINEAR_VOTE * l + NETWORK_VOTE * n));
        probabilities.clone_from(scores);
        softmax(probabilities, 1.0);
        let (first, second) = highest_two(probabilities);
        Signals {
            linear: linear.iter().copied().fold(0.0, f32::max),
            energy: softmax(network, 1.0).max(f32::MIN),
            confidence: first.max(f32::MIN_POSITIVE).ln(),
            margin: ((first + 1e-3) / (second + 1e-3)).ln(),
            known: self.rarities.known(&scratch.bag),
        }
    }

    fn score(&self, scratch: &mut Scratch) {
        let Scratch {
            input,
            hidden,
            linear,
            network,
            ..
        } = scratch;
        for (buffer, length, start) in [
            (&mut *linear, self.agents.len(), 0.0),
            (&mut *network, self.agents.len(), 0.0),
            (&mut *hidden, WIDTH, HIDDEN_BIAS),
        ] {
            buffer.clear();
            buffer.resize(length, start);
        }
        for entry in input.iter() {
            self.linear
                .accumulate(entry.bucket as usize, entry.weight, linear);
            self.embedding
                .accumulate(entry.bucket as usize, entry.weight, hidden);
        }
        let rows = self.output.chunks_exact(self.agents.len().max(1));
        for (unit, row) in hidden.iter().zip(rows) {
            if *unit > 0.0 {
                for (sum, weight) in network.iter_mut().zip(row) {
                    *sum += unit * weight;
                }
            }
        }
    }

    /// The model as bytes, with a header that names the format and holds their SHA-256.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        sealed::seal(Kind::Snapshot, self)
    }

    /// The model that [`Snapshot::to_bytes`] made bytes of.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut snapshot: Self = sealed::open(Kind::Snapshot, bytes)?;
        let agents = snapshot.agents.len();
        let sound = snapshot.linear.index()
            && snapshot.linear.is_sound(agents)
            && snapshot.embedding.is_sound()
            && snapshot.rarities.is_sound()
            && snapshot.output.len() == WIDTH * agents
            && snapshot.agents.is_sorted_by(|a, b| a < b);
        if sound {
            Ok(snapshot)
        } else {
            Err(Error::Corrupt)
        }
    }
}

/// The two highest of `values`, 0 where there are none.
fn highest_two(values: &[f32]) -> (f32, f32) {
    values.iter().fold((0.0, 0.0), |(first, second), &value| {
        if value > first {
            (value, first)
        } else {
            (first, second.max(value))
        }
    })
}

const _: () = assert!(BUCKETS <= u32::MAX as usize, "buckets are numbered by u32");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_two_highest() {
        assert_eq!(highest_two(&[0.1, 0.7, 0.2]), (0.7, 0.2));
        assert_eq!(highest_two(&[0.5, 0.5]), (0.5, 0.5));
        assert_eq!(highest_two(&[1.0]), (1.0, 0.0));
        assert_eq!(highest_two(&[]), (0.0, 0.0));
    }
}
