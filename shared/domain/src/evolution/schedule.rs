//! When an agent evolves again, and what for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{AgentLoad, Invalid};

/// The most hours from one evolution to the next: a year.
const MAX_HOURS: u32 = 8_784;
/// How many tasks an agent must have ended before its success rate says something.
const MIN_TASKS: u32 = 20;
/// How often it is looked whether an agent has become worse.
pub const WATCH_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// What had an evolution begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// A client asked for it.
    Request,
    /// It was time.
    Schedule,
    /// The agent had become worse.
    Degradation(Degradation),
}

/// How an agent has become worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Degradation {
    /// In what.
    pub measure: Measure,
    /// What it was.
    pub baseline: f64,
    /// What it is.
    pub found: f64,
}

/// What an agent is watched by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of its tasks that it does.
    SuccessRate,
    /// How long it takes for a task, in milliseconds.
    Latency,
    /// The quality of its latest version, out of 100.
    Score,
}

/// What an agent was like when it was last looked at with content; what is absent is not watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Baseline {
    /// The share of its tasks that it did, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<f64>,
    /// How long it had a task, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_run_ms: Option<f64>,
    /// The quality of its version, out of 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
}

/// When an agent evolves again without being told to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// After so many hours, counted from the beginning of the evolution before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_hours: Option<u32>,
    /// When it has become worse than this by more than `tolerance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
    /// The share of a baseline by which an agent may fall short of it: 0.1 if it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

impl Schedule {
    /// Checks every value against its range.
    ///
    /// # Errors
    ///
    /// [`Invalid`] names the first that is out of it.
    pub fn check(&self) -> Result<(), Invalid> {
        let rate = self.baseline.and_then(|baseline| baseline.success_rate);
        let latency = self.baseline.and_then(|baseline| baseline.mean_run_ms);
        let share = |value: f64| (0.0..=1.0).contains(&value);
        if self.every_hours.is_none() && self.baseline.is_none() {
            return Err(Invalid::new("schedule", "every_hours, a baseline or both"));
        }
        if !self
            .every_hours
            .is_none_or(|hours| (1..=MAX_HOURS).contains(&hours))
        {
            return Err(Invalid::new("schedule.every_hours", "1 to 8784"));
        }
        if !rate.is_none_or(share) {
            return Err(Invalid::new("schedule.baseline.success_rate", "0 to 1"));
        }
        if !latency.is_none_or(|ms| ms.is_finite() && ms > 0.0) {
            return Err(Invalid::new("schedule.baseline.mean_run_ms", "more than 0"));
        }
        if !self.tolerance.is_none_or(share) {
            return Err(Invalid::new("schedule.tolerance", "0 to 1"));
        }
        Ok(())
    }

    /// When the next evolution is to begin whatever the agent is like, after one that began at
    /// `began`.
    #[must_use]
    pub fn next(&self, began: Timestamp) -> Option<Timestamp> {
        let hours = i64::from(self.every_hours?);
        began.checked_add(SignedDuration::from_hours(hours)).ok()
    }

    /// When the schedule is to be looked at next, at `now`.
    #[must_use]
    pub fn look_at(&self, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let watch = self
            .baseline
            .and_then(|_| now.checked_add(WATCH_EVERY).ok());
        let next = self.next(began).map(|next| next.max(now));
        next.into_iter().chain(watch).min()
    }

    /// In what the agent is worse than its baseline by more than is tolerated; nothing if it is
    /// not, or too little is known of it. `score` is the quality of its latest version.
    #[must_use]
    pub fn degraded(&self, load: &AgentLoad, score: u8) -> Option<Degradation> {
        let baseline = self.baseline?;
        let tolerance = self.tolerance.unwrap_or(0.1);
        let tasks = load.succeeded.saturating_add(load.failed);
        let rate = f64::from(load.succeeded) / f64::from(tasks.max(1));
        let is_known = tasks >= MIN_TASKS;
        let falls_short = |found: f64, baseline: f64| found < baseline * (1.0 - tolerance);
        let degradation = |measure, baseline, found| Degradation {
            measure,
            baseline,
            found,
        };
        let by_rate = baseline
            .success_rate
            .filter(|wanted| is_known && falls_short(rate, *wanted))
            .map(|wanted| degradation(Measure::SuccessRate, wanted, rate));
        let latency = load.mean_run_ms;
        let by_latency = baseline
            .mean_run_ms
            .filter(|wanted| is_known && latency > wanted * (1.0 + tolerance))
            .map(|wanted| degradation(Measure::Latency, wanted, latency));
        let by_score = baseline
            .score
            .map(f64::from)
            .filter(|wanted| falls_short(f64::from(score), *wanted))
            .map(|wanted| degradation(Measure::Score, wanted, f64::from(score)));
        by_rate.or(by_latency).or(by_score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn load(succeeded: u32, failed: u32, mean_run_ms: f64) -> AgentLoad {
        AgentLoad {
            succeeded,
            failed,
            mean_run_ms,
            ..AgentLoad::idle("acme".parse().unwrap(), "packer".parse().unwrap())
        }
    }

    fn watching(baseline: Baseline) -> Schedule {
        Schedule {
            baseline: Some(baseline),
            ..Schedule::default()
        }
    }

    #[test]
    fn a_schedule_that_never_comes_is_none() {
        let field = |json: &str| {
            let schedule: Schedule = serde_json::from_str(json).unwrap();
            schedule.check().err().map(|invalid| invalid.field)
        };
        assert_eq!(field("{}").unwrap(), "schedule");
        assert_eq!(
            field(r#"{"every_hours": 0}"#).unwrap(),
            "schedule.every_hours"
        );
        let rate = r#"{"baseline": {"success_rate": 1.5}}"#;
        assert_eq!(field(rate).unwrap(), "schedule.baseline.success_rate");
        let tolerance = r#"{"every_hours": 24, "tolerance": -1}"#;
        assert_eq!(field(tolerance).unwrap(), "schedule.tolerance");
        assert_eq!(field(r#"{"every_hours": 24}"#), None);
        assert!(serde_json::from_str::<Schedule>(r#"{"cron": "* * *"}"#).is_err());
    }

    #[test]
    fn it_is_looked_at_when_it_is_time_or_the_agent_is_watched() {
        let daily = Schedule {
            every_hours: Some(24),
            ..Schedule::default()
        };
        assert_eq!(daily.look_at(at(0), at(5)), Some(at(86_400)));
        assert_eq!(daily.look_at(at(0), at(90_000)), Some(at(90_000)));
        let watched = watching(Baseline::default());
        assert_eq!(watched.look_at(at(0), at(5)), Some(at(605)));
        assert_eq!(watched.next(at(0)), None);
    }

    #[test]
    fn an_agent_degrades_by_rate_latency_or_score() {
        let baseline = Baseline {
            success_rate: Some(0.9),
            mean_run_ms: Some(100.0),
            score: Some(80),
        };
        let schedule = watching(baseline);
        let measure = |load, score| schedule.degraded(&load, score).map(|found| found.measure);
        assert_eq!(measure(load(90, 10, 100.0), 80), None);
        assert_eq!(measure(load(75, 25, 100.0), 80), Some(Measure::SuccessRate));
        assert_eq!(measure(load(100, 0, 111.0), 80), Some(Measure::Latency));
        assert_eq!(measure(load(100, 0, 100.0), 71), Some(Measure::Score));
        assert_eq!(measure(load(0, 5, 900.0), 80), None, "too little is known");
    }
}
