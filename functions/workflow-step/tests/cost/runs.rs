//! Runs of workflows over the fake AWS, from their acceptance to their end, and what they cost.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::{Objects, Registered, Table, WorkflowDraft};
use tdev_domain::{
    Place, Run, RunId, RunState, RunStatus, StepRequest, StepResponse, StepState, WakeMessage,
    WorkflowVersion,
};
use tdev_journal::TenantRuns;
use tdev_run::{Changed, Decision, Store};
use tdev_testing::Response as Answer;
use tdev_testing::bill::{Bill, Line, Units};
use tdev_workflow::{Definition, Plan};
use workflow_step::{Event, Response, handle};

use crate::scenario::{BY_MESSAGE, CALLED, World, messages_of, tenant};

/// What a run of one workflow comes to.
pub(crate) struct RunCost {
    /// What it is.
    pub(crate) name: &'static str,
    /// How many steps it has, the items of maps and what undoes steps included.
    pub(crate) steps: u32,
    /// How many states a state machine enters that does the same alone, retries and its own start
    /// and end left out.
    pub(crate) states: u32,
    /// From its acceptance to its end, ten messages to a batch.
    pub(crate) bill: Bill,
    /// How many messages were delivered.
    messages: u32,
}

impl RunCost {
    /// What comes on top if every message comes alone: nine tenths of receiving and deleting it,
    /// and of calling the function.
    pub(crate) fn alone(&self) -> Units {
        let rest = 0.9 * f64::from(self.messages);
        Units {
            sqs: 2.0 * rest,
            lambda: rest,
            ..Units::default()
        }
    }
}

/// A workflow, and how its run ends.
struct Shape {
    name: &'static str,
    steps: u32,
    states: u32,
    input: Value,
    definition: Value,
    ends: RunState,
}

/// Runs of all shapes.
pub(crate) async fn runs() -> Vec<RunCost> {
    let mut world = World::new();
    world
        .aws
        .on("AWSStepFunctions.SendTaskSuccess", |_| {
            Answer::json(&json!({}))
        })
        .on("AWSStepFunctions.SendTaskFailure", |_| {
            Answer::json(&json!({}))
        });
    world.admit("plain", "", &[]).await;
    // So that what a process does once, such as fetching a source, is done.
    world.by_message("plain").await;
    world.admit("broken", "raise ValueError('no')", &[]).await;
    let mut runs = Vec::new();
    for shape in shapes() {
        let workflow = world.register(&shape.definition).await;
        world.begin(&workflow, &shape.input).await;
        runs.push(world.run(&workflow, &shape).await);
    }
    runs
}

/// An agent's step that depends on others.
fn agent(id: &str, depends_on: &[String]) -> Value {
    json!({"id": id, "agent": "plain", "inputs": {"n": 21}, "depends_on": depends_on})
}

