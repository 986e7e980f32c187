//! Steps of every kind over a fake AWS, with a worker process, and what they cost.

use std::collections::{BTreeSet, VecDeque};
use std::process::Command;

use jiff::Timestamp;
use serde_json::json;
use tdev_aws::{Artifacts, SdkConfig, Table};
use tdev_domain::{
    Agent, AgentKind, AgentName, AgentVersion, Callee, InvocationChange, InvocationId,
    InvocationStatus, Limits, Manifest, ManifestDraft, Quality, Registration, Source, State,
    StepMessage, StepRequest, StepResponse, TenantId, Tool,
};
use tdev_invocation::{Journal, WakeUp, accept, signal};
use tdev_journal::Journals;
use tdev_testing::bill::{Bill, Called, Function, Line, Meter, Units};
use tdev_testing::{FakeAws, Request, Response as Answer};
use workflow_step::{Config, Deps, Event, PrivateAddresses, Response, SANDBOX_WORKER, handle};

pub(crate) const CALLED: Function = Function {
    name: "workflow-step",
    memory_mb: 1024,
    called: Called::Directly,
};
pub(crate) const BY_MESSAGE: Function = Function {
    called: Called::ByMessage { batch: 10 },
    ..CALLED
};
/// By a message that comes alone, as they do where little is to be done.
const ALONE: Function = Function {
    called: Called::ByMessage { batch: 1 },
    ..CALLED
};

/// What a step of one kind comes to.
pub(crate) struct Step {
    /// What kind.
    pub(crate) kind: &'static str,
    /// From its acceptance to its end.
    pub(crate) bill: Bill,
}

/// Kinds of steps, each the one before the first and an effect more: what `execute` does, and the
/// tools it needs.
const EFFECTS: [(&str, &str, &[Tool]); 6] = [
    ("a recorded effect (now)", "now()", &[Tool::Now]),
    (
        "an idempotent effect (emit)",
        "emit('done', 12)",
        &[Tool::Emit],
    ),
    (
        "an idempotent effect (remember)",
        "remember('last', 7)",
        &[Tool::Remember],
    ),
    ("a sleep", "sleep(0)", &[Tool::Sleep]),
    (
        "a signal that is waited for",
        "wait_for('go')",
        &[Tool::WaitFor],
    ),
    (
        "a call of an agent, its own run included",
        "call_agent('plain', {'n': 1})",
        &[Tool::CallAgent],
    ),
];

/// All kinds: a plain step by a call, one by a message, and by a message one with each effect.
pub(crate) async fn steps() -> Vec<Step> {
    let mut world = World::new();
    world.admit("plain", "", &[]).await;
    // So that what a process does once, such as fetching a key or a source, is done.
    world.admit("warm", "sleep(0)", &[Tool::Sleep]).await;
    world.by_message("warm").await;
    world.by_message("plain").await;
    let mut steps = vec![
        Step {
            kind: "a plain step, called",
            bill: world.by_call("plain").await,
        },
        Step {
            kind: "a plain step, by a message",
            bill: world.by_message("plain").await,
        },
        Step {
            kind: "a plain step, by a message that comes alone",
            bill: world.delivered(ALONE, "plain").await,
        },
    ];
    for (n, (kind, effect, tools)) in EFFECTS.into_iter().enumerate() {
        let name = format!("effect-{n}");
        world.admit(&name, effect, tools).await;
        world.by_message(&name).await;
        let bill = world.by_message(&name).await;
        steps.push(Step { kind, bill });
    }
    steps
}

