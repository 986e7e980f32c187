//! What a search is told to do: plain data, checked once.

use serde::{Deserialize, Serialize};

/// How parents are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Selection {
    /// The best of so many drawn at random.
    Tournament {
        /// How many are drawn.
        size: u32,
    },
    /// Lexicase (Spector 2012): case after case in random order, only the best on it stay.
    Lexicase {
        /// The share of the cases that a generation looks at, 0 < share ≤ 1: down-sampled lexicase
        /// (Hernandez et al. 2019).
        sample: f64,
    },
}

/// Populations that evolve side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IslandSettings {
    /// How many, 1 or more. The population is divided among them.
    pub count: u32,
    /// Every how many generations some move on to the next island; 0 for never.
    pub migrate_every: u32,
    /// How many of each island move.
    pub migrants: u32,
}

/// What a run may take. The first limit that is reached ends it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Generations, 1 to 100,000.
    pub generations: u32,
    /// Evaluations of a candidate on all its cases; that on some of them counts as their share.
    pub evaluations: u64,
    /// Seconds of worker time.
    pub seconds: u64,
    /// Dollars by the list prices of what it takes.
    pub dollars: f64,
    /// Stops when the best loss is no more than this.
    pub target: Option<f64>,
    /// Stops when the best loss has not improved for so many generations; 0 for never.
    pub plateau: u32,
}

/// How a search goes about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What all randomness follows from.
    pub seed: u64,
    /// How many candidates, over all islands.
    pub population: u32,
    /// Islands and migration.
    pub islands: IslandSettings,
    /// How parents are chosen.
    pub selection: Selection,
    /// The share of children made by mutation; the others come from crossover.
    pub mutation_rate: f64,
    /// How many of each island's best go on unchanged.
    pub elite: u32,
    /// The loss that a node costs where two candidates are compared, so that of two equally good
    /// ones the smaller wins: 0 compares size only between equals.
    pub parsimony: f64,
    /// The operators by name; all if empty.
    pub operators: Vec<String>,
    /// The most nodes a block may have.
    pub max_nodes: u32,
    /// The most levels a function of the block may nest.
    pub max_depth: u32,
    /// Whether a child that behaves as somebody of its island does is made anew.
    pub novelty: bool,
    /// What a run may take.
    pub budget: Budget,
}

impl Default for IslandSettings {
    fn default() -> Self {
        Self {
            count: 2,
            migrate_every: 10,
            migrants: 1,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            generations: 50,
            evaluations: 25_000,
            seconds: 3600,
            dollars: 1.0,
            target: None,
            plateau: 0,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            population: 50,
            islands: IslandSettings::default(),
            selection: Selection::Tournament { size: 5 },
            mutation_rate: 0.1,
            elite: 1,
            parsimony: 0.0,
            operators: Vec::new(),
            max_nodes: 200,
            max_depth: 24,
            novelty: true,
            budget: Budget::default(),
        }
    }
}

/// A setting that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {expected}")]
pub struct SettingsError {
    /// The setting, as a path.
    pub field: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

impl Settings {
    /// Checks every setting against its range.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] names the first that is out of it.
    pub fn check(&self) -> Result<(), SettingsError> {
        let share = |value: f64| (0.0..=1.0).contains(&value);
        let islands = self.islands.count;
        let of_island = self.population / islands.max(1);
        let rules: [(&'static str, &'static str, bool); 14] = [
            (
                "population",
                "4 to 10000",
                (4..=10_000).contains(&self.population),
            ),
            (
                "islands.count",
                "1 or more, with 4 candidates or more on each",
                islands >= 1 && of_island >= 4,
            ),
            (
                "islands.migrants",
                "less than an island has candidates",
                self.islands.migrants < of_island.max(1),
            ),
            (
                "selection.size",
                "1 to 100",
                match self.selection {
                    Selection::Tournament { size } => (1..=100).contains(&size),
                    Selection::Lexicase { .. } => true,
                },
            ),
            (
                "selection.sample",
                "more than 0, and 1 at most",
                match self.selection {
                    Selection::Tournament { .. } => true,
                    Selection::Lexicase { sample } => share(sample) && sample > 0.0,
                },
            ),
            ("mutation_rate", "0 to 1", share(self.mutation_rate)),
            (
                "elite",
                "less than an island has candidates",
                self.elite < of_island.max(1),
            ),
            (
                "parsimony",
                "0 or more",
                self.parsimony.is_finite() && self.parsimony >= 0.0,
            ),
            (
                "max_nodes",
                "8 to 2000",
                (8..=2000).contains(&self.max_nodes),
            ),
            ("max_depth", "4 to 60", (4..=60).contains(&self.max_depth)),
            (
                "budget.generations",
                "1 to 100000",
                (1..=100_000).contains(&self.budget.generations),
            ),
            (
                "budget.evaluations",
                "1 or more",
                self.budget.evaluations >= 1,
            ),
            (
                "budget.dollars",
                "more than 0",
                self.budget.dollars.is_finite() && self.budget.dollars > 0.0,
            ),
            (
                "budget.target",
                "0 or more",
                self.budget
                    .target
                    .is_none_or(|target| target.is_finite() && target >= 0.0),
            ),
        ];
        match rules.into_iter().find(|(.., holds)| !holds) {
            Some((field, expected, _)) => Err(SettingsError { field, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn a_setting_out_of_range_is_named() {
        let settings: Settings = serde_json::from_str(r#"{"islands": {"count": 20}}"#).unwrap();
        assert_eq!(settings.check().unwrap_err().field, "islands.count");
        let settings = Settings {
            mutation_rate: f64::NAN,
            ..Settings::default()
        };
        assert_eq!(settings.check().unwrap_err().field, "mutation_rate");
        assert!(serde_json::from_str::<Settings>(r#"{"populaton": 9}"#).is_err());
    }
}