fn shapes() -> Vec<Shape> {
    let shape = |name, steps: Vec<Value>, counts: (u32, u32), ends| Shape {
        name,
        steps: counts.0,
        states: counts.1,
        input: json!({"n": 21}),
        definition: json!({"name": "counted", "steps": steps}),
        ends,
    };
    let ids = |many: usize| (0..many).map(|n| format!("s{n}")).collect::<Vec<_>>();
    let sequence = |many: usize| {
        let step = |n: usize| agent(&format!("s{n}"), &ids(many)[n.saturating_sub(1)..n]);
        (0..many).map(step).collect::<Vec<_>>()
    };
    let mut fan = vec![agent("first", &[])];
    fan.extend(ids(10).iter().map(|id| agent(id, &["first".to_owned()])));
    fan.push(agent("last", &ids(10)));
    let map = json!({"id": "each", "inputs": {"n": "${item}"},
        "map": {"over": "input.items", "agent": "plain"}});
    let approval = vec![
        agent("draft", &[]),
        json!({"id": "ask", "approval": {"message": "go on?"}, "depends_on": ["draft"]}),
        agent("publish", &["ask".to_owned()]),
    ];
    let undoable = |id: &str, after: &[String]| {
        let mut step = agent(id, after);
        step["compensate_with"] = json!({"agent": "plain", "inputs": {"n": 1}});
        step
    };
    let mut failing = agent("send", &["pay".to_owned()]);
    failing["agent"] = "broken".into();
    failing["retry"] = json!({"max_attempts": 1});
    let saga = vec![
        undoable("book", &[]),
        undoable("pay", &["book".to_owned()]),
        failing,
    ];
    let completed = RunState::Completed;
    let mut shapes = vec![
        shape("one agent", sequence(1), (1, 1), completed),
        shape("a sequence of 10", sequence(10), (10, 10), completed),
        shape("a fan-out of 10, and a fan-in", fan, (12, 13), completed),
        shape("a map over 100 items", vec![map], (101, 101), completed),
        shape("two agents and an approval", approval, (3, 3), completed),
        shape(
            "three agents, of which the last fails and two are undone",
            saga,
            (5, 5),
            RunState::Failed,
        ),
    ];
    shapes[3].input = json!({"items": (0..100).collect::<Vec<_>>()});
    shapes
}

/// The states that an execution enters which holds a run, its start counted as one: `Hold`,
/// `Ended` and `Completed`, or `Hold`, `HoldCompensation`, `Ended` and `Failed`.
fn held(ends: RunState) -> Bill {
    let transitions = if ends == RunState::Completed {
        4.0
    } else {
        5.0
    };
    let units = Units {
        transitions,
        ..Units::default()
    };
    let what = "Step Functions holds the run".to_owned();
    Bill {
        lines: vec![Line { what, units }],
    }
}

/// What the keeper, which is not run here, reads of each invocation that has ended, and of the
/// step that waited for it: it looks at both once.
fn looks(started: usize) -> Bill {
    let each = Units {
        reads: 0.5 + 1.0,
        ..Units::default()
    };
    let what = "the keeper's look at what has ended".to_owned();
    let line = Line { what, units: each };
    Bill {
        lines: vec![line; started],
    }
}

impl World {
    fn store(&self) -> TenantRuns {
        self.journals.runs_of(&tenant())
    }

    async fn register(&mut self, definition: &Value) -> WorkflowVersion {
        let definition = Definition::from_json(&definition.to_string()).unwrap();
        let draft = WorkflowDraft {
            tenant: tenant(),
            name: definition.name.clone(),
            description: String::new(),
            steps: Plan::new(&definition).unwrap().len(),
            definition: definition.to_json(),
        };
        let table = Table::new(&self.sdk, "platform");
        let objects = Objects::new(&self.sdk, "artifacts");
        let registered = table.register_workflow(&objects, &draft, Timestamp::now());
        let (Registered::New(version) | Registered::Known(version)) = registered.await.unwrap();
        self.meter.read(&self.requests()).unwrap();
        version
    }

    /// Begins a run and forgets it, so that what a process does once, such as reading the
    /// definition, is done.
    async fn begin(&mut self, workflow: &WorkflowVersion, input: &Value) {
        self.accept_run(workflow, input).await;
        for message in self.sent().0 {
            self.deliver(&message).await;
        }
        self.meter.read(&self.requests()).unwrap();
    }

