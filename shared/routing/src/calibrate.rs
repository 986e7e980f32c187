//! How far a model's word can be trusted: probabilities that mean what they say, and a calibrated
//! "none of them".
//!
//! Both are fitted on examples held out of training. The temperature makes the confidence of
//! choices agree with how often they are right. The scope is a logistic regression over five
//! signals, fitted with both sides weighing the same, so that a probability of one half is the
//! balanced threshold. Where no text is known that is for no agent, whole agents are held out and
//! their examples take that part. The fit is held to the weights that models of few examples usually
//! have, the more the fewer examples there are; with too few to fit anything, fixed ones stand.

#![allow(
    clippy::cast_precision_loss,
    reason = "counts of examples are far below 2^24"
)]

use serde::{Deserialize, Serialize};

/// Number of signals.
const SIGNALS: usize = 5;

/// What a model has to say about whether a text is for any agent at all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Signals {
    /// The highest score of the linear model.
    pub linear: f32,
    /// The logarithm of the sum of the exponentials of the network's scores.
    pub energy: f32,
    /// The logarithm of the highest probability.
    pub confidence: f32,
    /// The logarithm of the ratio of the highest probability to the second highest.
    pub margin: f32,
    /// The share of the text's words and pairs of words that training has met.
    pub known: f32,
}

impl Signals {
    const fn values(self) -> [f32; SIGNALS] {
        [
            self.linear,
            self.energy,
            self.confidence,
            self.margin,
            self.known,
        ]
    }
}

/// What a calibration stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Nothing: there were too few examples to hold any out.
    Prior,
    /// Texts known to be for no agent.
    Examples,
    /// The examples of agents held out of training.
    HeldOutAgents,
}

/// How a model's output is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What scores are divided by before they become probabilities.
    pub temperature: f32,
    /// The probability of being in scope below which a text is for no agent.
    pub threshold: f32,
    /// What it stands on.
    pub basis: Basis,
    /// How well in-scope and out-of-scope texts are told apart: the area under the receiver
    /// operating characteristic, each half of the held-out examples judged by a fit to the other.
    pub auroc: Option<f32>,
    scope: Scope,
}

impl Default for Calibration {
    /// For a model without examples enough to be calibrated.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            threshold: 0.5,
            basis: Basis::Prior,
            auroc: None,
            scope: Scope::PRIOR,
        }
    }
}

impl Calibration {
    /// The fewest examples of either side that a fit is made from.
    pub const FEWEST: usize = 20;

    /// Fits the scope to the signals of held-out texts. With fewer than [`Calibration::FEWEST`] on
    /// either side the fixed weights stay.
    #[must_use]
    pub fn fit(temperature: f32, inside: &[Signals], outside: &[Signals], basis: Basis) -> Self {
        if inside.len().min(outside.len()) < Self::FEWEST {
            return Self {
                temperature,
                ..Self::default()
            };
        }
        Self {
            temperature,
            threshold: 0.5,
            basis,
            auroc: cross_fitted_auroc(inside, outside),
            scope: Scope::fit(inside, outside),
        }
    }

    /// The probability that a text with these signals is for one of the agents, where half of all
    /// texts are.
    #[must_use]
    pub fn in_scope(&self, signals: Signals) -> f32 {
        self.scope.probability(signals)
    }
}

/// Logistic regression over [`Signals`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Scope {
    weights: [f32; SIGNALS],
    bias: f32,
}

impl Scope {
    /// For a model that cannot be fitted. Leans on what needs no fitting: whether the words are
    /// known, and whether one agent stands out.
    const PRIOR: Self = Self {
        weights: [0.0, 0.0, 0.8, 0.0, 5.0],
        bias: -0.5,
    };
    /// What fits small models at large: fitted to the texts of 84 models of CLINC150 and 84 of
    /// BANKING77, each of 3 to 20 intents with 6 to 12 examples, and to as many of other intents.
    const USUAL: Self = Self {
        weights: [1.6, 0.35, -0.25, 0.05, 2.95],
        bias: -4.7,
    };
    const STEPS: usize = 2_000;
    const RATE: f32 = 1.0;
    /// How strongly the weights are held to the usual ones, by one example of the rarer side: what
    /// few examples say by chance is outweighed, what many say is not.
    const HOLD: f32 = 10.0;
    /// The same for the bias.
    const HOLD_OF_BIAS: f32 = 3.0;

    fn probability(&self, signals: Signals) -> f32 {
        let sum: f32 = signals
            .values()
            .iter()
            .zip(self.weights)
            .map(|(value, weight)| value * weight)
            .sum();
        1.0 / (1.0 + (-(sum + self.bias)).exp())
    }

