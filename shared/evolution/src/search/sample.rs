//! The cases that a generation looks at.

use rand::RngExt;

use crate::{Purpose, Rng, Selection, Settings};

/// The cases on which the children of a generation are judged, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sample {
    cases: Vec<u32>,
    whole: bool,
}

impl Sample {
    /// All of `cases` cases.
    pub(super) fn whole(cases: u32) -> Self {
        Self {
            cases: (0..cases).collect(),
            whole: true,
        }
    }

    /// What `generation` looks at of `cases` cases. The generation of the agent's own block, 0,
    /// looks at all.
    pub(super) fn of(settings: &Settings, generation: u32, cases: u32) -> Self {
        let size = match settings.selection {
            Selection::Tournament { .. } => cases,
            Selection::Lexicase { sample } => share(sample, cases),
        };
        if size == cases || generation == 0 {
            return Self::whole(cases);
        }
        let mut rng = Rng::keyed(settings.seed, generation, 0, Purpose::Select);
        // Vitter's method S: each case is taken with the chance that fills the sample.
        let mut left = size;
        let drawn = (0..cases).filter(|case| {
            let taken = rng.random_range(0..cases - case) < left;
            left -= u32::from(taken);
            taken
        });
        Self {
            cases: drawn.collect(),
            whole: false,
        }
    }

    pub(super) fn cases(&self) -> &[u32] {
        &self.cases
    }

    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }
}

/// That share of `cases`, rounded up, and 1 at least.
fn share(share: f64, cases: u32) -> u32 {
    let exact = (share * f64::from(cases)).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and the bounds of the clamp are what is meant"
    )]
    let rounded = exact as u32;
    rounded.clamp(1, cases.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_drawn_anew_for_each_generation() {
        let settings = Settings {
            selection: Selection::Lexicase { sample: 0.25 },
            ..Settings::default()
        };
        let sample = |generation| Sample::of(&settings, generation, 40);
        let mut seen = vec![0; 40];
        for generation in 1..=40 {
            let drawn = sample(generation);
            assert_eq!(drawn.len(), 10);
            assert!(drawn.cases().is_sorted_by(|a, b| a < b));
            assert_eq!(drawn, sample(generation));
            for case in drawn.cases() {
                seen[*case as usize] += 1;
            }
        }
        // Expected: 10 times each, with a standard deviation of 2.7.
        assert!(seen.iter().all(|times| (1..25).contains(times)), "{seen:?}");
        assert!(sample(0).is_whole());
        assert_eq!(share(1e-9, 40), 1);
    }
}
