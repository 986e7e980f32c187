//! What AWS would charge for the requests that a [`FakeAws`](crate::FakeAws) recorded.
//!
//! A [`Meter`] counts units as AWS bills them and [`Units::dollars`] prices them: list prices,
//! on demand, `us-east-1`, November 2026, without free tiers and discounts. What is stored, what
//! is logged and traced, and data leaving the region are not in it.
//!
//! | unit | price | how it is counted | AWS's page |
//! |---|---|---|---|
//! | DynamoDB write | $0.625 per million | 1 KB of the larger of the item before and after; twice in a transaction; and for each index 1 KB of what was put there, changed or removed | `aws.amazon.com/dynamodb/pricing/on-demand` |
//! | DynamoDB read | $0.125 per million | 4 KB, strongly consistent; half of it eventually consistent | the same |
//! | SQS request | $0.40 per million | 64 KB sent; receiving and deleting, once per batch | `aws.amazon.com/sqs/pricing` |
//! | S3 PUT | $5.00 per million | request | `aws.amazon.com/s3/pricing` |
//! | S3 GET | $0.40 per million | request; deleting is free | the same |
//! | KMS request | $3.00 per million | request | `aws.amazon.com/kms/pricing` |
//! | EventBridge event | $1.00 per million | 64 KB of an event put on a bus | `aws.amazon.com/eventbridge/pricing` |
//! | Lambda request | $0.20 per million | invocation, so once per batch | `aws.amazon.com/lambda/pricing` |
//! | Step Functions transition | $25.00 per million | state that is entered in a standard workflow; telling one of a task's end is free | `aws.amazon.com/step-functions/pricing` |
//! | Lambda GB-second | $13.3334 per million | memory × time, on arm64 | the same |
//!
//! Nothing here measures time. A handler is taken to need [`OWN_MS`] for itself and [`CALL_MS`]
//! for every call it makes, one after the other.

mod table;

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde_json::Value;

use crate::Request;
use table::Table;

/// How long a handler is taken to be busy with a message by itself, an agent's run included, in
/// milliseconds.
pub const OWN_MS: f64 = 2.0;
/// How long a handler is taken to wait for the answer to a call, in milliseconds.
pub const CALL_MS: f64 = 4.0;

/// What a DynamoDB write unit costs, in dollars per million; so do the others.
const WRITE: f64 = 0.625;
const READ: f64 = 0.125;
const SQS: f64 = 0.40;
const S3_PUT: f64 = 5.00;
const S3_GET: f64 = 0.40;
const KMS: f64 = 3.00;
const EVENT: f64 = 1.00;
const LAMBDA: f64 = 0.20;
const TRANSITION: f64 = 25.00;
const GB_SECOND: f64 = 13.333_4;

/// Billed units. A share of a request is what a message has of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// DynamoDB write request units.
    pub writes: f64,
    /// DynamoDB read request units.
    pub reads: f64,
    /// SQS requests.
    pub sqs: f64,
    /// S3 PUT requests.
    pub s3_puts: f64,
    /// S3 GET requests.
    pub s3_gets: f64,
    /// KMS requests.
    pub kms: f64,
    /// EventBridge events.
    pub events: f64,
    /// Lambda requests.
    pub lambda: f64,
    /// Step Functions state transitions.
    pub transitions: f64,
    /// Lambda memory over time.
    pub gb_seconds: f64,
}

impl Units {
    /// What a million of these cost, in dollars.
    #[must_use]
    pub fn dollars(&self) -> f64 {
        self.priced().iter().map(|(_, n, price)| n * price).sum()
    }

