//! An embedding of the n-grams, a rectifier, and a softmax.

use super::matrix::Matrix;
use super::random::Random;
use super::{Step, Target};
use crate::features::BUCKETS;
use crate::vocabulary::Weighted;

/// Length of an n-gram's embedding; even.
pub(crate) const WIDTH: usize = 128;
/// What every hidden unit starts from, so that none is dead before it has learned.
pub(crate) const HIDDEN_BIAS: f32 = 0.1;

const SPREAD: f32 = 0.05;

/// Sums the embeddings of a text's n-grams, rectifies, and weighs the classes: what agents have in
/// common is learned once and shared, which plain linear weights cannot do.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    embedding: Vec<f32>,
    squares: Vec<f32>,
    output: Matrix,
    random: Random,
    scratch: Scratch,
}

#[derive(Debug, Clone, Default)]
struct Scratch {
    hidden: Vec<f32>,
    slope: Vec<f32>,
    gradient: Vec<f32>,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            embedding: (0..BUCKETS * WIDTH)
                .map(|_| SPREAD * random.signed())
                .collect(),
            squares: vec![1e-4; BUCKETS * WIDTH],
            output: Matrix::new(WIDTH, 1e-2),
            random,
            scratch: Scratch {
                hidden: vec![0.0; WIDTH],
                slope: vec![0.0; WIDTH],
                gradient: Vec::new(),
            },
        }
    }

    pub(crate) fn add_class(&mut self, class: usize) {
        self.output.reserve(class + 1);
        let random = &mut self.random;
        self.output.reset_column(class, || SPREAD * random.signed());
        self.scratch.gradient.resize(self.output.stride(), 0.0);
    }

    /// Drops a class; the last one takes its place.
    pub(crate) fn remove_class(&mut self, class: usize, last: usize) {
        self.output.move_column(last, class);
        self.output.reset_column(last, || 0.0);
    }

    /// A bucket's embedding.
    pub(crate) fn embedding(&self, bucket: usize) -> &[f32] {
        &self.embedding[bucket * WIDTH..(bucket + 1) * WIDTH]
    }

    /// A hidden unit's weights for each class, padding included.
    pub(crate) fn output(&self, unit: usize) -> &[f32] {
        self.output.row(unit)
    }

    /// Learns from one text, of which `input` is what dropout left.
    pub(crate) fn learn(
        &mut self,
        input: &[Weighted],
        target: Target,
        classes: usize,
        step: &Step,
        rate: f32,
    ) {
        self.forward(input, classes, step.hidden_dropout);
        self.scratch.blame(target, classes);
        self.backward(input, step.hidden_dropout, rate);
    }

    /// Leaves the classes' probabilities in the gradient.
    fn forward(&mut self, input: &[Weighted], classes: usize, dropout: f32) {
        let Scratch {
            hidden, gradient, ..
        } = &mut self.scratch;
        hidden.fill(HIDDEN_BIAS);
        for entry in input {
            let start = entry.bucket as usize * WIDTH;
            let embedding = &self.embedding[start..start + WIDTH];
            for (unit, value) in hidden.iter_mut().zip(embedding) {
                *unit += entry.weight * value;
            }
        }
        gradient.fill(0.0);
        for (index, unit) in hidden.iter_mut().enumerate() {
            let dropped = self.random.unit() < dropout;
            *unit = if dropped {
                0.0
            } else {
                unit.max(0.0) / (1.0 - dropout)
            };
            if *unit > 0.0 {
                self.output.accumulate(index, *unit, gradient);
            }
        }
        softmax(&mut gradient[..classes], 1.0);
    }

    fn backward(&mut self, input: &[Weighted], dropout: f32, rate: f32) {
        let Scratch {
            hidden,
            slope,
            gradient,
        } = &mut self.scratch;
        for (index, (slope, &unit)) in slope.iter_mut().zip(hidden.iter()).enumerate() {
            *slope = 0.0;
            if unit > 0.0 {
                let row = self.output.row(index);
                let sum: f32 = gradient.iter().zip(row).map(|(g, w)| g * w).sum();
                *slope = sum / (1.0 - dropout);
                self.output.descend(index, unit, gradient, rate);
            }
        }
        for entry in input {
            let range = entry.bucket as usize * WIDTH..(entry.bucket as usize + 1) * WIDTH;
            let weights = &mut self.embedding[range.clone()];
            let squares = &mut self.squares[range];
            for ((weight, square), slope) in weights.iter_mut().zip(squares).zip(slope.iter()) {
                let slope = slope * entry.weight;
                *square += slope * slope;
                *weight -= rate * slope / square.sqrt();
            }
        }
    }
}

impl Scratch {
    /// Turns the classes' probabilities into the gradient of the logarithmic loss.
    fn blame(&mut self, target: Target, classes: usize) {
        let gradient = &mut self.gradient[..classes];
        match target {
            Target::Is(class) => gradient[class] -= 1.0,
            // Of −ln(1 − p): p for the class itself, and −p times their share for the others.
            Target::IsNot(class) => {
                let p = gradient[class];
                let rest = (1.0 - p).max(f32::EPSILON);
                for slope in gradient.iter_mut() {
                    *slope *= -p / rest;
                }
                gradient[class] = p;
            }
        }
    }
}

/// Turns scores, multiplied by `steepness`, into probabilities, and returns the logarithm of what
/// their exponentials sum to.
pub(crate) fn softmax(scores: &mut [f32], steepness: f32) -> f32 {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = ((*score - highest) * steepness).exp();
        sum += *score;
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
    highest * steepness + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_whatever_the_scale() {
        let mut scores = [1_000.0, 999.0, -5.0];
        let energy = softmax(&mut scores, 1.0);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(scores[0] > scores[1] && scores[1] > scores[2]);
        assert!((energy - 1_000.31).abs() < 0.01);
    }

    #[test]
    fn a_wrong_guess_is_pushed_down_and_the_others_up() {
        let mut scratch = Scratch {
            gradient: vec![0.6, 0.3, 0.1],
            ..Scratch::default()
        };
        scratch.blame(Target::IsNot(0), 3);
        assert!((scratch.gradient[0] - 0.6).abs() < 1e-6);
        assert!(scratch.gradient[1..].iter().all(|slope| *slope < 0.0));
        assert!(scratch.gradient.iter().sum::<f32>().abs() < 1e-6);
    }

    #[test]
    fn learns_a_text() {
        let mut network = Network::new(1);
        network.add_class(0);
        network.add_class(1);
        let input = [Weighted {
            bucket: 9,
            weight: 1.0,
        }];
        let step = Step {
            hidden_dropout: 0.0,
            ..Step::FIT
        };
        for _ in 0..50 {
            network.learn(&input, Target::Is(1), 2, &step, 0.1);
        }
        network.forward(&input, 2, 0.0);
        assert!(network.scratch.gradient[1] > 0.9);
    }
}
