//! Who is in a population.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::lineage::Digest;
use super::sample::Sample;
use crate::{Genome, Loss};

/// Who somebody is: child so and so of a generation. The agent's own block is child 0 of
/// generation 0. Written `7-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id {
    /// The generation it was made in.
    pub generation: u32,
    /// Its number among the children of that generation.
    pub child: u32,
}

/// A text that is no [`Id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is two numbers with a hyphen between them")]
pub struct NotAnId;

impl Id {
    /// The agent's own block.
    pub const ORIGIN: Self = Self {
        generation: 0,
        child: 0,
    };
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.generation, self.child)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (generation, child) = text.split_once('-').ok_or(NotAnId)?;
        let id = Self {
            generation: generation.parse().map_err(|_| NotAnId)?,
            child: child.parse().map_err(|_| NotAnId)?,
        };
        // Neither `+1` nor `01` is a number here: an id has one spelling.
        (id.to_string() == text).then_some(id).ok_or(NotAnId)
    }
}

impl TryFrom<String> for Id {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.to_string()
    }
}

/// How good somebody is: the less, the better. First by the cases that fail, then by the mean loss
/// on the others; so it orders as the mean over all does, and goes on where that is
/// [`Loss::WORST`] for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score {
    /// On how many cases it fails, with [`Loss::WORST`].
    pub failed: u32,
    /// The mean loss on the others; [`Loss::WORST`] if there are none.
    pub mean: Loss,
}

impl Score {
    /// The score of somebody with those losses.
    pub fn of(losses: &[Loss]) -> Self {
        let (mut failed, mut sum, mut others) = (0, 0.0, 0_u32);
        for loss in losses {
            if *loss == Loss::WORST {
                failed += 1;
            } else {
                sum += loss.value();
                others += 1;
            }
        }
        let mean = if others == 0 {
            Loss::WORST
        } else {
            Loss::or_worst(sum / f64::from(others))
        };
        Self { failed, mean }
    }

    /// The mean over all cases.
    pub fn loss(self) -> Loss {
        if self.failed == 0 {
            self.mean
        } else {
            Loss::WORST
        }
    }

    /// With the loss that its size costs.
    pub(super) fn at_the_price_of(self, nodes: u32, parsimony: f64) -> Self {
        Self {
            failed: self.failed,
            mean: Loss::or_worst(self.mean.value() + parsimony * f64::from(nodes)),
        }
    }
}

/// What made somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Maker {
    /// Nothing: it is the agent's own block.
    Agent,
    /// The first generation: several operators of one parent, one after another.
    Start,
    /// No operator found anything to do: it is as its parent.
    Copy,
    /// The operator of that number.
    Operator(u16),
}

/// Somebody. What there is to know about it never changes once it has been made.
#[derive(Debug, Clone, PartialEq)]
pub struct Individual {
    /// Who it is.
    pub id: Id,
    /// The island on which it was made.
    pub island: u32,
    /// Its block.
    pub genome: Genome,
    /// Its block as Python.
    pub text: String,
    /// How many nodes it has.
    pub nodes: u32,
    /// Its losses: on all cases if [`Self::full`], else on those of the generation it was made in.
    pub losses: Vec<Loss>,
    /// Whether it was judged on all cases.
    pub full: bool,
    /// Its score by those losses.
    pub score: Score,
    /// Whom it was made of.
    pub parents: Vec<Id>,
    /// What made it.
    pub maker: Maker,
}

impl Individual {
    /// SHA-256 of its block's text.
    pub fn text_digest(&self) -> Digest {
        Digest::of(&[self.text.as_bytes()])
    }

    /// Its losses on the cases of `sample`: those of the generation it was made in, or any if it
    /// was judged on all.
    pub(super) fn on(&self, sample: &Sample) -> Cow<'_, [Loss]> {
        if self.full && !sample.is_whole() {
            let losses = sample
                .cases()
                .iter()
                .map(|case| self.losses[*case as usize]);
            Cow::Owned(losses.collect())
        } else {
            Cow::Borrowed(&self.losses)
        }
    }

    /// Its score on those cases.
    pub(super) fn score_on(&self, sample: &Sample) -> Score {
        if self.full && !sample.is_whole() {
            Score::of(&self.on(sample))
        } else {
            self.score
        }
    }

    /// The order in which individuals stand that were judged on the same cases: the better first,
    /// of equally good ones the smaller, of equally large ones the elder.
    pub(super) fn rank(&self, score: Score, parsimony: f64) -> Rank {
        let score = score.at_the_price_of(self.nodes, parsimony);
        Rank(score, self.nodes, self.id)
    }
}

/// Where somebody stands among others; the first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank(Score, u32, Id);

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0, self.1, self.2).cmp(&(other.0, other.1, other.2))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(value: f64) -> Loss {
        Loss::new(value).unwrap()
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = Id {
            generation: 7,
            child: 12,
        };
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["7", "7-", "-1-2", "07-1", "+7-1", "7-1-2", "4294967296-0"] {
            assert_eq!(bad.parse::<Id>(), Err(NotAnId), "{bad}");
        }
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"7-12\"");
    }

    #[test]
    fn scores_order_as_means_do_and_further() {
        let score = |losses: &[f64]| {
            let losses: Vec<Loss> = losses.iter().map(|value| loss(*value)).collect();
            let score = Score::of(&losses);
            assert_eq!(score.loss(), Loss::mean(&losses));
            score
        };
        assert!(score(&[1.0, 2.0]) < score(&[2.0, 2.0]));
        assert!(score(&[9.0, 9.0]) < score(&[0.0, f64::MAX]));
        assert!(score(&[0.0, f64::MAX]) < score(&[1.0, f64::MAX]));
        assert!(score(&[1.0, f64::MAX]) < score(&[f64::MAX, f64::MAX]));
    }

    #[test]
    fn size_has_a_price() {
        let score = Score::of(&[loss(1.0)]);
        let small = score.at_the_price_of(10, 0.01);
        assert!(small < score.at_the_price_of(11, 0.01));
        assert_eq!(score.at_the_price_of(10, 0.0), score);
    }
}