    fn priced(&self) -> [(&'static str, f64, f64); 10] {
        [
            ("DynamoDB writes", self.writes, WRITE),
            ("DynamoDB reads", self.reads, READ),
            ("SQS requests", self.sqs, SQS),
            ("S3 PUTs", self.s3_puts, S3_PUT),
            ("S3 GETs", self.s3_gets, S3_GET),
            ("KMS requests", self.kms, KMS),
            ("events", self.events, EVENT),
            ("Lambda requests", self.lambda, LAMBDA),
            ("state transitions", self.transitions, TRANSITION),
            ("GB-seconds", self.gb_seconds, GB_SECOND),
        ]
    }

    /// The share of one in `number`.
    #[must_use]
    pub fn shared_by(self, number: u32) -> Self {
        let share = 1.0 / f64::from(number);
        Self {
            writes: self.writes * share,
            reads: self.reads * share,
            sqs: self.sqs * share,
            s3_puts: self.s3_puts * share,
            s3_gets: self.s3_gets * share,
            kms: self.kms * share,
            events: self.events * share,
            lambda: self.lambda * share,
            transitions: self.transitions * share,
            gb_seconds: self.gb_seconds * share,
        }
    }

    fn write(writes: f64) -> Self {
        Self {
            writes,
            ..Self::default()
        }
    }

    fn read(reads: f64) -> Self {
        Self {
            reads,
            ..Self::default()
        }
    }
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
            sqs: self.sqs + other.sqs,
            s3_puts: self.s3_puts + other.s3_puts,
            s3_gets: self.s3_gets + other.s3_gets,
            kms: self.kms + other.kms,
            events: self.events + other.events,
            lambda: self.lambda + other.lambda,
            transitions: self.transitions + other.transitions,
            gb_seconds: self.gb_seconds + other.gb_seconds,
        }
    }
}

impl Sum for Units {
    fn sum<I: Iterator<Item = Self>>(units: I) -> Self {
        units.fold(Self::default(), Self::add)
    }
}

/// `3 DynamoDB writes, 1 SQS requests`.
impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = self.priced().into_iter().filter(|(_, n, _)| *n > 0.0);
        let text: Vec<String> = counted
            .map(|(name, n, _)| {
                let digits = format!("{n:.4}");
                let digits = digits.trim_end_matches('0').trim_end_matches('.');
                format!("{digits} {name}")
            })
            .collect();
        f.write_str(&text.join(", "))
    }
}

/// What one call, or one part of a transaction, comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What was asked for.
    pub what: String,
    /// What is billed for it.
    pub units: Units,
}

/// What something comes to, line by line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bill {
    /// The lines, in order.
    pub lines: Vec<Line>,
}

impl Bill {
    /// All units.
    #[must_use]
    pub fn total(&self) -> Units {
        self.lines.iter().map(|line| line.units).sum()
    }

    /// This and then `other`.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.lines.extend(other.lines);
        self
    }

    /// What one of `number` comes to that share this bill. Lines that ask for the same are one.
    #[must_use]
    pub fn shared_by(self, number: u32) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for line in self.lines {
            let units = line.units.shared_by(number);
            match lines.iter_mut().find(|known| known.what == line.what) {
                Some(known) => known.units = known.units + units,
                None => lines.push(Line { units, ..line }),
            }
        }
        Self { lines }
    }

    /// The lines that speak of `what`, and the rest.
    #[must_use]
    pub fn split(self, what: &str) -> (Self, Self) {
        let (of, rest) = self.lines.into_iter().partition(|l| l.what.contains(what));
        (Self { lines: of }, Self { lines: rest })
    }
}

impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { what, units } in &self.lines {
            writeln!(f, "  {:>8.3}  {what}: {units}", units.dollars())?;
        }
        let total = self.total();
        writeln!(f, "  {:>8.3}  in all: {total}", total.dollars())
    }
}

/// A function whose handler made the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its memory, in MB.
    pub memory_mb: u32,
    /// How it is called.
    pub called: Called,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// Directly, and answers.
    Directly,
    /// By a message from a queue, one of so many in a batch.
    ByMessage {
        /// How many.
        batch: u32,
    },
}

/// A request that has no price here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpriced(pub String);

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no price", self.0)
    }
}

impl std::error::Error for Unpriced {}

/// Counts what requests cost. It keeps what they store, since a write is billed by what it
/// replaces, and a read by what it finds: so it must be shown all requests of a fake, in order.
#[derive(Default)]
pub struct Meter(Table);

impl Meter {
    /// Of a fake that nothing was asked of yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What these requests come to.
    ///
    /// # Errors
    /// One of them has no price.
    pub fn read(&mut self, requests: &[Request]) -> Result<Bill, Unpriced> {
        let mut lines = Vec::new();
        for request in requests {
            lines.extend(self.lines(request)?);
        }
        Ok(Bill { lines })
    }