    /// Gradient descent on the logarithmic loss of standardised signals.
    fn fit(inside: &[Signals], outside: &[Signals]) -> Self {
        let shape = Shape::of(inside, outside);
        let rows: Vec<([f32; SIGNALS], f32, f32)> = [(inside, 1.0), (outside, 0.0)]
            .into_iter()
            .flat_map(|(side, label)| {
                let weight = 0.5 / side.len() as f32;
                let shape = &shape;
                side.iter()
                    .map(move |signals| (shape.standardise(*signals), label, weight))
            })
            .collect();
        let usual = shape.fold(Self::USUAL);
        let fewer = inside.len().min(outside.len()).max(1) as f32;
        let (hold, hold_of_bias) = (Self::HOLD / fewer, Self::HOLD_OF_BIAS / fewer);
        let mut fit = usual;
        for _ in 0..Self::STEPS {
            let mut slopes = [0.0; SIGNALS];
            for (index, slope) in slopes.iter_mut().enumerate() {
                *slope = hold * (fit.weights[index] - usual.weights[index]);
            }
            let mut slope_of_bias = hold_of_bias * (fit.bias - usual.bias);
            for (values, label, weight) in &rows {
                let sum: f32 = values.iter().zip(fit.weights).map(|(v, w)| v * w).sum();
                let error = (1.0 / (1.0 + (-(sum + fit.bias)).exp()) - label) * weight;
                for (slope, value) in slopes.iter_mut().zip(values) {
                    *slope += error * value;
                }
                slope_of_bias += error;
            }
            for (weight, slope) in fit.weights.iter_mut().zip(slopes) {
                *weight -= Self::RATE * slope;
            }
            fit.bias -= Self::RATE * slope_of_bias;
        }
        shape.unfold(fit)
    }
}

/// Means and standard deviations of the signals.
struct Shape {
    means: [f32; SIGNALS],
    deviations: [f32; SIGNALS],
}

impl Shape {
    fn of(inside: &[Signals], outside: &[Signals]) -> Self {
        let count = (inside.len() + outside.len()) as f32;
        let all = || inside.iter().chain(outside).map(|signals| signals.values());
        let mut means = [0.0; SIGNALS];
        for values in all() {
            for (mean, value) in means.iter_mut().zip(values) {
                *mean += value / count;
            }
        }
        let mut variances = [0.0; SIGNALS];
        for values in all() {
            for ((variance, value), mean) in variances.iter_mut().zip(values).zip(means) {
                *variance += (value - mean).powi(2) / count;
            }
        }
        Self {
            means,
            deviations: variances.map(|variance: f32| variance.sqrt().max(1e-6)),
        }
    }

    fn standardise(&self, signals: Signals) -> [f32; SIGNALS] {
        let mut values = signals.values();
        for (index, value) in values.iter_mut().enumerate() {
            *value = (*value - self.means[index]) / self.deviations[index];
        }
        values
    }

    /// The same regression over standardised signals.
    fn fold(&self, mut fit: Scope) -> Scope {
        for index in 0..SIGNALS {
            fit.bias += fit.weights[index] * self.means[index];
            fit.weights[index] *= self.deviations[index];
        }
        fit
    }

    /// The same regression over signals as they are.
    fn unfold(&self, mut fit: Scope) -> Scope {
        for index in 0..SIGNALS {
            fit.weights[index] /= self.deviations[index];
            fit.bias -= fit.weights[index] * self.means[index];
        }
        fit
    }
}

fn cross_fitted_auroc(inside: &[Signals], outside: &[Signals]) -> Option<f32> {
    let half = |side: &[Signals], parity: usize| -> Vec<Signals> {
        side.iter().copied().skip(parity).step_by(2).collect()
    };
    let mut sum = 0.0;
    for parity in 0..2 {
        let fit = Scope::fit(&half(inside, parity), &half(outside, parity));
        let judge = |side: &[Signals]| -> Vec<f32> {
            half(side, 1 - parity)
                .into_iter()
                .map(|signals| fit.probability(signals))
                .collect()
        };
        sum += auroc(&judge(inside), &judge(outside))?;
    }
    Some(sum / 2.0)
}

/// The probability that a score of `inside` is above one of `outside`, ties counting half: the
/// area under the receiver operating characteristic. `None` if either is empty.
#[must_use]
pub fn auroc(inside: &[f32], outside: &[f32]) -> Option<f32> {
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let mut below: Vec<f32> = outside.to_vec();
    below.sort_unstable_by(f32::total_cmp);
    let wins: f64 = inside
        .iter()
        .map(|score| {
            let less = below.partition_point(|other| other < score);
            let not_more = below.partition_point(|other| other <= score);
            f64::midpoint(less as f64, not_more as f64)
        })
        .sum();
    #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
    let area = (wins / (inside.len() as f64 * below.len() as f64)) as f32;
    Some(area)
}

