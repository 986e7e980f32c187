//! One task over a fake AWS, from its acceptance to its end, and what it costs.

use std::collections::BTreeSet;

use jiff::Timestamp;
use route::{Answer, Config, Deps, Event, handle};
use serde_json::json;
use tdev_aws::{InvocationWrites, Models, Objects, Queue, SdkConfig, Table};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    Agent, AgentKind, AgentName, AgentVersion, ArtifactDigest, Invocation, InvocationChange,
    InvocationId, InvocationStatus, Limits, Manifest, ManifestDraft, Quality, Registration,
    RouterModel, RouterPointer, State, Task, TaskDraft, TaskMessage, TaskStatus, TenantId,
};
use tdev_routing::model::{AgentKey, Memory, train};
use tdev_testing::bill::{Bill, Called, Function, Meter};
use tdev_testing::{FakeAws, Request};

const AGENTS: [(&str, [&str; 6]); 3] = [
    (
        "weather",
        [
            "will it rain tomorrow",
            "what is the weather in oslo",
            "how cold is it outside",
            "do i need an umbrella today",
            "is it going to snow this weekend",
            "tell me the forecast for monday",
        ],
    ),
    (
        "invoices",
        [
            "send the invoice to the customer",
            "which invoices are overdue",
            "create an invoice for two hundred dollars",
            "has acme paid its bill",
            "list unpaid bills of this month",
            "remind the customer of the open invoice",
        ],
    ),
    (
        "music",
        [
            "play some jazz",
            "skip this song",
            "turn up the volume of the music",
            "who sings this song",
            "add this track to my playlist",
            "play the latest album by bjork",
        ],
    ),
];

const GATEWAY: Function = Function {
    name: "gateway",
    memory_mb: 512,
    called: Called::Directly,
};
const ROUTE: Function = Function {
    name: "route",
    memory_mb: 512,
    called: Called::ByMessage { batch: 10 },
};

/// What one task comes to.
pub(crate) struct Cost {
    /// Accepting it: what the gateway does for it.
    pub(crate) accepted: Bill,
    /// Giving it to an agent.
    pub(crate) given: Bill,
    /// Accepting the agent's run, which is a part of the same transaction.
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

struct World {
    aws: FakeAws,
    sdk: SdkConfig,
    table: Table,
    tasks: Queue,
    deps: Deps,
    meter: Meter,
}

/// Takes a task to its end. The process is warm: another task went the same way before.
pub(crate) async fn task() -> Cost {
    let mut world = World::new();
    world.populate().await;
    world.take().await;
    world.take().await
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
            deps: Deps::new(&sdk, config),
            table: Table::new(&sdk, "platform"),
            tasks: Queue::new(&sdk, url("task")),
            aws,
            sdk,
            meter: Meter::new(),
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
        for (agent, utterances) in AGENTS {
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

    async fn take(&mut self) -> Cost {
        let task = self.accept().await;
        let accepted = self.meter.handled(GATEWAY, &self.requests()).unwrap();

        self.deliver(&TaskMessage::Permit {
            tenant: tenant(),
            task: task.id.clone(),
        })
        .await;
        let given = self.meter.handled(ROUTE, &self.requests()).unwrap();
        let (record, given) = given.split("INVOCATION");
        let (message, given) = given.split("to step");

        let id = self.end_run(&task).await;
        self.meter.read(&self.requests()).unwrap();
        let ended = TaskMessage::Ended {
            tenant: tenant(),
            task: task.id.clone(),
        };
        self.tasks.send(&ended, &[]).await.unwrap();
        let told = self.meter.read(&self.requests()).unwrap();
        self.deliver(&ended).await;
        let settled = self.meter.handled(ROUTE, &self.requests()).unwrap();
        let (lesson, settled) = settled.split("LESSONS");
        let done = self.table.task(&tenant(), &task.id).await.unwrap().unwrap();
        self.requests();
        assert_eq!(done.status, TaskStatus::Completed { invocation: id });
        Cost {
            accepted,
            given,
            run: record.then(message),
            settled: told.then(settled),
            lesson,
        }
    }

    /// Does what the gateway does.
    async fn accept(&self) -> Task {
        let text = "will it rain in oslo tomorrow, or can i leave my umbrella at home";
        let draft = TaskDraft {
            tenant: tenant(),
            text: text.to_owned(),
            input: json!({ "text": text }),
            capability: None,
            priority: Priority::NORMAL,
            deadline: None,
            retry: RetryPolicy::default(),
        };
        let routing = self.table.routing::<serde_json::Value>(&tenant()).await;
        let share: FairShare = routing.unwrap().fair_share;
        let task = self
            .table
            .admit_task(&draft, &share, Timestamp::now())
            .await;
        let task = task.unwrap();
        let permit = TaskMessage::Permit {
            tenant: tenant(),
            task: task.id.clone(),
        };
        self.tasks.send(&permit, &[]).await.unwrap();
        task
    }

    /// Ends the run of the agent, as `workflow-step` does.
    async fn end_run(&self, task: &Task) -> InvocationId {
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
        invocation
    }

    async fn deliver(&self, message: &TaskMessage) {
        let body = serde_json::to_string(message).unwrap();
        let event = json!({"Records": [{"messageId": "m-1", "body": body}]});
        let event: Event = serde_json::from_value(event).unwrap();
        match handle(&self.deps, event).await.unwrap() {
            Answer::Batch(response) => assert!(response.batch_item_failures.is_empty()),
            Answer::Response(response) => panic!("{response:?}"),
        }
    }
}
