use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::order::FairShare;
use crate::retry::Failure;
use crate::{ErrorName, VersionNumber};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn draft(text: &str) -> TaskDraft {
    TaskDraft {
        tenant: "acme".parse().unwrap(),
        text: text.to_owned(),
        input: json!({"text": text}),
        capability: None,
        priority: Priority::NORMAL,
        deadline: None,
        retry: RetryPolicy::default(),
    }
}

fn place(arrivals: Arrivals, now: i64) -> Arrival {
    arrivals.reserve(&FairShare::default(), 0, at(now)).0
}

fn queued() -> Task {
    let id = "task_00000000000000000000000000000001".parse().unwrap();
    let place = place(Arrivals::default(), 100);
    draft("will it rain").admit(id, place, at(100))
}

fn to(agent: &str) -> Routed {
    Routed {
        agent: agent.parse().unwrap(),
        version: VersionNumber::FIRST,
        invocation: InvocationId::generate(),
    }
}

fn started(task: &Task, agent: &str, now: i64) -> Task {
    task.started(to(agent), json!({"chosen": agent}), at(now))
        .unwrap()
}

fn failure(failure: Failure) -> AttemptFailure {
    let message = "why".to_owned();
    AttemptFailure { failure, message }
}

#[test]
fn arrivals_are_numbered_and_share_out() {
    let share = FairShare {
        interval: Duration::from_secs(1),
        burst: 0,
    };
    let mut arrivals = Arrivals::default();
    let mut places = Vec::new();
    for turn in 0..3 {
        let (place, _, next) = arrivals.reserve(&share, 0, at(10));
        let task = draft("x").admit(TaskId::generate(), place, at(10));
        assert_eq!(task.turn, turn);
        places.push(task.virtual_deadline);
        arrivals = next;
    }
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    assert_eq!(arrivals.admitted, 3);
}

#[test]
fn a_task_that_is_done_keeps_who_did_it() {
    let task = started(&queued(), "weather", 101);
    assert_eq!(task.current().unwrap().agent.as_str(), "weather");
    assert_eq!(task.due_at, None, "its run is looked after");
    let done = task.completed(at(102)).unwrap();
    assert_eq!(done.due_at, None);
    assert_eq!(done.attempts[0].ended_at, Some(at(102)));
    let lesson = done.outcome(at(102)).unwrap();
    assert_eq!(lesson.verdict, Verdict::For("weather".parse().unwrap()));
    assert_eq!(task.outcome(at(102)), None, "it has not ended");
}

#[test]
fn the_next_agent_takes_over_until_there_is_none() {
    let task = started(&queued(), "first", 101);
    let again = task
        .attempt_failed(failure(Failure::Agent), at(102))
        .unwrap();
    assert_eq!(again.status, TaskStatus::Queued);
    assert_eq!(again.virtual_deadline, task.virtual_deadline);
    let tried: Vec<_> = again.tried().map(AgentName::as_str).collect();
    assert_eq!(tried, ["first"]);
    let failed = again
        .turned_away(Rejection::NoneFits, json!({}), at(103))
        .unwrap();
    let letter = failed.dead_letter().unwrap();
    assert_eq!(letter.reason, GivenUp::NoOtherAgent);
    assert_eq!((letter.message.as_str(), letter.attempts.len()), ("why", 1));
    assert_eq!(
        queued()
            .turned_away(Rejection::OutOfScope, json!({}), at(103))
            .unwrap()
            .status,
        TaskStatus::Rejected {
            reason: Rejection::OutOfScope
        }
    );
}

#[test]
fn a_failure_of_the_platform_is_waited_out_and_not_the_agents() {
    let task = started(&queued(), "first", 101);
    let platform = failure(Failure::Platform(ErrorName::Transient));
    let waiting = task.attempt_failed(platform, at(102)).unwrap();
    let TaskStatus::Waiting { until } = waiting.status else {
        panic!("{:?}", waiting.status)
    };
    assert!(until > at(102) && waiting.due_at > Some(until));
    assert_eq!(waiting.tried().count(), 0);
    let permanent = failure(Failure::Platform(ErrorName::Internal));
    let failed = task.attempt_failed(permanent, at(102)).unwrap();
    assert_eq!(failed.dead_letter().unwrap().reason, GivenUp::Permanent);
}

