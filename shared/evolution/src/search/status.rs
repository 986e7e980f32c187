//! Whether a search goes on.

use serde::{Deserialize, Serialize};

use super::{Population, Search};

/// What of a run's means is used up, by whoever has a clock and knows prices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Used {
    /// Seconds of worker time.
    pub seconds: f64,
    /// Dollars.
    pub dollars: f64,
}

/// Whether a search goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Another generation may be made.
    Continue,
    /// It has ended.
    Stop(Reason),
}

/// Why a search has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The best is as good as was asked.
    Target,
    /// All generations are made.
    Generations,
    /// What is left of the evaluations does not suffice for another generation.
    Evaluations,
    /// The time is up.
    Seconds,
    /// The money is spent.
    Dollars,
    /// The best has not improved for as long as was asked.
    Plateau,
}

impl Search<'_> {
    /// Whether another generation of `population` may be made, if `used` is what the run has taken
    /// so far. Who asks in the middle of a generation, for seconds or dollars, and is told to stop
    /// throws the children made so far away: the population is the last complete one.
    pub fn status(&self, population: &Population, used: Used) -> Status {
        let budget = &self.settings.budget;
        let best = population.best.score.loss().value();
        let children = u64::from(self.children_of(population));
        let least = children.saturating_mul(u64::from(self.cases));
        let reasons = [
            (
                Reason::Target,
                budget.target.is_some_and(|target| best <= target),
            ),
            (
                Reason::Generations,
                population.generation >= budget.generations,
            ),
            (Reason::Evaluations, self.runs_left(population) < least),
            (Reason::Seconds, used.seconds >= seconds(budget.seconds)),
            (Reason::Dollars, used.dollars >= budget.dollars),
            (
                Reason::Plateau,
                budget.plateau > 0 && population.plateau >= budget.plateau,
            ),
        ];
        let reason = reasons.into_iter().find(|(_, holds)| *holds);
        reason.map_or(Status::Continue, |(reason, _)| Status::Stop(reason))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no run takes more than 2^53 seconds"
)]
fn seconds(whole: u64) -> f64 {
    whole as f64
}
