use proptest::prelude::*;
use serde_json::{Value, json};
use tdev_domain::{
    ArtifactDigest, InvocationId, Latest, Place, RunId, RunStatus, StepError, StepErrorKind,
    StopCause, VersionNumber, Work,
};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn run() -> Run {
    Run {
        id: RunId::generate(),
        tenant: "acme".parse().unwrap(),
        workflow: "digest".parse().unwrap(),
        version: VersionNumber::FIRST,
        definition: ArtifactDigest::of(b""),
        steps: 3,
        input: json!({}),
        status: RunStatus::Running,
        parent: None,
        depth: 0,
        deadline: at(86_400),
        resumed: 0,
        latest: Latest::default(),
        task_token: None,
        revision: 0,
        due_at: None,
        created_at: at(1),
        updated_at: at(1),
    }
}

fn step(place: u32, started: i64) -> StepRecord {
    StepRecord {
        place: Place::step(place),
        id: format!("s{place}").parse().unwrap(),
        state: StepState::Running,
        tries: Vec::new(),
        forgiven: 0,
        compensation: None,
        compensation_started_at: None,
        compensation_ended_at: None,
        revision: 0,
        due_at: None,
        started_at: at(started),
        ended_at: None,
    }
}

fn error() -> StepError {
    StepError::new(StepErrorKind::AgentFailed, "it failed")
}

fn attempt(number: u32, started: i64, failed: Option<i64>) -> Try {
    Try {
        number,
        work: Work::Agent {
            agent: "x".parse().unwrap(),
            version: VersionNumber::FIRST,
            invocation: InvocationId::generate(),
        },
        started_at: at(started),
        ended_at: failed.map(at),
        error: failed.map(|_| error()),
    }
}

fn completed(place: u32, ended: i64) -> StepRecord {
    StepRecord {
        state: StepState::Completed {
            output: json!(1),
            cached: false,
        },
        ended_at: Some(at(ended)),
        ..step(place, 2)
    }
}

/// What an answer tells, in short: `type step`.
fn told(view: &EventsView) -> Vec<String> {
    let short = |event: &EventView| {
        let event = serde_json::to_value(event).unwrap();
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let status = event["status"]["name"].as_str().unwrap_or_default();
        let short = format!("{} {}{status}", text("type"), text("step"));
        short.trim_end().to_owned()
    };
    view.events.iter().map(short).collect()
}

fn cursor(view: &EventsView) -> Cursor {
    Cursor::parse(&view.cursor).unwrap()
}

#[test]
fn events_come_in_the_order_of_time_place_and_number() {
    let mut retried = step(0, 3);
    retried.tries = vec![attempt(1, 3, Some(5)), attempt(2, 6, None)];
    let mut approval = step(1, 3);
    approval.state = StepState::AwaitingApproval {
        message: "Publish?".to_owned(),
        until: at(99),
    };
    let mut skipped = step(2, 5);
    skipped.state = StepState::Skipped {
        reason: "its condition does not hold".to_owned(),
    };
    skipped.ended_at = Some(at(5));
    let found = since(Cursor::START, &run(), &[skipped, approval, retried], at(9));
    assert_eq!(
        told(&found),
        [
            "run_accepted",
            "step_started s0",
            "attempt_started s0",
            "step_started s1",
            "step_awaiting_approval s1",
            "attempt_failed s0",
            "step_skipped s2",
            "attempt_started s0",
        ]
    );
    assert!(!found.ended);
}

#[test]
fn what_has_just_happened_is_held_back_unless_the_run_has_ended() {
    let steps = [completed(0, 8)];
    let early = since(Cursor::START, &run(), &steps, at(8));
    assert_eq!(told(&early), ["run_accepted", "step_started s0"]);
    let late = since(cursor(&early), &run(), &steps, at(9));
    assert_eq!(told(&late), ["step_completed s0"]);
    let ended = Run {
        status: RunStatus::Completed { output: json!(1) },
        updated_at: at(8),
        ..run()
    };
    let at_once = since(cursor(&early), &ended, &steps, at(8));
    assert_eq!(
        told(&at_once),
        ["step_completed s0", "run_status completed"]
    );
    assert!(at_once.ended);
    let again = since(cursor(&at_once), &ended, &steps, at(8));
    assert!(again.ended && again.events.is_empty());
}

