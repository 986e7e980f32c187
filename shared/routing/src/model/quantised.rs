//! Weights in eight bits, and in four.

use serde::{Deserialize, Serialize};

use super::linear::Linear;
use super::network::{Network, WIDTH};
use crate::features::BUCKETS;
use crate::vocabulary::Vocabulary;

/// The most weights of the linear model that a snapshot holds.
const MOST_WEIGHTS: usize = 200_000;

/// The linear model's weights that matter, row by row.
///
/// A softmax does not change when the same is added to all of an n-gram's weights, so each row is
/// first shifted by its median: what remains is large for the few agents the n-gram tells apart
/// and nearly 0 for all others, which are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SparseRows {
    lengths: Vec<u16>,
    classes: Vec<u16>,
    weights: Vec<i8>,
    scale: f32,
    /// Where each row starts, and where the last one ends.
    #[serde(skip)]
    starts: Vec<u32>,
}

impl SparseRows {
    /// The weights of `linear`, classes in the given order.
    pub(crate) fn of(linear: &Linear, vocabulary: &Vocabulary, order: &[usize]) -> Self {
        let floor = least_kept(linear, vocabulary, order);
        let mut rows = Self {
            lengths: Vec::with_capacity(BUCKETS),
            classes: Vec::new(),
            weights: Vec::new(),
            scale: 0.0,
            starts: Vec::new(),
        };
        let mut kept = Vec::new();
        let mut row = Vec::new();
        for bucket in 0..BUCKETS {
            let importance = importance(vocabulary, bucket);
            centre(linear, bucket, order, &mut row);
            let before = kept.len();
            for (class, &weight) in (0_u16..).zip(&row) {
                if importance > 0.0 && weight.abs() * importance > floor {
                    rows.classes.push(class);
                    kept.push(weight);
                }
            }
            let length = u16::try_from(kept.len() - before).unwrap_or(u16::MAX);
            rows.lengths.push(length);
        }
        rows.scale = scale(&kept);
        rows.weights = kept.iter().map(|w| quantise(*w, rows.scale)).collect();
        rows.index();
        rows
    }

    /// Works out where rows start, and says whether that is consistent with the weights.
    pub(crate) fn index(&mut self) -> bool {
        let mut end = 0_u32;
        self.starts.clear();
        self.starts.push(end);
        for length in &self.lengths {
            end = end.saturating_add(u32::from(*length));
            self.starts.push(end);
        }
        end as usize == self.weights.len()
    }

    /// Whether every index that a prediction makes is within bounds.
    pub(crate) fn is_sound(&self, classes: usize) -> bool {
        self.lengths.len() == BUCKETS
            && self.weights.len() == self.classes.len()
            && self
                .classes
                .iter()
                .all(|class| usize::from(*class) < classes)
    }

    /// Adds `input` times a row to `output`.
    pub(crate) fn accumulate(&self, row: usize, input: f32, output: &mut [f32]) {
        let range = self.starts[row] as usize..self.starts[row + 1] as usize;
        let input = input * self.scale;
        for (class, weight) in self.classes[range.clone()].iter().zip(&self.weights[range]) {
            output[usize::from(*class)] += input * f32::from(*weight);
        }
    }
}

/// A row of the linear model in the given order of classes, less its median.
fn centre(linear: &Linear, bucket: usize, order: &[usize], row: &mut Vec<f32>) {
    let weights = linear.row(bucket);
    row.clear();
    row.extend(order.iter().map(|&class| weights[class]));
    if row.len() > 2 {
        let mut sorted = row.clone();
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable_by(middle, f32::total_cmp);
        for weight in row {
            *weight -= *median;
        }
    }
}

/// How much a weight of this bucket matters: more the oftener the n-gram is met; 0 if never.
#[expect(clippy::cast_precision_loss, reason = "a count of examples")]
fn importance(vocabulary: &Vocabulary, bucket: usize) -> f32 {
    (vocabulary.frequency(bucket) as f32).powf(0.25)
}

/// The importance that a weight must exceed to be among the most important.
fn least_kept(linear: &Linear, vocabulary: &Vocabulary, order: &[usize]) -> f32 {
    let mut all = Vec::new();
    let mut row = Vec::new();
    for bucket in 0..BUCKETS {
        let importance = importance(vocabulary, bucket);
        if importance > 0.0 {
            centre(linear, bucket, order, &mut row);
            let weights = row.iter().map(|weight| weight.abs() * importance);
            all.extend(weights.filter(|weight| *weight > 0.0));
        }
    }
    if all.len() <= MOST_WEIGHTS {
        return 0.0;
    }
    let (_, floor, _) = all.select_nth_unstable_by(MOST_WEIGHTS, |a, b| b.total_cmp(a));
    *floor
}