#[test]
fn a_task_that_is_put_off_keeps_its_place_and_waits_ever_longer() {
    let mut task = queued();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let waiting = task.put_off(json!({}), at(200)).unwrap();
        let TaskStatus::Waiting { until } = waiting.status else {
            panic!("{:?}", waiting.status)
        };
        pauses.push(until.duration_since(at(200)));
        task = waiting.requeued(until).unwrap();
        assert_eq!(task.virtual_deadline, queued().virtual_deadline);
    }
    assert!(pauses.is_sorted());
    assert!(pauses[0].as_millis() >= 500 && pauses[7].as_secs() <= 30);
}

#[test]
fn who_cancels_a_running_task_waits_for_its_agent() {
    assert_eq!(
        match queued().cancel(at(101)) {
            Cancelling::Cancelled(task) => task.status,
            other => panic!("{other:?}"),
        },
        TaskStatus::Cancelled
    );
    let running = started(&queued(), "first", 101);
    let Cancelling::Requested(asked, invocation) = running.cancel(at(102)) else {
        panic!("it is running")
    };
    assert_eq!(invocation, running.attempts[0].invocation);
    let failed = asked.attempt_failed(failure(Failure::Agent), at(103));
    assert_eq!(failed.unwrap().status, TaskStatus::Cancelled);
    let done = asked.completed(at(103)).unwrap();
    assert_eq!(done.cancel(at(104)), Cancelling::Ended);
}

#[test]
fn a_redriven_task_starts_over_and_keeps_its_past() {
    let policy = RetryPolicy {
        attempts: 1,
        ..RetryPolicy::default()
    };
    let task = Task {
        retry: policy,
        ..queued()
    };
    let failed = started(&task, "first", 101)
        .attempt_failed(failure(Failure::Agent), at(102))
        .unwrap();
    assert_eq!(
        failed.dead_letter().unwrap().reason,
        GivenUp::AttemptsExhausted
    );
    let arrivals = Arrivals {
        admitted: 7,
        ..Arrivals::default()
    };
    let again = failed.redriven(place(arrivals, 500), at(500)).unwrap();
    assert_eq!(again.status, TaskStatus::Queued);
    assert!(again.virtual_deadline > task.virtual_deadline);
    assert_eq!(again.turn, 7);
    assert_ne!(again.next_attempt(), failed.next_attempt());
    assert_eq!((again.attempts.len(), again.tried().count()), (1, 0));
    assert_eq!(
        again
            .turned_away(Rejection::NoneFits, json!({}), at(501))
            .unwrap()
            .status
            .state(),
        TaskState::Rejected
    );
    let done = started(&again, "first", 502).completed(at(503)).unwrap();
    assert!(done.redriven(place(arrivals, 504), at(504)).is_err());
}

#[test]
fn every_attempt_has_a_run_of_its_own() {
    let task = queued();
    let first = InvocationId::attempted_by(&task.next_attempt());
    assert_eq!(first, InvocationId::attempted_by(&task.next_attempt()));
    let again = started(&task, "first", 101)
        .attempt_failed(failure(Failure::Agent), at(102))
        .unwrap();
    assert_ne!(first, InvocationId::attempted_by(&again.next_attempt()));
}

#[test]
fn a_task_that_was_put_off_while_it_was_given_is_given() {
    let waiting = queued().put_off(json!({}), at(101)).unwrap();
    let running = started(&waiting, "weather", 102);
    assert_eq!(running.status.state(), TaskState::Running);
    assert_eq!(running.due_at, None);
}

#[test]
fn feedback_is_a_lesson_or_makes_no_sense() {
    let agent = |name: &str| name.parse::<AgentName>().unwrap();
    let done = started(&queued(), "weather", 101)
        .completed(at(102))
        .unwrap();
    let rejected = queued()
        .turned_away(Rejection::OutOfScope, json!({}), at(101))
        .unwrap();
    let cases = [
        (
            &done,
            json!({"correct": true}),
            Some(Verdict::For(agent("weather"))),
        ),
        (
            &done,
            json!({"correct": false}),
            Some(Verdict::NotFor(agent("weather"))),
        ),
        (
            &done,
            json!({"correct": false, "agent": "music"}),
            Some(Verdict::For(agent("music"))),
        ),
        (
            &done,
            json!({"correct": false, "none": true}),
            Some(Verdict::ForNone),
        ),
        (&rejected, json!({"correct": true}), Some(Verdict::ForNone)),
        (
            &rejected,
            json!({"correct": false, "agent": "music"}),
            Some(Verdict::For(agent("music"))),
        ),
        (&rejected, json!({"correct": false}), None),
        (&done, json!({"correct": true, "agent": "music"}), None),
        (
            &done,
            json!({"correct": false, "agent": "music", "none": true}),
            None,
        ),
        (&queued(), json!({"correct": true}), None),
    ];
    for (task, feedback, verdict) in cases {
        let parsed: Feedback = serde_json::from_value(feedback.clone()).unwrap();
        let lesson = task.taught(&parsed, at(200)).ok();
        assert_eq!(lesson.map(|lesson| lesson.verdict), verdict, "{feedback}");
    }
}

