//! In which order waiting tasks are taken.
//!
//! Were every task's urgency to grow at the same rate while it waits, the order of any two would
//! never change; so it can be computed once, when the task arrives, and kept as a sort key. The
//! key is the task's **virtual deadline**, the earlier of its start plus the slack that its
//! priority allows, and its own deadline less the time it takes to run.
//!
//! * *No starvation*: a task's key is at most its slack after its start, and a task that arrives
//!   later than that has a later key. So a task is passed over only by those that arrive within
//!   its slack.
//! * *Fairness*: the start of a tenant's tasks is the time they arrive, until it sends more than
//!   its [`FairShare`]; then their starts move into the future, one interval apart. Of the tasks
//!   that a tenant sends from a time *t* on, at most `burst + 1 + ⌊(k − t) / interval⌋` have a
//!   key of *k* or earlier, however many it sends and whatever priorities and deadlines it gives
//!   them. By so many, and no more, can a flood delay another tenant's task.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use crate::Invalid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How urgent a task is: from 1, the least, to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written<'_>", into = "u8")]
pub struct Priority(u8);

/// A priority as written: a number or a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written<'a> {
    Number(u64),
    Name(#[serde(borrow)] Cow<'a, str>),
}

/// Slack in seconds by priority, from 1 to 10.
const SLACK_SECONDS: [u64; 10] = [600, 300, 120, 60, 30, 20, 10, 5, 2, 1];

impl Priority {
    /// 10: `critical`.
    pub const CRITICAL: Self = Self(10);
    /// 8: `high`.
    pub const HIGH: Self = Self(8);
    /// 5: `normal`, which a task has that names none.
    pub const NORMAL: Self = Self(5);
    /// 2: `low`.
    pub const LOW: Self = Self(2);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// How long a task of this priority may be passed over, from 1 s (10) to 600 s (1).
    #[must_use]
    pub const fn slack(self) -> Duration {
        Duration::from_secs(SLACK_SECONDS[self.0 as usize - 1])
    }

    fn invalid() -> Invalid {
        Invalid::new(
            "priority",
            "a whole number from 1 to 10, or one of critical, high, normal and low",
        )
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<u64> for Priority {
    type Error = Invalid;

    fn try_from(number: u64) -> Result<Self, Invalid> {
        u8::try_from(number)
            .ok()
            .filter(|number| (1..=10).contains(number))
            .map(Self)
            .ok_or_else(Self::invalid)
    }
}

impl FromStr for Priority {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "critical" => Ok(Self::CRITICAL),
            "high" => Ok(Self::HIGH),
            "normal" => Ok(Self::NORMAL),
            "low" => Ok(Self::LOW),
            number => number
                .parse::<u64>()
                .map_err(|_| Self::invalid())
                .and_then(Self::try_from),
        }
    }
}

impl TryFrom<Written<'_>> for Priority {
    type Error = Invalid;

    fn try_from(written: Written<'_>) -> Result<Self, Invalid> {
        match written {
            Written::Number(number) => number.try_into(),
            Written::Name(name) => name.parse(),
        }
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

/// How much a tenant may send before its tasks queue behind those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FairShare {
    /// Time between tasks at the tenant's fair rate.
    pub interval: Duration,
    /// Tasks it may send at once on top of that.
    pub burst: u32,
}

impl Default for FairShare {
    /// Ten tasks a second, and 50 at once.
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(100),
            burst: 50,
        }
    }
}

/// When a tenant, at its fair rate, would send its next task: all that is kept of what it sent.
/// In microseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantClock(i64);

/// When a task counts as having arrived, in microseconds since 1970: at its arrival, or later if
/// its tenant has sent more than its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Start(i64);

impl Start {
    /// This, or `now` if that is later.
    #[must_use]
    pub fn not_before(self, now: Timestamp) -> Self {
        Self(self.0.max(now.as_microsecond()))
    }
}

impl FairShare {
    /// The share of a tenant that may send so many tasks a second, and so many at once.
    ///
    /// # Errors
    ///
    /// If the rate is not above a millionth and at most 1,000.
    pub fn per_second(rate: f64, burst: u32) -> Result<Self, Invalid> {
        if (1e-6..=1_000.0).contains(&rate) {
            let interval = Duration::from_secs_f64(1.0 / rate);
            Ok(Self { interval, burst })
        } else {
            let expected = "a number of tasks a second, above 0 and at most 1000";
            Err(Invalid::new("fair_share.rate", expected))
        }
    }

    /// Admits one task at `now`: its start, and the tenant's clock after it. The caller stores the
    /// clock on condition that the one it passed is still what is stored. Tasks that are admitted
    /// before they arrive are no exception to what is said above, but that *t* is then the time at
    /// which they were admitted.
    #[must_use]
    pub fn admit(&self, clock: TenantClock, now: Timestamp) -> (Start, TenantClock) {
        let now = now.as_microsecond();
        let interval = micros(self.interval);
        let allowance = interval.saturating_mul(i64::from(self.burst));
        let start = now.max(clock.0.saturating_sub(allowance));
        let next = now.max(clock.0).saturating_add(interval);
        (Start(start), TenantClock(next))
    }

    /// The most tasks that a tenant, however many it sends from `since` on, gets ahead of a task
    /// whose key is `key`.
    #[must_use]
    pub fn most_ahead(&self, since: Timestamp, key: VirtualDeadline) -> u64 {
        let span = key.0.saturating_sub(since.as_microsecond());
        match (u64::try_from(span), u64::try_from(micros(self.interval))) {
            (Ok(span), Ok(interval)) if interval > 0 => u64::from(self.burst) + 1 + span / interval,
            (Ok(_), _) => u64::MAX,
            (Err(_), _) => 0,
        }
    }
}

/// When a task should have been taken, in microseconds since 1970: the order in which tasks are
/// taken. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VirtualDeadline(i64);

impl VirtualDeadline {
    /// The virtual deadline of a task that is to be done by `deadline` and takes `lead` to run.
    ///
    /// It is never before the start: a deadline that has passed makes a task urgent, but does not
    /// put it ahead of those that have waited.
    #[must_use]
    pub fn of(
        start: Start,
        priority: Priority,
        deadline: Option<Timestamp>,
        lead: Duration,
    ) -> Self {
        let by_priority = start.0.saturating_add(micros(priority.slack()));
        let by_deadline = deadline.map(|deadline| {
            let latest = deadline.as_microsecond().saturating_sub(micros(lead));
            latest.max(start.0)
        });
        Self(by_deadline.map_or(by_priority, |latest| latest.min(by_priority)))
    }

    /// How urgent the task is at `now`, in microseconds: it grows by one a microsecond, and is 0
    /// at the virtual deadline.
    #[must_use]
    pub fn urgency(self, now: Timestamp) -> i64 {
        now.as_microsecond().saturating_sub(self.0)
    }

    /// The key by which an index of text sorts tasks: 20 digits and the task's id, so that no two
    /// tasks have the same.
    #[must_use]
    pub fn sort_key(self, task: &str) -> String {
        format!("{:020}#{task}", self.0.max(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