    /// What one message or call comes to whose handler made these requests: calling the function,
    /// its time, and the requests.
    ///
    /// # Errors
    /// One of them has no price.
    pub fn handled(&mut self, by: Function, requests: &[Request]) -> Result<Bill, Unpriced> {
        let (messages, share) = match by.called {
            Called::Directly => (None, 1),
            Called::ByMessage { batch } => (Some(batch), batch),
        };
        let calls = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        let milliseconds = OWN_MS + CALL_MS * f64::from(calls);
        let mut lines = called(by, messages, milliseconds, share);
        lines.extend(self.read(requests)?.lines);
        Ok(Bill { lines })
    }

    /// What a whole batch comes to whose handler made these requests: calling the function once,
    /// its time, and the requests. A function that is called directly handles batches of one.
    ///
    /// # Errors
    /// One of them has no price.
    pub fn handled_batch(&mut self, by: Function, requests: &[Request]) -> Result<Bill, Unpriced> {
        let (messages, number) = match by.called {
            Called::Directly => (None, 1),
            Called::ByMessage { batch } => (Some(batch), batch),
        };
        let calls = u32::try_from(requests.len()).unwrap_or(u32::MAX);
        let milliseconds = OWN_MS * f64::from(number) + CALL_MS * f64::from(calls);
        let mut lines = called(by, messages, milliseconds, 1);
        lines.extend(self.read(requests)?.lines);
        Ok(Bill { lines })
    }

    fn lines(&mut self, request: &Request) -> Result<Vec<Line>, Unpriced> {
        let body = request.json();
        let operation = request.operation.as_str();
        if let Some(operation) = operation.strip_prefix("DynamoDB.") {
            let lines = self.0.lines(operation, &body);
            return lines.ok_or_else(|| Unpriced(request.operation.clone()));
        }
        let mut units = Units::default();
        let mut what = operation.to_owned();
        match operation {
            "SQS.SendMessage" => {
                let text = body["MessageBody"].as_str().unwrap_or_default();
                units.sqs = chunks(text.len(), 64 * 1024);
                let url = body["QueueUrl"].as_str().unwrap_or_default();
                let queue = url.rsplit('/').next().unwrap_or_default();
                what = format!("SQS.SendMessage to {queue}");
            }
            "S3.PutObject" => units.s3_puts = 1.0,
            "S3.GetObject" | "S3.HeadBucket" => units.s3_gets = 1.0,
            "KMS.GenerateDataKey" | "KMS.Decrypt" => units.kms = 1.0,
            "Events.PutEvents" => {
                let entries = body["Entries"].as_array().into_iter().flatten();
                let size = |entry: &Value| chunks(entry.to_string().len(), 64 * 1024);
                units.events = entries.map(size).sum();
            }
            // A call of a function is billed where it is handled.
            // Telling a state machine is free: its transitions are billed where it makes them.
            "S3.DeleteObject"
            | "Lambda.Invoke"
            | "AWSStepFunctions.SendTaskSuccess"
            | "AWSStepFunctions.SendTaskFailure" => {}
            other => return Err(Unpriced(other.to_owned())),
        }
        Ok(vec![Line { what, units }])
    }
}

/// The lines of a function that was called, perhaps with so many messages, and took so long; where
/// `share` share the call, it is that of one.
fn called(by: Function, messages: Option<u32>, milliseconds: f64, share: u32) -> Vec<Line> {
    let Function {
        name, memory_mb, ..
    } = by;
    let share = 1.0 / f64::from(share);
    let mut lines = Vec::new();
    if let Some(messages) = messages {
        let what = format!("receive and delete, {messages} messages at a time");
        let sqs = 2.0 * share;
        let units = Units {
            sqs,
            ..Units::default()
        };
        lines.push(Line { what, units });
    }
    lines.push(Line {
        what: format!("{name}: {memory_mb} MB for {milliseconds} ms"),
        units: Units {
            lambda: share,
            gb_seconds: f64::from(memory_mb) / 1024.0 * milliseconds / 1_000.0,
            ..Units::default()
        },
    });
    lines
}

/// How many units of `unit` bytes so many bytes are, at least one.
fn chunks(bytes: usize, unit: usize) -> f64 {
    u32::try_from(bytes.div_ceil(unit).max(1)).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests;
