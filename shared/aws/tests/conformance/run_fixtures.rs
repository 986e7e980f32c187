//! Runs and steps to store.

use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use tdev_domain::{
    ArtifactDigest, InvocationId, Latest, Part, Place, Run, RunId, RunStatus, StepRecord,
    StepState, StepTry, Try, VersionNumber, Work,
};

use super::fixtures::tenant;

/// A run that has just been accepted.
pub(crate) fn run(workflow: &str, input: Value) -> Run {
    let now = Timestamp::now();
    Run {
        id: RunId::generate(),
        tenant: tenant(),
        workflow: workflow.parse().unwrap(),
        version: VersionNumber::FIRST,
        definition: ArtifactDigest::of(workflow.as_bytes()),
        steps: 3,
        input,
        status: RunStatus::Running,
        parent: Some(StepTry {
            run: RunId::generate(),
            place: Place::item(12, 5),
            part: Part::Compensation,
            number: 2,
        }),
        depth: 1,
        deadline: now + 1.hour(),
        resumed: 0,
        latest: Latest::default(),
        task_token: Some("token".to_owned()),
        revision: 0,
        due_at: Some(now + 1.minute()),
        created_at: now,
        updated_at: now,
    }
}

/// The run at its next revision, standing at `status`.
pub(crate) fn moved(run: &Run, status: RunStatus) -> Run {
    Run {
        status,
        revision: run.revision + 1,
        due_at: None,
        updated_at: Timestamp::now(),
        ..run.clone()
    }
}

/// A step that an agent does.
pub(crate) fn running(place: Place) -> StepRecord {
    let now = Timestamp::now();
    StepRecord {
        place,
        id: "fetch".parse().unwrap(),
        state: StepState::Running,
        tries: vec![Try {
            number: 1,
            work: Work::Agent {
                agent: "fetcher".parse().unwrap(),
                version: VersionNumber::FIRST,
                invocation: InvocationId::generate(),
            },
            started_at: now,
            ended_at: None,
            error: None,
        }],
        forgiven: 0,
        compensation: None,
        compensation_started_at: None,
        compensation_ended_at: None,
        revision: 0,
        due_at: Some(now + 1.minute()),
        started_at: now,
        ended_at: None,
    }
}

/// The step at its next revision, done.
pub(crate) fn completed(step: &StepRecord, output: Value) -> StepRecord {
    let now = Timestamp::now();
    let mut next = step.clone();
    next.state = StepState::Completed {
        output,
        cached: false,
    };
    next.tries[0].ended_at = Some(now);
    next.revision += 1;
    next.due_at = None;
    next.ended_at = Some(now);
    next
}
