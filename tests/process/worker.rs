//! The worker: the function's own binary, fed by a Lambda runtime API on loopback.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::http::{Request, Response, serve};

/// How long one delivery may take, the start of a process included.
const PATIENCE: Duration = Duration::from_mins(1);

/// What became of an event.
#[derive(Debug)]
pub enum Heard {
    /// The function answered.
    Answered(Value),
    /// The function failed.
    Failed(String),
    /// The process was killed over it.
    Killed,
    /// The process hangs over it.
    Stalled,
}

/// What was heard, and which process it is of.
type News = (u64, Heard);

/// The process, to be dealt with from where its requests arrive.
#[derive(Debug, Clone)]
pub struct Victim {
    processes: Arc<Mutex<Processes>>,
    news: Sender<News>,
}

#[derive(Debug, Default)]
struct Processes {
    /// Counts the starts.
    number: u64,
    current: Option<Child>,
    /// One that was left hanging.
    aside: Option<Child>,
}

impl Victim {
    /// Kills the process, and waits until it is gone.
    pub fn kill(&self) {
        let mut processes = self.processes();
        end(&mut processes.current);
        drop(self.news.send((processes.number, Heard::Killed)));
    }

    /// Leaves the process hanging; another one is to go on.
    pub fn stall(&self) {
        let mut processes = self.processes();
        processes.aside = processes.current.take();
        drop(self.news.send((processes.number, Heard::Stalled)));
    }

    fn processes(&self) -> MutexGuard<'_, Processes> {
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(process: &mut Option<Child>) {
    if let Some(mut process) = process.take() {
        // Either fails only for a process that has ended.
        drop(process.kill());
        drop(process.wait());
    }
}

/// A worker that is started when it is needed.
#[derive(Debug)]
pub struct Worker {
    program: PathBuf,
    variables: Vec<(&'static str, String)>,
    log: PathBuf,
    /// Where the process gets its events from.
    events: Option<Sender<String>>,
    news: Receiver<News>,
    /// The process that was left hanging has done with its event meanwhile.
    aside_is_done: bool,
    victim: Victim,
    delivered: u64,
}

impl Worker {
    /// A worker of the function `name` that runs `program`, not started yet. What it prints is added to `log`.
    pub fn new(name: &str, program: PathBuf, log: PathBuf) -> Self {
        let (tell, news) = channel();
        let victim = Victim {
            processes: Arc::default(),
            news: tell,
        };
        let variables = vec![
            ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
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
        Self {
            program,
            variables,
            log,
            events: None,
            news,
            aside_is_done: false,
            victim,
            delivered: 0,
        }
    }

    /// The process, to be dealt with from elsewhere.
    pub fn victim(&self) -> Victim {
        self.victim.clone()
    }

    /// Adds to the environment that the process starts with.
    pub fn configure(&mut self, variables: impl IntoIterator<Item = (&'static str, String)>) {
        self.variables.extend(variables);
    }

    /// Gives the function an event, and waits for what becomes of it.
    pub fn invoke(&mut self, event: &Value) -> Result<Heard> {
        self.start()?;
        if let Some(events) = &self.events {
            events.send(event.to_string())?;
        }
        let current = self.victim.processes().number;
        loop {
            let (process, heard) = self.hear()?;
            if process == current {
                return Ok(heard);
            }
            self.aside_is_done = true;
        }
    }

    /// Waits until the process that was left hanging, and is not any more, has done with its
    /// event, and ends it.
    pub fn dismiss(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.aside_is_done) {
            self.hear()?;
        }
        end(&mut self.victim.processes().aside);
        Ok(())
    }

    fn hear(&self) -> Result<News> {
        let news = self.news.recv_timeout(PATIENCE);
        news.with_context(|| format!("the worker does not answer; see {}", self.log.display()))
    }

    /// Gives the function a message of its queue, which was received `receives` times.
    pub fn deliver(&mut self, body: &str, receives: usize) -> Result<Heard> {
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
                let log = self.log.display();
                Ok(Heard::Failed(format!("{answer}; see {log}")))
            }
            heard => Ok(heard),
        }
    }

    fn start(&mut self) -> Result<()> {
        let mut processes = self.victim.processes();
        if let Some(running) = &mut processes.current {
            if let Some(status) = running.try_wait()? {
                let log = self.log.display();
                bail!("the worker ended by itself: {status}; see {log}");
            }
            return Ok(());
        }
        processes.number += 1;
        let (events, pending) = channel();
        let port = serve_runtime(processes.number, pending, self.victim.news.clone())?;
        self.events = Some(events);
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        let started = Command::new(&self.program)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        let started = started.with_context(|| format!("{} cannot run", self.program.display()))?;
        processes.current = Some(started);
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut processes = self.victim.processes();
        end(&mut processes.current);
        end(&mut processes.aside);
    }
}

/// Serves the runtime API to one process: hands out events one at a time, and passes on what became of each.
fn serve_runtime(process: u64, events: Receiver<String>, news: Sender<News>) -> Result<u16> {
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
        news.send((process, told)).ok()?;
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
