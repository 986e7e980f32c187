//! Which n-grams have been seen, and how much each tells.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts are far below the 2^24 that f32 holds exactly"
)]

use serde::{Deserialize, Serialize};

use crate::features::{BUCKETS, Bag, FINGERPRINTS, Term, VIEW_BUCKETS};

/// A bucket's weight in one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Weighted {
    /// The bucket.
    pub(crate) bucket: u32,
    /// Its weight; each view's weights have the Euclidean norm 1.
    pub(crate) weight: f32,
}

impl Weighted {
    /// Whether it is of the word view.
    pub(crate) const fn is_word(self) -> bool {
        (self.bucket as usize) < VIEW_BUCKETS
    }
}

/// Document frequencies, and the words met.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    documents: u32,
    frequency: Vec<u32>,
    seen: Seen,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        Self {
            documents: 0,
            frequency: vec![0; BUCKETS],
            seen: Seen::new(),
        }
    }

    /// Counts one text.
    pub(crate) fn count(&mut self, bag: &Bag) {
        self.documents += 1;
        for term in bag.terms() {
            self.frequency[term.bucket as usize] += 1;
        }
        self.seen.add(bag);
    }

    /// In how many texts the bucket was met.
    pub(crate) fn frequency(&self, bucket: usize) -> u32 {
        self.frequency[bucket]
    }

    /// The weights of `bag` by the counts so far.
    pub(crate) fn weigh(&self, bag: &Bag, weights: &mut Vec<Weighted>) {
        weigh(bag, weights, |bucket| self.rarity(bucket));
    }

    /// What is needed to weigh texts when no more are counted.
    pub(crate) fn freeze(&self) -> Rarities {
        let steps = (0..BUCKETS)
            .map(|bucket| quantise(self.rarity(bucket)))
            .collect();
        Rarities {
            steps,
            seen: self.seen.clone(),
        }
    }

    /// The square root of the inverse document frequency; 0 for what was never met. The root
    /// keeps a single rare n-gram from drowning the rest.
    fn rarity(&self, bucket: usize) -> f32 {
        match self.frequency[bucket] {
            0 => 0.0,
            met => {
                let ratio = (self.documents as f32 + 1.0) / (met as f32 + 1.0);
                ratio.ln().max(0.05).sqrt()
            }
        }
    }
}

/// A frozen [`Vocabulary`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rarities {
    steps: Vec<u8>,
    seen: Seen,
}

/// Rarity per step: 255 of them reach the rarity of a word met once in e²⁵ texts.
const STEP: f32 = 5.0 / 255.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u8"
)]
fn quantise(rarity: f32) -> u8 {
    if rarity > 0.0 {
        (rarity / STEP).round().clamp(1.0, 255.0) as u8
    } else {
        0
    }
}

impl Rarities {
    /// Whether the tables have the sizes that this build indexes them by.
    pub(crate) fn is_sound(&self) -> bool {
        self.steps.len() == BUCKETS && self.seen.blocks.len() == FINGERPRINTS / 8
    }

    /// The weights of `bag`.
    pub(crate) fn weigh(&self, bag: &Bag, weights: &mut Vec<Weighted>) {
        weigh(bag, weights, |bucket| f32::from(self.steps[bucket]) * STEP);
    }

    /// The share of the text's words and pairs met before, 0 for a text without words.
    pub(crate) fn known(&self, bag: &Bag) -> f32 {
        self.seen.share(bag)
    }
}

fn weigh(bag: &Bag, weights: &mut Vec<Weighted>, rarity: impl Fn(usize) -> f32) {
    weights.clear();
    let mut squares = [0.0_f32; 2];
    for &Term { bucket, count } in bag.terms() {
        let rarity = rarity(bucket as usize);
        if rarity > 0.0 {
            let weight = (1.0 + (count as f32).ln()) * rarity;
            let entry = Weighted { bucket, weight };
            squares[usize::from(entry.is_word())] += weight * weight;
            weights.push(entry);
        }
    }
    let scale = squares.map(|sum| if sum > 0.0 { sum.sqrt().recip() } else { 0.0 });
    for entry in weights {
        entry.weight *= scale[usize::from(entry.is_word())];
    }
}

/// The set of words and pairs met, by fingerprint: one bit each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Seen {
    blocks: Vec<u8>,
}

impl Seen {
    fn new() -> Self {
        Self {
            blocks: vec![0; FINGERPRINTS / 8],
        }
    }

    fn add(&mut self, bag: &Bag) {
        for &print in bag.fingerprints() {
            self.blocks[print as usize / 8] |= 1 << (print % 8);
        }
    }

    fn share(&self, bag: &Bag) -> f32 {
        let prints = bag.fingerprints();
        let met = prints
            .iter()
            .filter(|&&print| self.blocks[print as usize / 8] & (1 << (print % 8)) != 0)
            .count();
        met as f32 / prints.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag(text: &str) -> Bag {
        let mut bag = Bag::new();
        bag.read(text);
        bag
    }

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::new();
        for text in ["pay the bill", "pay the rent", "play a song"] {
            vocabulary.count(&bag(text));
        }
        vocabulary
    }

    #[test]
    fn each_view_has_norm_one() {
        let mut weights = Vec::new();
        vocabulary().weigh(&bag("pay the song"), &mut weights);
        for view in [true, false] {
            let norm: f32 = weights
                .iter()
                .filter(|w| w.is_word() == view)
                .map(|w| w.weight * w.weight)
                .sum();
            assert!((norm - 1.0).abs() < 1e-4, "{norm}");
        }
    }

    #[test]
    fn rare_n_grams_weigh_more() {
        let mut vocabulary = Vocabulary::new();
        for text in ["pay", "pay", "pay", "rent"] {
            vocabulary.count(&bag(text));
        }
        let rarities = |text| {
            let terms = bag(text).terms().to_vec();
            terms
                .into_iter()
                .map(|t| vocabulary.rarity(t.bucket as usize))
                .collect::<Vec<_>>()
        };
        let commonest_of_rare = rarities("rent").into_iter().fold(f32::MAX, f32::min);
        let rarest_of_common = rarities("pay").into_iter().fold(0.0, f32::max);
        assert!(commonest_of_rare > rarest_of_common && rarest_of_common > 0.0);
    }

    #[test]
    fn what_was_never_met_has_no_weight() {
        let mut weights = Vec::new();
        Vocabulary::new().weigh(&bag("pay"), &mut weights);
        assert!(weights.is_empty());
    }

    #[test]
    fn freezing_keeps_the_weights_nearly() {
        let vocabulary = vocabulary();
        let (mut exact, mut frozen) = (Vec::new(), Vec::new());
        vocabulary.weigh(&bag("pay the song"), &mut exact);
        vocabulary.freeze().weigh(&bag("pay the song"), &mut frozen);
        assert_eq!(exact.len(), frozen.len());
        for (a, b) in exact.iter().zip(&frozen) {
            assert!((a.weight - b.weight).abs() < 0.02);
        }
    }

    #[test]
    fn tells_known_words_from_unknown_ones() {
        let frozen = vocabulary().freeze();
        assert!((frozen.known(&bag("pay the bill")) - 1.0).abs() < f32::EPSILON);
        assert!(frozen.known(&bag("xylophone quartz")) < 0.2);
        assert!(frozen.known(&bag("")).abs() < f32::EPSILON);
    }
}