#[test]
fn json() {
    let task = started(&queued(), "weather", 101);
    insta::assert_json_snapshot!(task, {".attempts[].invocation" => "inv", ".status.invocation" => "inv"});
    let text = serde_json::to_string(&task).unwrap();
    assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task);
}

/// A move that may be tried at any time.
#[derive(Debug, Clone)]
enum Move {
    Start(u8),
    PutOff,
    Requeue,
    TurnAway(Rejection),
    Complete,
    Fail(Failure),
    CancelAttempt,
    Cancel,
    Redrive,
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0_u8..6).prop_map(Move::Start),
        (0_u8..6).prop_map(Move::Start),
        Just(Move::PutOff),
        Just(Move::Requeue),
        Just(Move::TurnAway(Rejection::NoneFits)),
        Just(Move::Complete),
        Just(Move::Fail(Failure::Agent)),
        Just(Move::Fail(Failure::Platform(ErrorName::Transient))),
        Just(Move::Fail(Failure::Platform(ErrorName::Denied))),
        Just(Move::CancelAttempt),
        Just(Move::Cancel),
        Just(Move::Redrive),
    ]
}

fn apply(task: &Task, step: &Move, now: Timestamp) -> Option<Task> {
    let agent = |n: &u8| to(&format!("agent-{n}"));
    match step {
        Move::Start(n) => task.started(agent(n), json!({}), now).ok(),
        Move::PutOff => task.put_off(json!({}), now).ok(),
        Move::Requeue => task.requeued(now).ok(),
        Move::TurnAway(reason) => task.turned_away(*reason, json!({}), now).ok(),
        Move::Complete => task.completed(now).ok(),
        Move::Fail(kind) => task.attempt_failed(failure(*kind), now).ok(),
        Move::CancelAttempt => task.attempt_cancelled(now).ok(),
        Move::Cancel => match task.cancel(now) {
            Cancelling::Ended => None,
            Cancelling::Cancelled(task) | Cancelling::Requested(task, _) => Some(*task),
        },
        Move::Redrive => task.redriven(place(Arrivals::default(), 0), now).ok(),
    }
}

proptest! {
    /// Whatever is tried in whatever order: states change only as they may, every change counts,
    /// there is one attempt under way exactly while the task runs, no more attempts are made than
    /// allowed, what is not final is found again, and what is final stays as it is.
    #[test]
    fn no_order_of_moves_breaks_a_task(
        steps in proptest::collection::vec((any_move(), 0_i64..100), 1..60),
    ) {
        let mut task = queued();
        let mut now = 100;
        for (step, pause) in steps {
            now += pause;
            let Some(next) = apply(&task, &step, at(now)) else { continue };
            let (from, to) = (task.status.state(), next.status.state());
            prop_assert!(from == to || from.may_become(to), "{from:?} to {to:?}");
            prop_assert!(from != to || from == TaskState::Running);
            prop_assert!(!from.is_final() || matches!(step, Move::Redrive));
            prop_assert_eq!(next.revision, task.revision + 1);
            let open = next.attempts.iter().filter(|a| a.ended_at.is_none()).count();
            prop_assert_eq!(open, usize::from(to == TaskState::Running));
            prop_assert_eq!(next.current().is_some(), to == TaskState::Running);
            let counted = next.attempts.len() - next.forgiven;
            prop_assert!(counted <= next.retry.attempts as usize);
            prop_assert_eq!(next.due_at.is_some(), to == TaskState::Waiting);
            prop_assert_eq!(next.dead_letter().is_some(), to == TaskState::Failed);
            if !matches!(step, Move::Redrive) {
                prop_assert_eq!(next.virtual_deadline, task.virtual_deadline);
            }
            task = next;
        }
    }
}
