//! How long a run took so far, by which steps, and how long it may yet take.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tdev_domain::{AgentName, StepId, StepRecord, StepState, Try, Work};
use tdev_workflow::{Kind, Plan, StepIndex, Wait};
use utoipa::ToSchema;

/// The chain of steps each of which began when the one before was over, up to the step that was
/// over last, or still goes on.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = CriticalPath)]
pub(crate) struct CriticalPathView {
    /// The steps, in order.
    #[schema(value_type = Vec<String>)]
    steps: Vec<StepId>,
    /// From when the first began until the last was over, or until now.
    seconds: f64,
}

/// When a run may be over, if every agent takes as long as it did so far in this run.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RunEstimate)]
pub(crate) struct EstimateView {
    /// How many seconds are left.
    seconds_left: f64,
}

/// What is known of the steps of a run.
pub(super) struct Records<'a> {
    plan: &'a Plan,
    /// By place; those that have not begun, or not anew, are left out.
    begun: HashMap<StepIndex, &'a StepRecord>,
    now: Timestamp,
}

impl<'a> Records<'a> {
    /// Those of a run of `plan`, at `now`.
    pub(super) fn new(plan: &'a Plan, records: &'a [StepRecord], now: Timestamp) -> Self {
        let begun = records
            .iter()
            .filter(|record| record.state != StepState::Pending)
            .map(|record| (record.place.step, record));
        Self {
            plan,
            begun: begun.collect(),
            now,
        }
    }

    /// By what two ends are compared: the later one counts, and of steps that still go on the one
    /// that began first.
    fn end(&self, step: StepIndex) -> Option<(Timestamp, Reverse<Timestamp>)> {
        let record = self.begun.get(&step)?;
        let end = record.ended_at.unwrap_or(self.now);
        Some((end, Reverse(record.started_at)))
    }

    /// The steps that determined how long the run took so far.
    pub(super) fn critical_path(&self) -> CriticalPathView {
        let latest = |steps: &mut dyn Iterator<Item = StepIndex>| {
            steps
                .filter_map(|step| Some((self.end(step)?, step)))
                .max_by_key(|(end, step)| (*end, Reverse(*step)))
        };
        let mut found = latest(&mut (0..self.plan.len()));
        let end = found.map(|((end, _), _)| end);
        let mut start = None;
        let mut steps = Vec::new();
        while let Some(((_, Reverse(started_at)), step)) = found {
            start = Some(started_at);
            steps.push(self.plan.step(step).id.clone());
            let before = self.plan.dependencies(step).iter().map(|edge| edge.step);
            found = latest(&mut before.into_iter());
        }
        steps.reverse();
        let seconds = match (start, end) {
            (Some(start), Some(end)) => end.duration_since(start).as_secs_f64(),
            _ => 0.0,
        };
        CriticalPathView { steps, seconds }
    }

    /// How long what is left may take; `None` if some agent that is still to run has not yet come
    /// to an end in this run, or if it depends on what is not known: a person, a task, a list,
    /// another run.
    pub(super) fn estimate(&self) -> Option<EstimateView> {
        let means = self.means();
        let mut left: Vec<f64> = Vec::new();
        for step in 0..self.plan.len() {
            let before = self.plan.dependencies(step).iter();
            let ready = before.filter_map(|edge| left.get(usize::try_from(edge.step).ok()?));
            let ready = ready.copied().fold(0.0, f64::max);
            left.push(ready + self.left_of(step, &means)?);
        }
        let seconds_left = left.into_iter().fold(0.0, f64::max);
        Some(EstimateView { seconds_left })
    }

