//! One-vs-rest logistic regression.

use super::matrix::Matrix;
use super::random::Random;
use super::{Step, Target};
use crate::features::BUCKETS;
use crate::vocabulary::Weighted;

/// Steepens the logistic function: inputs have norm √2 at most, and unscaled the weights would
/// need many steps to grow.
pub(crate) const STEEPNESS: f32 = 6.0;

/// An independent logistic regression for every class, over the n-grams directly.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    matrix: Matrix,
    gradient: Vec<f32>,
}

impl Linear {
    pub(crate) const fn new() -> Self {
        Self {
            matrix: Matrix::new(BUCKETS, 1e-6),
            gradient: Vec::new(),
        }
    }

    pub(crate) fn add_class(&mut self, class: usize) {
        self.matrix.reserve(class + 1);
        self.matrix.reset_column(class, || 0.0);
        self.gradient.resize(self.matrix.stride(), 0.0);
    }

    /// Drops a class; the last one takes its place.
    pub(crate) fn remove_class(&mut self, class: usize, last: usize) {
        self.matrix.move_column(last, class);
        self.matrix.reset_column(last, || 0.0);
    }

    /// The weights of a bucket for each class, padding included.
    pub(crate) fn row(&self, bucket: usize) -> &[f32] {
        self.matrix.row(bucket)
    }

    /// Learns from one text, of which `input` is what dropout left.
    pub(crate) fn learn(&mut self, input: &[Weighted], target: Target, classes: usize, rate: f32) {
        let gradient = &mut self.gradient;
        gradient.fill(0.0);
        for entry in input {
            self.matrix
                .accumulate(entry.bucket as usize, entry.weight, gradient);
        }
        match target {
            Target::Is(class) => {
                for (index, slope) in gradient[..classes].iter_mut().enumerate() {
                    *slope = logistic(*slope * STEEPNESS) - f32::from(u8::from(index == class));
                }
            }
            Target::IsNot(class) => {
                let slope = logistic(gradient[class] * STEEPNESS);
                gradient.fill(0.0);
                gradient[class] = slope;
            }
        }
        for entry in input {
            self.matrix
                .descend(entry.bucket as usize, entry.weight, gradient, rate);
        }
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Leaves each n-gram out with the probability that `step` gives its view, and raises the weight
/// of the rest so that sums keep their expectation.
pub(crate) fn drop_out(
    input: &[Weighted],
    step: &Step,
    random: &mut Random,
    kept: &mut Vec<Weighted>,
) {
    kept.clear();
    for entry in input {
        let dropout = if entry.is_word() {
            step.word_dropout
        } else {
            step.character_dropout
        };
        if random.unit() >= dropout {
            kept.push(Weighted {
                weight: entry.weight / (1.0 - dropout),
                ..*entry
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bucket: u32) -> [Weighted; 1] {
        [Weighted {
            bucket,
            weight: 1.0,
        }]
    }

    #[test]
    fn learns_and_unlearns() {
        let mut linear = Linear::new();
        linear.add_class(0);
        linear.add_class(1);
        linear.learn(&input(5), Target::Is(1), 2, 0.1);
        assert!(linear.row(5)[1] > 0.0 && linear.row(5)[0] < 0.0);
        let (before, other) = (linear.row(5)[1], linear.row(5)[0]);
        linear.learn(&input(5), Target::IsNot(1), 2, 0.1);
        assert!(linear.row(5)[1] < before);
        assert!((linear.row(5)[0] - other).abs() < f32::EPSILON);
    }

    #[test]
    fn dropout_keeps_the_expected_sum() {
        let input: Vec<_> = (0..2_000)
            .map(|bucket| Weighted {
                bucket,
                weight: 1.0,
            })
            .collect();
        let step = Step {
            word_dropout: 0.5,
            ..Step::FIT
        };
        let mut kept = Vec::new();
        drop_out(&input, &step, &mut Random::new(1), &mut kept);
        assert!((900..1_100).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().all(|entry| (entry.weight - 2.0).abs() < 1e-6));
    }
}