    /// Runs `workflow` to its end.
    async fn run(&mut self, workflow: &WorkflowVersion, shape: &Shape) -> RunCost {
        let id = self.accept_run(workflow, &shape.input).await;
        let (mut messages, mut bill) = self.sent();
        bill = bill.then(self.hold(&id).await);
        let (mut started, mut delivered) = (0, 0);
        let state = loop {
            while let Some(message) = messages.pop_front() {
                let of_agent = matches!(
                    serde_json::from_str(&message).unwrap(),
                    WakeMessage::Invocation(_)
                );
                started += usize::from(of_agent);
                delivered += 1;
                self.deliver(&message).await;
                let requests = self.requests();
                messages.extend(messages_of(&requests));
                bill = bill.then(self.meter.handled(BY_MESSAGE, &requests).unwrap());
            }
            let told = Self::told(&bill);
            let run = self.store().run(&id).await.unwrap().unwrap();
            let state = run.status.state();
            if state.is_final() {
                assert!(told, "nobody was told that it is {state:?}");
                break state;
            }
            self.decide(&run).await;
            let (more, sent) = self.sent();
            messages.extend(more);
            bill = bill.then(sent);
        };
        assert_eq!(state, shape.ends, "{}", shape.name);
        self.requests();
        RunCost {
            name: shape.name,
            steps: shape.steps,
            states: shape.states,
            bill: bill.then(looks(started)).then(held(state)),
            messages: delivered,
        }
    }

    /// Stores a run and calls a worker, as the gateway does.
    async fn accept_run(&self, workflow: &WorkflowVersion, input: &Value) -> RunId {
        let now = Timestamp::now();
        let definition = self.store().definition(&workflow.definition).await;
        let text = String::from_utf8(definition.unwrap().unwrap()).unwrap();
        let plan = Plan::new(&Definition::from_json(&text).unwrap()).unwrap();
        // The gateway has the definition at hand.
        self.requests();
        let latest = self.store().latest(&plan).await.unwrap();
        let run = Run {
            id: RunId::generate(),
            tenant: tenant(),
            workflow: workflow.name.clone(),
            version: workflow.version,
            definition: workflow.definition.clone(),
            steps: workflow.steps,
            input: input.clone(),
            status: RunStatus::Running,
            parent: None,
            depth: 0,
            deadline: now + SignedDuration::from_hours(24),
            resumed: 0,
            latest,
            task_token: None,
            revision: 0,
            due_at: None,
            created_at: now,
            updated_at: now,
        };
        let run = tdev_run::accept(run, now);
        self.store().put_run(&run).await.unwrap();
        self.wake_run(&run.id, None).await;
        run.id
    }

    async fn wake_run(&self, run: &RunId, place: Option<Place>) {
        let (journals, tenant) = (&self.journals, tenant());
        let woken = journals.wake_run(&tenant, run.clone(), place, Timestamp::now());
        woken.await.unwrap();
    }

    /// Has the function note the token of the execution that holds the run.
    async fn hold(&mut self, run: &RunId) -> Bill {
        let request = StepRequest::HoldRun {
            tenant: tenant(),
            run: run.clone(),
            // As long as those of Step Functions are.
            token: "t".repeat(600),
        };
        let held = handle(&self.deps, Event::Request(Box::new(request))).await;
        let Response::Request(response) = held.unwrap() else {
            panic!("a request was answered as a batch");
        };
        let expected = StepResponse::HoldRun {
            state: Some(RunState::Running),
        };
        assert_eq!(*response, expected);
        self.meter.handled(CALLED, &self.requests()).unwrap()
    }

    /// Whether an execution was told something.
    fn told(bill: &Bill) -> bool {
        let is_it = |line: &Line| line.what.starts_with("AWSStepFunctions.");
        bill.lines.iter().any(is_it)
    }

    /// Approves the step that awaits it, as the gateway does; its HTTP request is left out.
    async fn decide(&self, run: &Run) {
        let store = self.store();
        let steps = store.all_steps(&run.id).await.unwrap();
        self.requests();
        let awaits = |state: &StepState| matches!(state, StepState::AwaitingApproval { .. });
        let step = steps.iter().find(|step| awaits(&step.state));
        let place = step.expect("it waits for a decision").place;
        let decision = Decision {
            approved: true,
            by: "ada".to_owned(),
            comment: String::new(),
        };
        let decided = tdev_run::decide(&run.id, place, decision, &store, Timestamp::now()).await;
        assert!(matches!(decided.unwrap(), Changed::Made(_)));
        self.wake_run(&run.id, Some(place)).await;
    }
}