/// The temperature under which `scores`, each with the index of the right class, have the highest
/// likelihood; 1 if there are none.
#[must_use]
pub fn temperature(scores: &[(Vec<f32>, usize)]) -> f32 {
    if scores.is_empty() {
        return 1.0;
    }
    let loss = |temperature: f32| -> f32 {
        scores
            .iter()
            .map(|(scores, right)| {
                let highest = scores.iter().copied().fold(f32::MIN, f32::max);
                let sum: f32 = scores
                    .iter()
                    .map(|score| ((score - highest) / temperature).exp())
                    .sum();
                sum.ln() - (scores[*right] - highest) / temperature
            })
            .sum()
    };
    // The loss is convex in the inverse temperature, so a narrowing search cannot miss.
    let (mut low, mut high) = (0.1_f32.ln(), 10.0_f32.ln());
    while high - low > 0.01 {
        let third = (high - low) / 3.0;
        if loss((low + third).exp()) < loss((high - third).exp()) {
            high -= third;
        } else {
            low += third;
        }
    }
    f32::midpoint(low, high).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn signals(known: f32, wobble: f32) -> Signals {
        Signals {
            linear: wobble,
            known,
            confidence: -wobble.abs(),
            ..Signals::default()
        }
    }

    fn sides() -> (Vec<Signals>, Vec<Signals>) {
        let wobble = |n: u8| f32::from(n % 7) / 7.0;
        let inside = (0..60).map(|n| signals(0.9 - 0.1 * wobble(n), wobble(n)));
        let outside = (0..30).map(|n| signals(0.4 + 0.1 * wobble(n), wobble(n)));
        (inside.collect(), outside.collect())
    }

    #[test]
    fn separates_what_can_be_separated() {
        let (inside, outside) = sides();
        let fit = Calibration::fit(1.0, &inside, &outside, Basis::Examples);
        assert_eq!(fit.auroc, Some(1.0));
        assert!(inside.iter().all(|s| fit.in_scope(*s) > fit.threshold));
        assert!(outside.iter().all(|s| fit.in_scope(*s) < fit.threshold));
    }

    #[test]
    fn too_few_examples_leave_the_prior() {
        let (inside, outside) = sides();
        let fit = Calibration::fit(2.0, &inside, &outside[..5], Basis::Examples);
        assert_eq!(fit.basis, Basis::Prior);
        assert!((fit.temperature - 2.0).abs() < f32::EPSILON);
        assert!(fit.in_scope(signals(1.0, 0.0)) > 0.5);
        assert!(fit.in_scope(signals(0.0, 3.0)) < 0.5);
    }

    /// What any model of few examples says of a text that is one agent's, and of one that is none's.
    fn clear_cases() -> (Signals, Signals) {
        let clear = Signals {
            linear: 3.0,
            energy: 0.0,
            confidence: -0.05,
            margin: 3.0,
            known: 0.9,
        };
        let foreign = Signals {
            linear: 0.5,
            energy: -3.0,
            confidence: -1.5,
            margin: 0.3,
            known: 0.3,
        };
        (clear, foreign)
    }

    #[test]
    fn examples_that_tell_nothing_apart_say_little() {
        let wobble = |n: u8| Signals {
            linear: f32::from(n % 5),
            energy: -f32::from(n % 7),
            confidence: -f32::from(n % 3) / 3.0,
            margin: f32::from(n % 4),
            known: f32::from(n % 11) / 11.0,
        };
        let (inside, outside): (Vec<_>, Vec<_>) =
            (0..40).map(|n| (wobble(n), wobble(n + 2))).unzip();
        let fit = Calibration::fit(1.0, &inside, &outside, Basis::HeldOutAgents);
        assert_eq!(fit.basis, Basis::HeldOutAgents);
        let (clear, foreign) = clear_cases();
        assert!(fit.in_scope(clear) > 0.6, "{}", fit.in_scope(clear));
        assert!(fit.in_scope(foreign) < 0.4, "{}", fit.in_scope(foreign));
    }

    #[test]
    fn auroc_counts_pairs() {
        assert_eq!(auroc(&[2.0, 3.0], &[1.0]), Some(1.0));
        assert_eq!(auroc(&[1.0], &[1.0]), Some(0.5));
        assert_eq!(auroc(&[1.0, 4.0], &[2.0, 3.0]), Some(0.5));
        assert_eq!(auroc(&[], &[1.0]), None);
    }

    #[test]
    fn overconfidence_is_cooled() {
        // Certain to e⁸, and right three times in four.
        let scores: Vec<_> = (0..100)
            .map(|n| (vec![8.0, 0.0], usize::from(n % 4 == 0)))
            .collect();
        let temperature = temperature(&scores);
        let confidence = 1.0 / (1.0 + (-8.0 / temperature).exp());
        assert!((confidence - 0.75).abs() < 0.02, "{confidence}");
    }

    proptest! {
        #[test]
        fn auroc_is_symmetric(
            inside in proptest::collection::vec(-3_i8..3, 1..20),
            outside in proptest::collection::vec(-3_i8..3, 1..20),
        ) {
            let inside: Vec<f32> = inside.into_iter().map(f32::from).collect();
            let outside: Vec<f32> = outside.into_iter().map(f32::from).collect();
            let there = auroc(&inside, &outside).unwrap();
            let back = auroc(&outside, &inside).unwrap();
            prop_assert!((there + back - 1.0).abs() < 1e-6);
        }
    }
}