/// The embedding of every bucket in four bits, each row with a scale of its own.
///
/// A byte holds two units, each 8 above its value: one of the first half of the row in its low
/// bits, and the corresponding one of the second half in its high bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Embedding {
    scales: Vec<f32>,
    pairs: Vec<u8>,
}

const PAIRS: usize = WIDTH / 2;

impl Embedding {
    /// The embedding of the buckets that have been `seen`; the others, which hold only what they
    /// were initialised with, become 0.
    pub(crate) fn of(network: &Network, seen: impl Fn(usize) -> bool) -> Self {
        let mut embedding = Self {
            scales: Vec::with_capacity(BUCKETS),
            pairs: Vec::with_capacity(BUCKETS * PAIRS),
        };
        for bucket in 0..BUCKETS {
            let row = network.embedding(bucket);
            let scale = if seen(bucket) {
                largest(row) / 7.0
            } else {
                0.0
            };
            let (first, second) = row.split_at(PAIRS);
            let pairs = first.iter().zip(second);
            embedding.scales.push(scale);
            embedding
                .pairs
                .extend(pairs.map(|(low, high)| nibble(*low, scale) | nibble(*high, scale) << 4));
        }
        embedding
    }

    /// Whether every index that a prediction makes is within bounds.
    pub(crate) fn is_sound(&self) -> bool {
        self.scales.len() == BUCKETS && self.pairs.len() == BUCKETS * PAIRS
    }

    /// Adds `input` times a row to `output`.
    pub(crate) fn accumulate(&self, row: usize, input: f32, output: &mut [f32]) {
        let input = input * self.scales[row];
        let pairs = &self.pairs[row * PAIRS..(row + 1) * PAIRS];
        let (first, second) = output.split_at_mut(PAIRS);
        for ((low, high), pair) in first.iter_mut().zip(second).zip(pairs) {
            *low += input * (f32::from(pair & 0x0f) - 8.0);
            *high += input * (f32::from(pair >> 4) - 8.0);
        }
    }
}

/// A weight in four bits: 1 to 15, for −7 to 7 steps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1 to 15"
)]
fn nibble(weight: f32, scale: f32) -> u8 {
    if scale > 0.0 {
        ((weight / scale).round().clamp(-7.0, 7.0) + 8.0) as u8
    } else {
        8
    }
}

fn largest(weights: &[f32]) -> f32 {
    weights
        .iter()
        .fold(0.0, |most, weight| most.max(weight.abs()))
}

/// What one step of eight bits is worth if the largest of `weights` is 127 steps.
fn scale(weights: &[f32]) -> f32 {
    largest(weights) / 127.0
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range of i8"
)]
fn quantise(weight: f32, scale: f32) -> i8 {
    if scale > 0.0 {
        (weight / scale).round().clamp(-127.0, 127.0) as i8
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Bag;
    use crate::model::Target;

    fn vocabulary(text: &str) -> (Vocabulary, Bag) {
        let mut bag = Bag::new();
        bag.read(text);
        let mut vocabulary = Vocabulary::new();
        vocabulary.count(&bag);
        (vocabulary, bag)
    }

    #[test]
    fn a_row_is_shifted_by_its_median_and_keeps_what_stands_out() {
        let (vocabulary, bag) = vocabulary("rain");
        let mut input = Vec::new();
        vocabulary.weigh(&bag, &mut input);
        let mut linear = Linear::new();
        (0..5).for_each(|class| linear.add_class(class));
        for _ in 0..5 {
            linear.learn(&input, Target::Is(3), 5, 0.1);
        }
        let rows = SparseRows::of(&linear, &vocabulary, &[0, 1, 2, 3, 4]);
        let mut scores = [0.0; 5];
        for entry in &input {
            rows.accumulate(entry.bucket as usize, entry.weight, &mut scores);
        }
        assert!(scores[3] > 0.1, "{scores:?}");
        assert!(scores[..3].iter().all(|score| score.abs() < 1e-3));
        assert_eq!(rows.classes.len(), input.len());
    }

    #[test]
    fn an_embedding_survives_four_bits_and_the_unseen_is_0() {
        let network = Network::new(1);
        let embedding = Embedding::of(&network, |bucket| bucket == 4);
        let mut sum = [0.0; WIDTH];
        embedding.accumulate(5, 1.0, &mut sum);
        assert!(sum.iter().all(|unit| unit.abs() < f32::EPSILON));
        embedding.accumulate(4, 1.0, &mut sum);
        let exact = network.embedding(4);
        let step = largest(exact) / 7.0;
        for (quantised, exact) in sum.iter().zip(exact) {
            assert!((quantised - exact).abs() <= 0.51 * step);
        }
    }
}
