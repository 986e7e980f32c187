//! Which agent a text is for: a model that learns online and serves from immutable snapshots.
//!
//! Two models share the n-grams and vote, by the weighted mean of their logarithmic
//! probabilities: one-vs-rest logistic regression, which remembers what is particular to an agent,
//! and a small network over summed embeddings, which shares what agents have in common and so does
//! better with few examples. Both are trained by AdaGrad with heavy dropout of n-grams; dropout
//! stands in for the ways of saying a thing that the examples lack, and is worth more than any
//! choice of features.
//!
//! A [`Memory`] holds the examples and is the state worth keeping: a [`Trainer`] is a function of
//! it. One writer trains and publishes a [`Snapshot`]; any number of readers predict from it.

mod holdout;
mod linear;
mod matrix;
mod memory;
mod network;
mod quantised;
mod random;
mod snapshot;
mod trainer;

use std::fmt;

use serde::{Deserialize, Serialize};
use tdev_domain::AgentName;

pub use memory::{Example, MAX_EXAMPLES, MAX_OUTSIDE, Memory, Origin, SURE};
pub use snapshot::{Prediction, Scratch, Snapshot};
pub use trainer::{Trainer, train};

/// What a model knows an agent by: any text that is unique among the agents it chooses from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgentKey(Box<str>);

impl AgentKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for AgentKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&AgentName> for AgentKey {
    fn from(name: &AgentName) -> Self {
        name.as_str().into()
    }
}

impl fmt::Display for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an example says about one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// The text belongs to it, and to no other.
    Is(usize),
    /// The text does not belong to it.
    IsNot(usize),
}

/// How one example is learned from.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Learning rate of the linear model.
    linear_rate: f32,
    /// Share of the word view left out, in the linear model.
    word_dropout: f32,
    /// Share of the character view left out, in the linear model.
    character_dropout: f32,
    /// Learning rate of the network.
    network_rate: f32,
    /// Share of all n-grams left out, in the network.
    network_dropout: f32,
    /// Share of hidden units left out.
    hidden_dropout: f32,
}

impl Step {
    /// For examples that are gone through many times.
    pub(crate) const FIT: Self = Self {
        linear_rate: 0.15,
        word_dropout: 0.5,
        character_dropout: 0.7,
        network_rate: 0.06,
        network_dropout: 0.4,
        hidden_dropout: 0.3,
    };

    /// For an example that is seen once: longer strides, and less left out.
    pub(crate) const ONLINE: Self = Self {
        linear_rate: 0.2,
        word_dropout: 0.3,
        character_dropout: 0.3,
        network_rate: 0.15,
        network_dropout: 0.2,
        hidden_dropout: 0.2,
    };
}