fn undone(record: &mut StepRecord, started: i64, ended: i64, compensation: Compensation) {
    record.compensation = Some(compensation);
    record.compensation_started_at = Some(at(started));
    record.compensation_ended_at = Some(at(ended));
}

#[test]
fn compensations_are_told_as_they_are_done_the_last_step_first() {
    let because = StopCause::Cancelled;
    let order = vec![2, 1, 0];
    let mut run = Run {
        status: RunStatus::Compensating { because, order },
        updated_at: at(6),
        ..run()
    };
    let mut steps = [completed(0, 4), completed(1, 5), completed(2, 6)];
    undone(&mut steps[2], 7, 8, Compensation::Done);
    let first = since(Cursor::START, &run, &steps, at(9));
    assert_eq!(
        told(&first)[7..],
        [
            "compensation_started s2",
            "step_compensated s2",
            "run_status compensating"
        ]
    );
    undone(
        &mut steps[1],
        9,
        10,
        Compensation::Failed { error: error() },
    );
    undone(&mut steps[0], 10, 12, Compensation::Done);
    let uncompensated = Vec::new();
    run.status = RunStatus::Cancelled { uncompensated };
    let second = since(cursor(&first), &run, &steps, at(12));
    assert_eq!(
        told(&second),
        [
            "compensation_started s1",
            "compensation_started s0",
            "compensation_failed s1",
            "step_compensated s0",
            "run_status cancelled"
        ]
    );
    assert_eq!(second.events[0].at, Some(at(9)));
}

#[test]
fn items_are_told_of_between_the_beginning_and_the_end_of_their_map() {
    let map = completed(0, 5);
    let item = |item: u32, ended: i64| {
        let mut record = completed(0, ended);
        record.place = Place::item(0, item);
        record
    };
    let ended = Run {
        status: RunStatus::Completed { output: json!(1) },
        ..run()
    };
    let steps = [item(1, 5), map, item(0, 4)];
    let found = since(Cursor::START, &ended, &steps, at(9));
    let found: Vec<_> = (found.events.iter().map(|event| event.item))
        .zip(told(&found))
        .map(|(item, what)| item.map_or(what.clone(), |item| format!("{what}.{item}")))
        .collect();
    assert_eq!(
        found,
        [
            "run_accepted",
            "step_started s0",
            "step_started s0.0",
            "step_started s0.1",
            "step_completed s0.0",
            "step_completed s0.1",
            "step_completed s0",
            "run_status completed"
        ]
    );
}

#[test]
fn a_resumed_run_is_told_of_anew() {
    let because = StopCause::DeadlineExceeded;
    let failed = Run {
        status: RunStatus::Failed {
            because,
            uncompensated: Vec::new(),
        },
        ..run()
    };
    let mut before = completed(0, 4);
    undone(&mut before, 5, 6, Compensation::Done);
    let first = since(Cursor::START, &failed, &[before.clone()], at(9));
    assert!(first.ended);
    let resumed = Run {
        resumed: 1,
        ..run()
    };
    let mut reset = before;
    reset.state = StepState::Pending;
    reset.ended_at = None;
    reset.compensation = None;
    reset.compensation_started_at = None;
    reset.compensation_ended_at = None;
    let second = since(cursor(&first), &resumed, &[reset], at(20));
    assert_eq!(told(&second), ["run_resumed"]);
    let mut again = completed(0, 15);
    again.started_at = at(12);
    undone(&mut again, 16, 17, Compensation::Done);
    let third = since(cursor(&second), &failed_again(failed), &[again], at(20));
    assert_eq!(
        told(&third),
        [
            "step_started s0",
            "step_completed s0",
            "compensation_started s0",
            "step_compensated s0",
            "run_status failed"
        ]
    );
}