/// The function over a fake AWS.
pub(crate) struct World {
    pub(crate) aws: FakeAws,
    pub(crate) sdk: SdkConfig,
    pub(crate) deps: Deps,
    pub(crate) journals: Journals,
    pub(crate) meter: Meter,
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn url(queue: &str) -> String {
    format!("https://sqs.us-east-1.amazonaws.com/1/{queue}")
}

impl World {
    pub(crate) fn new() -> Self {
        let aws = FakeAws::in_memory();
        // A snapshot carries its data key as KMS wraps it, in 184 bytes.
        aws.on("KMS.GenerateDataKey", |request| {
            Answer::json(&json!({
                "KeyId": request.json()["KeyId"],
                "Plaintext": format!("{}=", "A".repeat(43)),
                "CiphertextBlob": format!("{}==", "A".repeat(246)),
            }))
        });
        let sdk = aws.config();
        let journal = tdev_journal::Config {
            table: "platform".to_owned(),
            bucket: "artifacts".to_owned(),
            key: Some("key".to_owned()),
            step_queue_url: url("step"),
        };
        let config = Config {
            journal: journal.clone(),
            task_queue_url: url("task"),
            event_bus: "bus".to_owned(),
            dead_letter_queue_url: url("dead"),
            max_receives: 5.try_into().unwrap(),
            private_addresses: PrivateAddresses::Refused,
        };
        let worker = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_workflow-step"));
            command.arg(SANDBOX_WORKER);
            command
        };
        Self {
            deps: Deps::new(&sdk, &config, worker),
            journals: Journals::new(&sdk, &journal),
            aws,
            sdk,
            meter: Meter::new(),
        }
    }

