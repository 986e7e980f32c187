//! Batches of tasks over a fake AWS, from their acceptance to their end, and what one costs.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use route::{Answer, Config, Deps, Event, handle};
use serde_json::json;
use tdev_aws::{InvocationWrites, Models, Objects, Queue, SdkConfig, Table};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    Agent, AgentKind, AgentName, AgentVersion, ArrivalBlock, ArtifactDigest, Invocation,
    InvocationChange, InvocationStatus, Limits, Manifest, ManifestDraft, Quality, Registration,
    RouterModel, RouterPointer, State, Task, TaskDraft, TaskId, TaskMessage, TaskStatus, TenantId,
};
use tdev_routing::model::{AgentKey, Memory, train};
use tdev_testing::bill::{Bill, Called, Function, Meter};
use tdev_testing::{FakeAws, Request};

/// The agents, and what each is for.
const AGENTS: [&str; 10] = [
    "weather",
    "invoices",
    "music",
    "travel",
    "recipes",
    "fitness",
    "calendar",
    "translation",
    "parking",
    "astronomy",
];

/// How many tasks are in a full batch.
const BATCH: u32 = 10;

const GATEWAY: Function = Function {
    name: "gateway",
    memory_mb: 512,
    called: Called::Directly,
};

/// The function that routes, called with so many messages.
const fn route(batch: u32) -> Function {
    Function {
        name: "route",
        memory_mb: 512,
        called: Called::ByMessage { batch },
    }
}

/// What one task comes to.
pub(crate) struct Cost {
    /// Accepting it: what the gateway does for it.
    pub(crate) accepted: Bill,
    /// Giving it to an agent.
    pub(crate) given: Bill,
    /// Putting the agent's run and calling a worker.
    pub(crate) run: Bill,
    /// Settling it, from the message of the run's end on.
    pub(crate) settled: Bill,
    /// Keeping what it teaches, which is done where the model was not sure.
    pub(crate) lesson: Bill,
}

impl Cost {
    /// The task, without the run.
    pub(crate) fn total(&self) -> Bill {
        let accepted_and_given = self.accepted.clone().then(self.given.clone());
        accepted_and_given.then(self.settled.clone())
    }
}

/// How tasks come, and where those of a batch go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// Full batches of a busy tenant, all to one agent.
    One,
    /// The same, each to another agent.
    Ten,
    /// One alone, of a tenant that sends one now and then.
    Alone,
}

impl Spread {
    /// How many tasks are in a batch.
    const fn batch(self) -> u32 {
        match self {
            Self::One | Self::Ten => BATCH,
            Self::Alone => 1,
        }
    }
}

struct World {
    aws: FakeAws,
    sdk: SdkConfig,
    table: Table,
    tasks: Queue,
    deps: Deps,
    meter: Meter,
    places: Option<ArrivalBlock>,
    accepted: i64,
}

/// Takes a batch of tasks to their end, and says what one of them comes to. The processes are
/// warm: other batches went the same way before.
pub(crate) async fn task(spread: Spread) -> Cost {
    let mut world = World::new();
    world.populate().await;
    for _ in 0..2 {
        world.take(spread).await;
    }
    world.take(spread).await
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn url(queue: &str) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/1/{queue}")
}

impl World {
    fn new() -> Self {
        let aws = FakeAws::in_memory();
        let sdk = aws.config();
        let config = Config {
            table: "platform".to_owned(),
            artifacts_bucket: "artifacts".to_owned(),
            step_queue_url: url("step"),
            task_queue_url: url("task"),
            train_queue_url: url("train"),
            dead_letter_queue_url: url("dead"),
            max_receives: 5.try_into().unwrap(),
        };
        Self {
            // However slow the machine is, what is known of the tenant is read once.
            deps: Deps::new(&sdk, config).fresh_for(Duration::from_hours(1)),
            table: Table::new(&sdk, "platform"),
            tasks: Queue::new(&sdk, url("task")),
            aws,
            sdk,
            meter: Meter::new(),
            places: None,
            accepted: 0,
        }
    }