    /// How many seconds `step` itself may yet take.
    fn left_of(&self, step: StepIndex, means: &HashMap<&AgentName, f64>) -> Option<f64> {
        let record = self.begun.get(&step);
        if record.is_some_and(|record| record.state.is_over()) {
            return Some(0.0);
        }
        match (&self.plan.step(step).kind, record.map(|r| (&r.state, r))) {
            (_, Some((StepState::Waiting { until }, _))) => Some(self.seconds_to(*until)),
            (Kind::Agent(agent), Some((StepState::Paused { until }, _))) => {
                Some(self.seconds_to(*until) + means.get(&agent.name)?)
            }
            (Kind::Agent(agent), running) => {
                let mean = means.get(&agent.name)?;
                let begun = running.and_then(|(_, record)| record.tries.last());
                let elapsed = begun.map_or(0.0, |attempt| self.seconds_since(attempt.started_at));
                Some((mean - elapsed).max(0.0))
            }
            (Kind::Wait(Wait::Seconds(seconds)), None) => {
                Some(SignedDuration::from_secs(i64::try_from(*seconds).ok()?).as_secs_f64())
            }
            (Kind::Choice(_), _) => Some(0.0),
            (
                Kind::Wait(_)
                | Kind::Task(_)
                | Kind::Map(_)
                | Kind::Approval(_)
                | Kind::Workflow(_),
                _,
            ) => None,
        }
    }

    /// The mean time in seconds of the tries that every agent has completed.
    fn means(&self) -> HashMap<&'a AgentName, f64> {
        let mut sums: HashMap<&AgentName, (f64, f64)> = HashMap::new();
        for attempt in self.begun.values().flat_map(|record| &record.tries) {
            if let Some((agent, seconds)) = completed(attempt) {
                let (sum, count) = sums.entry(agent).or_insert((0.0, 0.0));
                *sum += seconds;
                *count += 1.0;
            }
        }
        let mean = |(agent, (sum, count))| (agent, sum / count);
        sums.into_iter().map(mean).collect()
    }

    fn seconds_to(&self, until: Timestamp) -> f64 {
        until.duration_since(self.now).as_secs_f64().max(0.0)
    }

    fn seconds_since(&self, start: Timestamp) -> f64 {
        self.now.duration_since(start).as_secs_f64().max(0.0)
    }
}

