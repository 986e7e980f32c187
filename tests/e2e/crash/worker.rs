//! The worker: the function's own binary, fed by a Lambda runtime API on loopback.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::{Request, Response, serve};

/// How long one delivery may take, the start of a process included.
const PATIENCE: Duration = Duration::from_mins(1);

/// What became of an event.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The function answered.
    Answered(Value),
    /// The function failed.
    Failed(String),
    /// The process was killed over it.
    Killed,
}

/// The process, to be killed from where its requests arrive.
#[derive(Debug, Clone)]
pub(crate) struct Victim {
    process: Arc<Mutex<Option<Child>>>,
    heard: Sender<Heard>,
}

impl Victim {
    /// Kills the process, and waits until it is gone.
    pub(crate) fn kill(&self) {
        self.end();
        drop(self.heard.send(Heard::Killed));
    }

    fn end(&self) {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut process) = process.take() {
            // Either fails only for a process that has ended.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// A worker that is started when it is needed.
#[derive(Debug)]
pub(crate) struct Worker {
    program: PathBuf,
    variables: Vec<(&'static str, String)>,
    log: PathBuf,
    events: Sender<String>,
    heard: Receiver<Heard>,
    victim: Victim,
    delivered: u64,
}

impl Worker {
    /// A worker that runs `program`, not started yet. What it prints is added to `log`.
    pub(crate) fn new(program: PathBuf, log: PathBuf) -> Result<Self> {
        let (events, pending) = channel();
        let (tell, heard) = channel();
        let victim = Victim {
            process: Arc::default(),
            heard: tell.clone(),
        };
        let port = serve_runtime(pending, tell)?;
        let variables = vec![
            ("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}")),
            ("AWS_LAMBDA_FUNCTION_NAME", "workflow-step".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "crash".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "crash".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ];
        Ok(Self {
            program,
            variables,
            log,
            events,
            heard,
            victim,
            delivered: 0,
        })
    }

    /// What kills it.
    pub(crate) fn victim(&self) -> Victim {
        self.victim.clone()
    }

    /// Adds to the environment that the process starts with.
    pub(crate) fn configure(
        &mut self,
        variables: impl IntoIterator<Item = (&'static str, String)>,
    ) {
        self.variables.extend(variables);
    }

    /// Gives the function an event, and waits for what becomes of it.
    pub(crate) fn invoke(&mut self, event: &Value) -> Result<Heard> {
        self.start()?;
        self.events.send(event.to_string())?;
        self.heard.recv_timeout(PATIENCE).with_context(|| {
            let log = self.log.display();
            format!("the worker did not answer {event}; see {log}")
        })
    }

    /// Gives the function a message of its queue, which was received `receives` times.
    pub(crate) fn deliver(&mut self, body: &str, receives: usize) -> Result<Heard> {
        self.delivered += 1;
        let id = format!("message-{}", self.delivered);
        let heard = self.invoke(&json!({"Records": [{
            "messageId": id,
            "receiptHandle": id,
            "body": body,
            "attributes": {"ApproximateReceiveCount": receives.to_string()},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:step",
            "awsRegion": "us-east-1",
        }]}))?;
        match heard {
            Heard::Answered(answer) if answer["batchItemFailures"] != json!([]) => {
                Ok(Heard::Failed(answer.to_string()))
            }
            heard => Ok(heard),
        }
    }

    fn start(&self) -> Result<()> {
        let mut process = self
            .victim
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = process.as_mut() {
            if let Some(status) = running.try_wait()? {
                bail!(
                    "the worker ended by itself: {status}; see {}",
                    self.log.display()
                );
            }
            return Ok(());
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let started = Command::new(&self.program)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        *process =
            Some(started.with_context(|| format!("{} cannot be run", self.program.display()))?);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.victim.end();
    }
}

/// Serves the runtime API: hands out events one at a time, and passes on what became of each.
fn serve_runtime(events: Receiver<String>, heard: Sender<Heard>) -> Result<u16> {
    let events = Mutex::new(events);
    let port = serve(move |request| {
        let last = request.target.rsplit('/').next().unwrap_or_default();
        if last == "next" {
            let events = events.lock().unwrap_or_else(PoisonError::into_inner);
            return events.recv().ok().map(next);
        }
        let told = if last == "response" {
            Heard::Answered(serde_json::from_slice(&request.body).unwrap_or_default())
        } else {
            Heard::Failed(failure(&request))
        };
        heard.send(told).ok()?;
        Some(Response::of(202, "{}"))
    })?;
    Ok(port)
}

fn next(event: String) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + PATIENCE;
    let header = |name: &str, value: String| (format!("lambda-runtime-{name}"), value);
    Response {
        headers: vec![
            header(
                "aws-request-id",
                "00000000-0000-0000-0000-000000000000".to_owned(),
            ),
            header("deadline-ms", deadline.as_millis().to_string()),
            header(
                "invoked-function-arn",
                "arn:aws:lambda:us-east-1:000000000000:function:workflow-step".to_owned(),
            ),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        ..Response::of(200, event)
    }
}

fn failure(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{}: {body}", request.target)
}
