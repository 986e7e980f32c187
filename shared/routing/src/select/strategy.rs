//! How one is chosen among the agents that fit.

use serde::{Deserialize, Serialize};

use super::{Candidate, Parts, Reason, count};

/// How one is chosen among the agents that fit.
///
/// All but [`Strategy::Learned`] choose among those whose fit is at least half of the best fit,
/// since to an agent that does something else no task is given for being idle; of a directed task,
/// among all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The highest score: P(agent | text) × success posterior × load factor.
    #[default]
    Learned,
    /// The lowest load.
    LeastConnections,
    /// Turns in proportion to the agents' weights, interleaved.
    WeightedRoundRobin,
    /// The shortest expected time until the task is done: mean run time × tasks under way, this
    /// one included, over capacity.
    ResourceBased,
}

/// The run time that an agent counts as having before it has done a task, in milliseconds.
const UNKNOWN_RUN_TIME_MS: f32 = 100.0;

impl Strategy {
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::Learned => Reason::BestScore,
            Self::LeastConnections => Reason::LeastConnections,
            Self::WeightedRoundRobin => Reason::Turn,
            Self::ResourceBased => Reason::ShortestWait,
        }
    }

    /// The index of the chosen one in `scored`, which is ordered by score.
    pub(super) fn choose(
        self,
        scored: &[(&Candidate, Parts)],
        turn: u64,
        directed: bool,
    ) -> Result<usize, Reason> {
        let best = scored.iter().map(|(_, p)| p.fit).fold(0.0, f32::max);
        let apt: Vec<(usize, &Candidate)> = scored
            .iter()
            .enumerate()
            .filter(|(_, (_, parts))| directed || parts.fit >= best / 2.0)
            .map(|(index, (candidate, _))| (index, *candidate))
            .collect();
        let least = |cost: fn(&Candidate) -> f32| {
            apt.iter()
                .min_by(|(_, a), (_, b)| cost(a).total_cmp(&cost(b)))
                .map(|(index, _)| *index)
        };
        let chosen = match self {
            Self::Learned => (!scored.is_empty()).then_some(0),
            Self::LeastConnections => least(Candidate::load),
            Self::WeightedRoundRobin => take_turn(&apt, turn),
            Self::ResourceBased => least(expected_ms),
        };
        chosen.ok_or(Reason::NoneFits)
    }
}

fn expected_ms(candidate: &Candidate) -> f32 {
    let run_time = if candidate.run_time_ms > 0.0 {
        candidate.run_time_ms
    } else {
        UNKNOWN_RUN_TIME_MS
    };
    run_time * (count(candidate.in_flight) + 1.0) / count(candidate.capacity).max(1.0)
}

/// Whose turn it is. In any run of as many turns as the weights sum to, each agent has as many as
/// its weight; a weight of 0 counts as 1.
fn take_turn(apt: &[(usize, &Candidate)], turn: u64) -> Option<usize> {
    let mut in_order: Vec<_> = apt
        .iter()
        .map(|(index, candidate)| (&candidate.agent, *index, u64::from(candidate.weight.max(1))))
        .collect();
    // Scores change from task to task; the order of turns must not.
    in_order.sort();
    let total: u64 = in_order.iter().map(|(_, _, weight)| weight).sum();
    if total == 0 {
        return None;
    }
    let at = u128::from(turn % total) * u128::from(stride(total)) % u128::from(total);
    let mut end = 0;
    in_order.into_iter().find_map(|(_, index, weight)| {
        end += weight;
        (at < u128::from(end)).then_some(index)
    })
}

/// A step through `total` places that visits each of them once, far from the last one each time:
/// near the golden section, and without a common divisor.
fn stride(total: u64) -> u64 {
    let golden = total - total / 8 * 3 - total % 8 * 3 / 8;
    (golden..=total)
        .find(|step| gcd(*step, total) == 1)
        .unwrap_or(1)
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