/// The agent of a try that did not fail, and how long it took.
fn completed(attempt: &Try) -> Option<(&AgentName, f64)> {
    let (Work::Agent { agent, .. }, None) = (&attempt.work, &attempt.error) else {
        return None;
    };
    let seconds = attempt.ended_at?.duration_since(attempt.started_at);
    Some((agent, seconds.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tdev_domain::{InvocationId, Place, StepError, StepErrorKind, VersionNumber};
    use tdev_workflow::Definition;

    use super::*;

    /// `a` → `b` → `d`, and `c` → `d`; `e` stands alone.
    fn plan() -> Plan {
        let steps = json!([
            {"id": "a", "agent": "x"},
            {"id": "b", "agent": "y", "depends_on": ["a"]},
            {"id": "c", "wait": {"seconds": 5}},
            {"id": "d", "agent": "x", "depends_on": ["b", "c"]},
            {"id": "e", "choice": {"branches": [{"when": "`true`", "then": ["f"]}]}},
            {"id": "f", "agent": "x", "depends_on": ["e"]},
        ]);
        of(&steps)
    }

    fn of(steps: &Value) -> Plan {
        let text = json!({"name": "w", "steps": steps}).to_string();
        Plan::new(&Definition::from_json(&text).unwrap()).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// A step that was begun then and, if `end` is given, is over.
    fn record(plan: &Plan, id: &str, start: i64, end: Option<i64>) -> StepRecord {
        let place = plan.index_of(&id.parse().unwrap()).unwrap();
        let agent = match &plan.step(place).kind {
            Kind::Agent(agent) => Some(agent.name.clone()),
            _ => None,
        };
        let attempt = |agent| Try {
            number: 1,
            work: Work::Agent {
                agent,
                version: VersionNumber::FIRST,
                invocation: InvocationId::generate(),
            },
            started_at: at(start),
            ended_at: end.map(at),
            error: None,
        };
        StepRecord {
            place: Place::step(place),
            id: id.parse().unwrap(),
            state: match end {
                Some(_) => StepState::Completed {
                    output: json!(null),
                    cached: false,
                },
                None => StepState::Running,
            },
            tries: agent.map(attempt).into_iter().collect(),
            forgiven: 0,
            compensation: None,
            compensation_started_at: None,
            compensation_ended_at: None,
            revision: 0,
            due_at: None,
            started_at: at(start),
            ended_at: end.map(at),
        }
    }

    fn path(plan: &Plan, records: &[StepRecord], now: i64) -> (String, f64) {
        let found = Records::new(plan, records, at(now)).critical_path();
        let steps: Vec<_> = found.steps.iter().map(StepId::as_str).collect();
        (steps.join(" "), found.seconds)
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn the_critical_path_goes_back_by_what_ended_last() {
        let plan = plan();
        let ended = |id, start, end| record(&plan, id, start, Some(end));
        let mut records = vec![ended("a", 0, 2), ended("b", 2, 3), ended("c", 0, 5)];
        let (steps, seconds) = path(&plan, &records, 9);
        assert_eq!(steps, "c");
        assert!(close(seconds, 5.0));
        records.push(ended("d", 5, 6));
        assert_eq!(path(&plan, &records, 9).0, "c d");
        records[1] = ended("b", 2, 6);
        records[3] = ended("d", 6, 7);
        let (steps, seconds) = path(&plan, &records, 9);
        assert_eq!(steps, "a b d");
        assert!(close(seconds, 7.0));
    }

    #[test]
    fn of_steps_that_go_on_the_one_that_began_first_counts() {
        let plan = plan();
        let going_on = |id, start| record(&plan, id, start, None);
        let records = [going_on("c", 1), going_on("a", 0)];
        assert_eq!(path(&plan, &records, 4), ("a".to_owned(), 4.0));
    }

    #[test]
    fn a_run_of_which_nothing_has_begun_has_no_critical_path() {
        let plan = plan();
        assert_eq!(path(&plan, &[], 4), (String::new(), 0.0));
        let mut reset = record(&plan, "a", 0, None);
        reset.state = StepState::Pending;
        assert_eq!(path(&plan, &[reset], 4), (String::new(), 0.0));
    }

    #[test]
    fn what_is_left_is_the_longest_chain_of_what_is_known() {
        let plan = plan();
        let left = |records: &[StepRecord], now| {
            let estimate = Records::new(&plan, records, at(now)).estimate();
            estimate.map(|estimate| estimate.seconds_left)
        };
        assert_eq!(left(&[], 0), None, "nothing is known of any agent");
        let a = record(&plan, "a", 0, Some(2));
        assert_eq!(left(std::slice::from_ref(&a), 2), None, "y has not run yet");
        let records = [a.clone(), record(&plan, "b", 2, Some(4))];
        // c takes 5 seconds, and then d as long as a did.
        assert!(close(left(&records, 4).unwrap(), 7.0));
        let mut waiting = record(&plan, "c", 0, None);
        waiting.state = StepState::Waiting { until: at(5) };
        let [a, b] = records;
        assert!(close(left(&[a, b, waiting], 4).unwrap(), 3.0));
    }

    #[test]
    fn what_runs_has_less_left_and_what_failed_says_nothing() {
        let plan = of(&json!([
            {"id": "a", "agent": "x"},
            {"id": "b", "agent": "x"},
        ]));
        let left = |records: &[StepRecord], now| {
            let estimate = Records::new(&plan, records, at(now)).estimate();
            estimate.map(|estimate| estimate.seconds_left)
        };
        let done = record(&plan, "a", 0, Some(4));
        let records = [done.clone(), record(&plan, "b", 0, None)];
        assert!(close(left(&records, 3).unwrap(), 1.0));
        assert!(close(left(&records, 9).unwrap(), 0.0));
        let mut failed = done;
        failed.tries[0].error = Some(StepError::new(StepErrorKind::TimedOut, "too long"));
        assert_eq!(left(&[failed], 4), None);
    }

    #[test]
    fn nobody_knows_how_long_a_person_takes() {
        let plan = of(&json!([{"id": "a", "approval": {}}]));
        assert_eq!(Records::new(&plan, &[], at(0)).estimate(), None);
    }
}