fn failed_again(failed: Run) -> Run {
    Run {
        resumed: 1,
        ..failed
    }
}

#[test]
fn an_answer_has_a_bounded_number_of_events() {
    let steps: Vec<_> = (0..400).map(|place| completed(place, 5)).collect();
    let ended = Run {
        status: RunStatus::Completed { output: json!(1) },
        ..run()
    };
    let first = since(Cursor::START, &ended, &steps, at(9));
    assert_eq!(first.events.len(), MAX_EVENTS);
    assert!(!first.ended);
    let second = since(cursor(&first), &ended, &steps, at(9));
    assert_eq!(first.events.len() + second.events.len(), 1 + 800 + 1);
    assert!(second.ended);
}

#[test]
fn only_cursors_that_were_given_out_are_taken() {
    let encoded = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    for good in ["0.running", "1.failed.1700000000000000000.4.2.0.4294967295"] {
        let cursor = Cursor::parse(&encoded(good)).unwrap();
        assert_eq!(cursor.text(), encoded(good));
    }
    for bad in [
        "",
        "0",
        "0.done",
        "-1.running",
        "0.running.1",
        "0.running.1.2.3.4",
        "0.running.1.2.4.0.0",
        "0.running.1.2.3.4.5.6",
        "0.running.99999999999999999999999999999.0.0.0.0",
    ] {
        assert_eq!(Cursor::parse(&encoded(bad)), None, "{bad}");
    }
    assert_eq!(Cursor::parse("0.running"), None);
}

/// A step that goes through its tries: when it begins, how long each takes, and whether it ends.
fn lives() -> impl Strategy<Value = Vec<(i64, Vec<i64>)>> {
    let life = (2_i64..30, prop::collection::vec(1_i64..6, 1..4));
    prop::collection::vec(life, 1..6)
}

/// The step as its record is at `now`.
fn lived(place: u32, (start, tries): &(i64, Vec<i64>), now: i64) -> Option<StepRecord> {
    let mut record = step(place, *start);
    let mut begins = *start;
    for (number, length) in (1..).zip(tries) {
        if begins > now {
            break;
        }
        let ends = begins + length;
        let is_last = number as usize == tries.len();
        let mut attempt = attempt(number, begins, None);
        if ends <= now {
            attempt.ended_at = Some(at(ends));
            attempt.error = (!is_last).then(error);
            if is_last {
                record.state = StepState::Cancelled;
                record.ended_at = Some(at(ends));
            }
        }
        record.tries.push(attempt);
        begins = ends;
    }
    (*start <= now).then_some(record)
}

proptest! {
    #[test]
    fn whoever_looks_whenever_is_told_everything_once_and_in_order(
        lives in lives(),
        mut looks in prop::collection::vec(1_i64..60, 0..12),
    ) {
        looks.sort_unstable();
        let at_time = |now| -> Vec<StepRecord> {
            (0..).zip(&lives).filter_map(|(place, life)| lived(place, life, now)).collect()
        };
        let plain = |view: &EventsView| -> Vec<Value> {
            let events = serde_json::to_value(&view.events).unwrap();
            let mut events = events.as_array().unwrap().clone();
            // Identifiers are made anew whenever a record is.
            for event in &mut events {
                event.as_object_mut().unwrap().remove("invocation");
            }
            events
        };
        let ended = Run {
            status: RunStatus::Completed { output: json!(1) },
            updated_at: at(60),
            ..run()
        };
        let whole = since(Cursor::START, &ended, &at_time(60), at(60));
        let (mut after, mut found) = (Cursor::START, Vec::new());
        for look in looks {
            let view = since(after, &run(), &at_time(look), at(look));
            prop_assert!(!view.ended);
            found.extend(plain(&view));
            after = cursor(&view);
        }
        let view = since(after, &ended, &at_time(60), at(60));
        prop_assert!(view.ended);
        found.extend(plain(&view));
        prop_assert_eq!(found, plain(&whole));
    }
}