    /// The requests since the last time.
    fn requests(&self) -> Vec<Request> {
        let requests = self.aws.requests();
        self.aws.forget_requests();
        requests
    }

    async fn populate(&mut self) {
        let mut memory = Memory::new();
        for agent in AGENTS {
            let utterances: Vec<_> = (0..6).map(|n| wish(agent, n)).collect();
            let utterances = utterances.iter().map(String::as_str);
            memory.introduce(&AgentKey::from(agent), utterances);
            self.admit(agent.parse().unwrap()).await;
        }
        let bytes = train(&memory, 1).to_bytes().unwrap();
        let models = Models::new(&self.sdk, "artifacts");
        let model = RouterModel {
            version: 1,
            sha256: models.put(&tenant(), 1, bytes).await.unwrap(),
            inputs: ArtifactDigest::of(b""),
            examples: 18,
            trained_at: Timestamp::now(),
        };
        let pointer = RouterPointer::trained(tenant(), None, model);
        self.table.move_router(&pointer).await.unwrap();
        self.meter.read(&self.requests()).unwrap();
    }

    async fn admit(&self, agent: AgentName) {
        let now = Timestamp::now();
        let artifact = ArtifactDigest::of(agent.as_str().as_bytes());
        let draft = ManifestDraft::default();
        let mut registration =
            Registration::accept(tenant(), agent.clone(), artifact, 100, draft, now);
        self.table.put_registration(&registration).await.unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            self.table.put_registration(&registration).await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            version: Agent::next_version(None),
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes: registration.bytes,
            manifest: Manifest {
                description: "Does something.".to_owned(),
                capabilities: vec![format!("do.{agent}").parse().unwrap()],
                utterances: Vec::new(),
                examples: Vec::new(),
                input_schema: None,
                output_schema: None,
                tools: BTreeSet::new(),
                limits: Limits::default(),
            },
            quality: Quality {
                score: 90,
                parts: Vec::new(),
            },
            findings: Vec::new(),
            registration: registration.id.clone(),
            created_at: registration.created_at,
            agent,
        };
        let state = State::Active {
            version: version.version,
        };
        let active = registration.advance(state, "because", now).unwrap();
        self.table.admit(&active, &version, None).await.unwrap();
    }

    async fn take(&mut self, spread: Spread) -> Cost {
        let mut tasks = Vec::new();
        let mut accepted = Bill::default();
        let number = spread.batch();
        for agent in AGENTS.into_iter().take(number as usize) {
            let agent = match spread {
                Spread::Ten => agent,
                Spread::One | Spread::Alone => AGENTS[0],
            };
            if spread == Spread::Alone {
                self.accepted += 1_000;
            }
            tasks.push(self.accept(agent).await);
            let bill = self.meter.handled(GATEWAY, &self.requests()).unwrap();
            accepted = accepted.then(bill);
        }

        let permits = tasks.iter().map(|task| TaskMessage::Permit {
            tenant: tenant(),
            task: task.id.clone(),
        });
        self.deliver(&permits.collect::<Vec<_>>()).await;
        let given = self
            .meter
            .handled_batch(route(number), &self.requests())
            .unwrap();
        let (record, given) = given.split("INVOCATION");
        let (message, given) = given.split("to step");

        let mut ended = Vec::new();
        let mut told = Bill::default();
        for task in &tasks {
            self.end_run(task).await;
            self.meter.read(&self.requests()).unwrap();
            let message = TaskMessage::Ended {
                tenant: tenant(),
                task: task.id.clone(),
            };
            self.tasks.send(&message, &[]).await.unwrap();
            told = told.then(self.meter.read(&self.requests()).unwrap());
            ended.push(message);
        }
        self.deliver(&ended).await;
        let settled = self
            .meter
            .handled_batch(route(number), &self.requests())
            .unwrap();
        let (lesson, settled) = settled.split("LESSONS");
        for task in &tasks {
            let done = self.table.task(&tenant(), &task.id).await.unwrap().unwrap();
            assert!(
                matches!(done.status, TaskStatus::Completed { .. }),
                "{done:?}"
            );
        }
        self.requests();
        Cost {
            accepted: accepted.shared_by(number),
            given: given.shared_by(number),
            run: record.then(message).shared_by(number),
            settled: told.then(settled).shared_by(number),
            lesson: lesson.shared_by(number),
        }
    }

    /// Does what the gateway does for a busy tenant.
    async fn accept(&mut self, agent: &str) -> Task {
        let now = Timestamp::UNIX_EPOCH + self.accepted.milliseconds();
        self.accepted += 1;
        let text = wish(agent, 6);
        let draft = TaskDraft {
            tenant: tenant(),
            input: json!({ "text": text }),
            text,
            capability: None,
            priority: Priority::NORMAL,
            deadline: None,
            retry: RetryPolicy::default(),
        };
        let place = self.places.as_mut().and_then(|places| places.take(now));
        let place = if let Some(place) = place {
            place
        } else {
            let more = self.places.as_ref().map_or(0, |places| places.more(now));
            let share = self.share(more).await;
            let table = &self.table;
            let reserved = table.reserve_arrivals(&tenant(), &share, more, now).await;
            let (place, places) = reserved.unwrap();
            self.places = Some(places);
            place
        };
        let task = draft.admit(TaskId::generate(), place, Timestamp::now());
        self.table.write_task(&task).await.unwrap();
        let permit = TaskMessage::Permit {
            tenant: tenant(),
            task: task.id.clone(),
        };
        self.tasks.send(&permit, &[]).await.unwrap();
        task
    }

    /// How much the tenant may send, which a process asks for that did not do so just before.
    async fn share(&self, more: u32) -> FairShare {
        if more > 0 {
            return FairShare::default();
        }
        let routing = self.table.routing::<serde_json::Value>(&tenant()).await;
        routing.unwrap().fair_share
    }

    /// Ends the run of the agent, as `workflow-step` does.
    async fn end_run(&self, task: &Task) {
        let task = self.table.task(&tenant(), &task.id).await.unwrap().unwrap();
        let TaskStatus::Running { invocation } = task.status else {
            panic!("{:?}", task.status)
        };
        let objects = Objects::new(&self.sdk, "artifacts");
        let found = self
            .table
            .invocation(&objects, &tenant(), &invocation)
            .await;
        let run = found.unwrap().unwrap();
        let change = InvocationChange::to(Invocation {
            status: InvocationStatus::Completed {
                output: json!({"rain": true}),
            },
            due_at: None,
            revision: run.revision + 1,
            updated_at: Timestamp::now(),
            ..run
        });
        let writes = InvocationWrites::prepare(&objects, &[change]).await;
        self.table.write_invocations(writes.unwrap()).await.unwrap();
    }

    async fn deliver(&self, messages: &[TaskMessage]) {
        let record = |message| {
            let body = serde_json::to_string(message).unwrap();
            json!({"messageId": "m", "body": body})
        };
        let records: Vec<_> = messages.iter().map(record).collect();
        let event: Event = serde_json::from_value(json!({"Records": records})).unwrap();
        match handle(&self.deps, event).await.unwrap() {
            Answer::Batch(response) => assert!(response.batch_item_failures.is_empty()),
            Answer::Response(response) => panic!("{response:?}"),
        }
    }
}

/// Something that a person may say who wants `agent`.
fn wish(agent: &str, n: usize) -> String {
    let forms = [
        "tell me about",
        "i need help with",
        "what can you do for",
        "please see to",
        "how do i go about",
        "could you look after",
        "what do you know, in short, about",
    ];
    format!("{} {agent} today, and do {agent} as i like it", forms[n])
}
