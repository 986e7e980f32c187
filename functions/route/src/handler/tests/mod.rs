//! The function over a fake AWS, in which the agents' runs are ended by hand.

mod decisions;
mod events;
mod failures;
mod faults;
mod order;
mod queue;
mod room;

use std::collections::BTreeSet;

use jiff::ToSpan;
use serde_json::{Value, json};
use tdev_aws::{InvocationWrites, Objects, PageRequest};
use tdev_domain::order::{FairShare, Priority};
use tdev_domain::retry::RetryPolicy;
use tdev_domain::{
    Agent, AgentFailure, AgentKind, AgentLoad, AgentName, AgentVersion, ArtifactDigest,
    FailureKind, Invocation, InvocationChange, InvocationFailure, InvocationStatus, Limits,
    Manifest, ManifestDraft, Quality, Registration, RouterModel, RouterPointer, Routing, State,
    Task, TaskDraft, TaskId, TaskState, TaskStatus, TenantId,
};
use tdev_lambda::env::Env;
use tdev_routing::model::{AgentKey, Memory, train};
use tdev_routing::select::Policy;
use tdev_testing::FakeAws;

use super::*;

/// Agents, and what people say when they want them.
const AGENTS: [(&str, [&str; 6]); 4] = [
    ("weather", WEATHER),
    // For all that can be told from what people say, the same as `weather`.
    ("forecast", WEATHER),
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

const RAIN: &str = "will it rain tomorrow";
const INVOICE: &str = "which invoices are overdue";

const WEATHER: [&str; 6] = [
    "will it rain tomorrow",
    "what is the weather in oslo",
    "how cold is it outside",
    "do i need an umbrella today",
    "is it going to snow this weekend",
    "tell me the forecast for monday",
];

/// A deployment with one worker.
struct World {
    aws: FakeAws,
    deps: Deps,
}

fn deps(aws: &FakeAws) -> Deps {
    let config = Env::of([
        ("TABLE_NAME", "platform"),
        ("ARTIFACTS_BUCKET", "artifacts"),
        (
            "STEP_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/step",
        ),
        (
            "TASK_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/task",
        ),
        (
            "TRAIN_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/train",
        ),
        (
            "DEAD_LETTER_QUEUE_URL",
            "https://sqs.us-east-1.amazonaws.com/1/dead",
        ),
        ("MAX_RECEIVES", "5"),
    ])
    .load(Config::read);
    let sdk = aws.config();
    // What is known of a tenant is read again each time, so that no test has to wait.
    Deps::new(&sdk, config.unwrap()).fresh_for(Duration::ZERO)
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn name(name: &str) -> AgentName {
    name.parse().unwrap()
}

/// What a client sends that says no more than `text`.
fn draft(text: &str) -> TaskDraft {
    TaskDraft {
        tenant: tenant(),
        text: text.to_owned(),
        input: json!({"text": text}),
        capability: None,
        priority: Priority::NORMAL,
        deadline: None,
        retry: RetryPolicy::default(),
    }
}

fn permit(task: &Task) -> TaskMessage {
    TaskMessage::Permit {
        tenant: task.tenant.clone(),
        task: task.id.clone(),
    }
}

fn ended(task: &Task) -> TaskMessage {
    TaskMessage::Ended {
        tenant: task.tenant.clone(),
        task: task.id.clone(),
    }
}

fn batch(message: &TaskMessage) -> Event {
    let body = serde_json::to_string(message).unwrap();
    let record = json!({"messageId": "m-1", "body": body});
    serde_json::from_value(json!({"Records": [record]})).unwrap()
}

/// Delivers a message; whether it shall come again.
async fn deliver(deps: &Deps, message: &TaskMessage) -> bool {
    match handle(deps, batch(message)).await.unwrap() {
        Answer::Batch(response) => !response.batch_item_failures.is_empty(),
        Answer::Response(response) => panic!("{response:?}"),
    }
}

impl World {
    fn empty() -> Self {
        let aws = FakeAws::in_memory();
        let deps = deps(&aws);
        Self { aws, deps }
    }

    /// With these agents of [`AGENTS`], and a model that knows them.
    async fn with(agents: &[&str]) -> Self {
        let world = Self::empty();
        for name in agents {
            world.admit(name, None).await;
        }
        world.train(1, agents).await;
        world
    }

    /// Admits an agent, as `register` does.
    async fn admit(&self, agent: &str, input_schema: Option<Value>) {
        let now = Timestamp::now();
        let artifact = ArtifactDigest::of(agent.as_bytes());
        let draft = ManifestDraft::default();
        let mut registration =
            Registration::accept(tenant(), name(agent), artifact, 100, draft, now);
        self.deps
            .table
            .put_registration(&registration)
            .await
            .unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            self.deps
                .table
                .put_registration(&registration)
                .await
                .unwrap();
        }
        let version = version(&registration, input_schema);
        let state = State::Active {
            version: version.version,
        };
        let active = registration.advance(state, "because", now).unwrap();
        self.deps
            .table
            .admit(&active, &version, None)
            .await
            .unwrap();
    }

    /// Trains and publishes a model of these agents, in place of any before.
    async fn train(&self, version: u64, agents: &[&str]) {
        let mut memory = Memory::new();
        for (agent, utterances) in AGENTS.iter().filter(|(name, _)| agents.contains(name)) {
            memory.introduce(&AgentKey::from(*agent), utterances.iter().copied());
        }
        let bytes = train(&memory, version).to_bytes().unwrap();
        let models = Models::new(&self.aws.config(), "artifacts");
        let model = RouterModel {
            version,
            sha256: models.put(&tenant(), version, bytes).await.unwrap(),
            inputs: ArtifactDigest::of(b""),
            examples: 0,
            trained_at: Timestamp::now(),
        };
        self.point_to(model).await;
    }

    async fn point_to(&self, model: RouterModel) {
        let current = self.deps.table.router(&tenant()).await.unwrap();
        let pointer = RouterPointer::trained(tenant(), current.as_ref(), model);
        self.deps.table.move_router(&pointer).await.unwrap();
    }

    async fn set_policy(&self, policy: Value) {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let current: Routing<Policy> = self.deps.table.routing(&tenant()).await.unwrap();
        let next = current.revised(policy, current.fair_share, current.breaker);
        self.deps.table.put_routing(&tenant(), &next).await.unwrap();
    }

    /// Accepts a task, as the gateway does.
    async fn submit(&self, draft: &TaskDraft) -> Task {
        let share = FairShare::default();
        let table = &self.deps.table;
        let admitted = table.admit_task(draft, &share, Timestamp::now()).await;
        admitted.unwrap()
    }

    /// Accepts a task and delivers its permit.
    async fn route(&self, draft: &TaskDraft) -> Task {
        let task = self.submit(draft).await;
        assert!(!deliver(&self.deps, &permit(&task)).await);
        self.task(&task.id).await
    }

    async fn task(&self, id: &TaskId) -> Task {
        let found = self.deps.table.task(&tenant(), id).await;
        found.unwrap().expect("the task is stored")
    }

    async fn load(&self, agent: &str) -> AgentLoad {
        let load = self.deps.table.agent_load(&tenant(), &name(agent)).await;
        load.unwrap()
    }

    async fn run_of(&self, task: &Task) -> Invocation {
        let TaskStatus::Running { invocation } = &task.status else {
            panic!("{:?}", task.status)
        };
        let found = self.deps.journals.invocation(&tenant(), invocation).await;
        found.unwrap().expect("the invocation is stored")
    }

    /// Ends the run of a task's agent, as `workflow-step` does.
    async fn end_run(&self, task: &Task, status: InvocationStatus) {
        let run = self.run_of(task).await;
        let change = InvocationChange::to(Invocation {
            status,
            revision: run.revision + 1,
            updated_at: Timestamp::now(),
            ..run
        });
        let objects = Objects::new(&self.aws.config(), "artifacts");
        let writes = InvocationWrites::prepare(&objects, &[change]).await;
        let table = &self.deps.table;
        table.write_invocations(writes.unwrap()).await.unwrap();
    }

    /// Ends the run of a task's agent, delivers the message, and says where the task stands then.
    async fn settle(&self, task: &Task, status: InvocationStatus) -> Task {
        self.end_run(task, status).await;
        assert!(!deliver(&self.deps, &ended(task)).await);
        self.task(&task.id).await
    }

    /// Lets the time pass that a waiting task waits for.
    async fn pass(&self, task: &Task) -> Task {
        let past = Timestamp::now() - 1.second();
        let next = Task {
            status: TaskStatus::Waiting { until: past },
            revision: task.revision + 1,
            ..task.clone()
        };
        let written = self.deps.table.write_task(&next).await;
        written.unwrap();
        next
    }

    /// The bodies of the messages that were sent to a queue, in order.
    fn sent(&self, queue: &str) -> Vec<Value> {
        let sent = self.aws.requests_of("SQS.SendMessage");
        sent.iter()
            .map(tdev_testing::Request::json)
            .filter(|message| {
                let url = message["QueueUrl"].as_str().unwrap();
                url.ends_with(&format!("/{queue}"))
            })
            .map(|message| serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap())
            .collect()
    }

    /// What was written to the table, by operation.
    fn writes(&self) -> usize {
        let operations = ["PutItem", "TransactWriteItems", "DeleteItem", "UpdateItem"];
        let requests = |operation| self.aws.requests_of(&format!("DynamoDB.{operation}"));
        operations
            .map(|operation| requests(operation).len())
            .iter()
            .sum()
    }
}

fn version(registration: &Registration, input_schema: Option<Value>) -> AgentVersion {
    AgentVersion {
        tenant: registration.tenant.clone(),
        agent: registration.agent.clone(),
        version: Agent::next_version(None),
        kind: AgentKind::Code,
        artifact: registration.artifact.clone(),
        bytes: registration.bytes,
        manifest: Manifest {
            description: "Does something.".to_owned(),
            capabilities: vec![format!("do.{}", registration.agent).parse().unwrap()],
            utterances: Vec::new(),
            examples: Vec::new(),
            input_schema,
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
    }
}

fn done() -> InvocationStatus {
    InvocationStatus::Completed {
        output: json!("done"),
    }
}

fn raised() -> InvocationStatus {
    let failure = AgentFailure::new(FailureKind::Raised, "ValueError: no");
    InvocationStatus::Failed {
        failure: InvocationFailure::Agent(failure),
    }
}

fn agent_of(task: &Task) -> &str {
    task.attempts.last().expect("an attempt").agent.as_str()
}

fn state(task: &Task) -> TaskState {
    task.status.state()
}

fn all() -> PageRequest {
    PageRequest {
        limit: 1_000,
        after: None,
    }
}
