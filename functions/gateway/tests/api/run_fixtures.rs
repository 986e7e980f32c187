//! Runs as the engine would have stored them.

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::{
    InvocationId, Latest, Place, Run, RunStatus, StepError, StepErrorKind, StepRecord, StepState,
    Try, VersionNumber, Work,
};
use tdev_journal::TenantRuns;
use tdev_run::Store;

use crate::support::{Api, agent_name, tenant};
use crate::workflows::register;

/// The identifier that the sample events name.
pub(crate) const SAMPLE_RUN: &str = "run_0199c0de0199c0de0199c0de0199c0de";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

pub(crate) fn store(api: &Api) -> TenantRuns {
    api.journals.runs_of(&tenant("acme"))
}

/// `acme`'s run of the latest version of `workflow`, stored as if it had been accepted.
pub(crate) async fn stored(api: &Api, id: &str, workflow: &str, input: Value) -> Run {
    let found = api
        .table
        .workflow(&tenant("acme"), &workflow.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    let run = Run {
        id: id.parse().unwrap(),
        tenant: tenant("acme"),
        workflow: found.name,
        version: found.latest,
        definition: found.definition,
        steps: found.steps,
        input,
        status: RunStatus::Running,
        parent: None,
        depth: 0,
        deadline: at(86_400),
        resumed: 0,
        latest: Latest::default(),
        task_token: None,
        revision: 0,
        due_at: None,
        created_at: at(0),
        updated_at: at(0),
    };
    store(api).put_run(&run).await.unwrap();
    run
}

/// The same run, where it stands now.
pub(crate) async fn moved(api: &Api, run: &Run, status: RunStatus, seconds: i64) -> Run {
    let run = Run {
        status,
        revision: run.revision + 1,
        updated_at: at(seconds),
        ..run.clone()
    };
    store(api).put_run(&run).await.unwrap();
    run
}

/// A step that began then, and is over if `end` is given.
pub(crate) fn record(
    place: Place,
    id: &str,
    state: StepState,
    start: i64,
    end: Option<i64>,
) -> StepRecord {
    StepRecord {
        place,
        id: id.parse().unwrap(),
        state,
        tries: Vec::new(),
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

pub(crate) fn completed(output: Value) -> StepState {
    StepState::Completed {
        output,
        cached: false,
    }
}

pub(crate) fn attempt(number: u32, start: i64, end: Option<i64>, error: Option<StepError>) -> Try {
    Try {
        number,
        work: Work::Agent {
            agent: agent_name("word-count"),
            version: VersionNumber::FIRST,
            invocation: InvocationId::generate(),
        },
        started_at: at(start),
        ended_at: end.map(at),
        error,
    }
}

pub(crate) async fn put(api: &Api, run: &Run, step: &StepRecord) {
    store(api).put_step(&run.id, step).await.unwrap();
}

/// A step of the run of [`definition`] that awaits an approval.
pub(crate) async fn awaiting(api: &Api, run: &Run) {
    let state = StepState::AwaitingApproval {
        message: "Publish 2 counts?".to_owned(),
        until: at(3_600),
    };
    put(api, run, &record(Place::step(1), "publish", state, 9, None)).await;
}

/// A workflow with a step of most kinds.
pub(crate) async fn varied(api: &Api) -> Run {
    let definition = json!({"name": "varied", "steps": [
        {"id": "fetch", "agent": "word-count", "compensate_with": {"agent": "word-count"}},
        {"id": "count", "map": {"over": "input.texts", "agent": "word-count"},
         "depends_on": ["fetch"]},
        {"id": "pause", "wait": {"seconds": 60}, "depends_on": ["fetch"]},
        {"id": "report", "agent": "word-count", "depends_on": ["count"]},
        {"id": "publish", "approval": {}, "depends_on": ["report", "pause"]},
    ]});
    register(api, &definition).await;
    let run = stored(
        api,
        SAMPLE_RUN,
        "varied",
        json!({"texts": ["a", "b c", "d"]}),
    )
    .await;
    let place = |id: &str| {
        let steps = ["fetch", "count", "pause", "report", "publish"];
        steps.iter().position(|step| *step == id).unwrap()
    };
    let step = |id: &str| Place::step(u32::try_from(place(id)).unwrap());
    let failed = StepError::new(StepErrorKind::AgentFailed, "it raised ValueError");
    let mut fetch = record(
        step("fetch"),
        "fetch",
        completed(json!({"words": 3})),
        1,
        Some(6),
    );
    fetch.tries = vec![
        attempt(1, 1, Some(2), Some(failed)),
        attempt(2, 4, Some(6), None),
    ];
    put(api, &run, &fetch).await;
    let mut count = record(step("count"), "count", StepState::Running, 6, None);
    let map = Work::Map { items: 3, lanes: 2 };
    count.tries = vec![Try {
        work: map,
        ..attempt(1, 6, None, None)
    }];
    put(api, &run, &count).await;
    let item = |item| Place::item(step("count").step, item);
    let done = record(item(0), "count", completed(json!(1)), 6, Some(7));
    put(api, &run, &done).await;
    put(
        api,
        &run,
        &record(item(1), "count", StepState::Running, 6, None),
    )
    .await;
    let waiting = StepState::Waiting { until: at(66) };
    put(api, &run, &record(step("pause"), "pause", waiting, 6, None)).await;
    run
}