    /// The requests since the last time.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let requests = self.aws.requests();
        self.aws.forget_requests();
        requests
    }

    /// Admits an agent that does `effect` and returns a small value.
    pub(crate) async fn admit(&mut self, name: &str, effect: &str, tools: &[Tool]) {
        let source = format!(
            "def get_capabilities():\n    return {{}}\n\n\ndef execute(input):\n    {effect}\n    \
             return {{'total': input['n'] * 2}}\n"
        );
        let source = Source::from_bytes(source.as_bytes()).unwrap();
        let artifact = Artifacts::new(&self.sdk, "artifacts").put(&source).await;
        let (now, draft) = (Timestamp::now(), ManifestDraft::default());
        let agent: AgentName = name.parse().unwrap();
        let mut registration =
            Registration::accept(tenant(), agent.clone(), artifact.unwrap(), 100, draft, now);
        let table = Table::new(&self.sdk, "platform");
        table.put_registration(&registration).await.unwrap();
        for state in [State::Analysing, State::Probing] {
            registration = registration.advance(state, "because", now).unwrap();
            table.put_registration(&registration).await.unwrap();
        }
        let version = AgentVersion {
            tenant: tenant(),
            version: Agent::next_version(None),
            kind: AgentKind::Code,
            artifact: registration.artifact.clone(),
            bytes: registration.bytes,
            manifest: Manifest {
                description: "Does something.".to_owned(),
                capabilities: vec!["do.something".parse().unwrap()],
                utterances: Vec::new(),
                examples: Vec::new(),
                input_schema: None,
                output_schema: None,
                tools: tools.iter().copied().collect::<BTreeSet<_>>(),
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
        table.admit(&active, &version, None).await.unwrap();
        self.meter.read(&self.requests()).unwrap();
    }

    /// Stores an invocation, as the gateway does.
    async fn accept(&mut self, agent: &str) -> (StepMessage, Bill) {
        let table = Table::new(&self.sdk, "platform");
        let agent = agent.parse().unwrap();
        let number = Agent::next_version(None);
        let version = table.version(&tenant(), &agent, number).await.unwrap();
        let callee = Callee::from(&version.unwrap());
        self.meter.read(&self.requests()).unwrap();
        let id = InvocationId::generate();
        let record = accept(
            id.clone(),
            tenant(),
            callee,
            json!({"n": 21}),
            Timestamp::now(),
        );
        let journal = self.journals.of(&tenant());
        journal
            .commit(&[InvocationChange::to(record)])
            .await
            .unwrap();
        let bill = self.meter.read(&self.requests()).unwrap();
        let message = StepMessage {
            tenant: tenant(),
            invocation: id,
        };
        (message, bill)
    }

    async fn by_call(&mut self, agent: &str) -> Bill {
        let (message, accepted) = self.accept(agent).await;
        let event = Event::Request(Box::new(StepRequest::Drive(message)));
        let Response::Request(response) = handle(&self.deps, event).await.unwrap() else {
            panic!("a call was answered as a batch");
        };
        let StepResponse::Drive {
            invocation: Some(record),
        } = *response
        else {
            panic!("not driven: {response:?}");
        };
        let output = json!({"total": 42});
        assert_eq!(record.status, InvocationStatus::Completed { output });
        let driven = self.meter.handled(CALLED, &self.requests()).unwrap();
        accepted.then(driven).then(look())
    }

    pub(crate) async fn by_message(&mut self, agent: &str) -> Bill {
        self.delivered(BY_MESSAGE, agent).await
    }

    /// Sends the message for a new invocation and delivers it, and all that follow from it.
    async fn delivered(&mut self, by: Function, agent: &str) -> Bill {
        let (first, accepted) = self.accept(agent).await;
        let invocation = first.invocation.clone();
        self.wake(invocation, Timestamp::now()).await;
        let (mut messages, sent) = self.sent();
        let mut bill = accepted.then(sent);
        loop {
            while let Some(message) = messages.pop_front() {
                self.deliver(&message).await;
                let requests = self.requests();
                messages.extend(messages_of(&requests));
                bill = bill.then(self.meter.handled(by, &requests).unwrap());
            }
            let record = self.journals.invocation(&tenant(), &first.invocation).await;
            self.requests();
            match record.unwrap().unwrap().status {
                InvocationStatus::Completed { .. } => return bill.then(look()),
                InvocationStatus::Suspended { .. } => {
                    self.signal(&first.invocation).await;
                    let (more, sent) = self.sent();
                    messages.extend(more);
                    bill = bill.then(sent);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The messages sent since the last time, and what all that was asked since comes to.
    pub(crate) fn sent(&mut self) -> (VecDeque<String>, Bill) {
        let requests = self.requests();
        let messages = messages_of(&requests).collect();
        (messages, self.meter.read(&requests).unwrap())
    }

    /// Sends the signal that an agent waits for, as the gateway does.
    async fn signal(&self, id: &InvocationId) {
        let (journal, now) = (self.journals.of(&tenant()), Timestamp::now());
        let wake = signal(id, None, "go", json!(true), &journal, now).await;
        let wake = wake.unwrap().expect("it was waited for");
        self.wake(wake.invocation, wake.at).await;
    }

    async fn wake(&self, invocation: InvocationId, at: Timestamp) {
        let wake = WakeUp { invocation, at };
        let woken = self.journals.wake(&tenant(), &wake, Timestamp::now()).await;
        woken.unwrap();
    }

    pub(crate) async fn deliver(&self, body: &str) {
        let event = json!({"Records": [{"messageId": "m-1", "body": body}]});
        let event: Event = serde_json::from_value(event).unwrap();
        match handle(&self.deps, event).await.unwrap() {
            Response::Messages(batch) => assert!(batch.batch_item_failures.is_empty()),
            Response::Request(response) => panic!("{response:?}"),
        }
    }
}

/// What the keeper, which is not run here, reads of an invocation that has ended: it looks at it
/// once, and remembers that there is nothing left to do for as long as its process lives.
fn look() -> Bill {
    let units = Units {
        reads: 0.5,
        ..Units::default()
    };
    let what = "the keeper's look at what has ended".to_owned();
    Bill {
        lines: vec![Line { what, units }],
    }
}

/// The messages that were sent to the queue of steps.
pub(crate) fn messages_of(requests: &[Request]) -> impl Iterator<Item = String> {
    requests
        .iter()
        .filter(|request| request.operation == "SQS.SendMessage")
        .map(|sent| sent.json()["MessageBody"].as_str().unwrap().to_owned())
}
