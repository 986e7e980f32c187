//! What stands between workers and the local AWS: it passes everything on, and remembers it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use serde_json::Value;
use tdev_domain::TaskId;
use tdev_tests::process::{Request, Response, Upstream, serve};

/// Calls by what they do to what: `PutItem TASKS`.
pub(crate) type Bill = BTreeMap<String, usize>;

/// A call that was answered.
#[derive(Debug)]
struct Call {
    operation: String,
    /// What kind of record it is about, by its key.
    kind: String,
    request: Value,
    answer: Value,
    succeeded: bool,
}

/// The calls that were made and have not been collected, in the order of their answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<Vec<Call>>>);

/// Calls that were collected.
#[derive(Debug)]
pub(crate) struct Calls(Vec<Call>);

impl Watch {
    /// Takes what was called since the last time.
    pub(crate) fn collect(&self) -> Calls {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Calls(std::mem::take(&mut calls))
    }

    /// Starts a proxy to the AWS at `endpoint`, and returns its port.
    pub(crate) fn start(&self, endpoint: &str) -> Result<u16> {
        let (upstream, calls) = (Upstream::new(endpoint), Arc::clone(&self.0));
        Ok(serve(move |request| {
            let response = upstream.forward(&request).ok()?;
            let call = Call::of(&request, &response);
            let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.push(call);
            Some(response)
        })?)
    }
}

impl Call {
    fn of(request: &Request, response: &Response) -> Self {
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let target = request.header("x-amz-target");
        let operation = target.rsplit('.').next().unwrap_or_default();
        let asked = json(&request.body);
        Self {
            operation: operation.to_owned(),
            kind: kind(&asked),
            request: asked,
            answer: json(&response.body),
            succeeded: response.status == 200,
        }
    }

    /// The task that became `running` by it.
    fn taken(&self) -> Option<TaskId> {
        let item = &self.request["Item"];
        let taken = self.operation == "PutItem"
            && self.succeeded
            && self.kind == "TASKS"
            && item["status"]["S"] == "running";
        item["SK"]["S"].as_str().filter(|_| taken)?.parse().ok()
    }
}

impl Calls {
    /// The tasks that became `running`, in order.
    pub(crate) fn taken(&self) -> Vec<TaskId> {
        self.0.iter().filter_map(Call::taken).collect()
    }

    /// How many records of this kind were put.
    pub(crate) fn put(&self, kind: &str) -> usize {
        let is_put = |call: &&Call| call.operation == "PutItem" && call.kind == kind;
        let puts = self.0.iter().filter(is_put);
        puts.filter(|call| call.succeeded).count()
    }

    /// How many conditional writes found that another was first.
    pub(crate) fn refused(&self) -> usize {
        self.0.iter().filter(|call| !call.succeeded).count()
    }

    /// What one worker's delivery comes to whose tasks went to so many agents, each agent's load
    /// counted once. What is known of tenants is left out: it is read again every two seconds.
    pub(crate) fn bill(&self, agents: usize) -> Result<Bill> {
        let mut bill = Bill::new();
        for call in &self.0 {
            ensure!(call.succeeded, "{call:?}");
            let name = match (&*call.operation, &*call.kind) {
                ("Query", "agenda") => {
                    let items = call.answer["Items"].as_array().map_or(0, Vec::len);
                    *bill.entry("  places it returns".to_owned()).or_default() += items;
                    "Query queue".to_owned()
                }
                ("Query", _) | ("GetItem", "ROUTING" | "ROUTER" | "AGENT") => continue,
                (operation, "") => operation.to_owned(),
                (operation, kind) => format!("{operation} {kind}"),
            };
            *bill.entry(name).or_default() += 1;
        }
        for (_, calls) in bill.iter_mut().filter(|(name, _)| name.ends_with("LOADS")) {
            ensure!(*calls == agents, "{calls} calls for {agents} loads");
            *calls = 1;
        }
        Ok(bill)
    }
}

/// The kind of record that a request is about: `TASKS` of `TENANT#acme#TASKS`; or the index that
/// it reads; or nothing.
fn kind(request: &Value) -> String {
    if let Some(index) = request["IndexName"].as_str() {
        return index.to_owned();
    }
    let key = [&request["Item"], &request["Key"]]
        .into_iter()
        .find_map(|item| item["PK"]["S"].as_str());
    let kind = key.and_then(|key| key.split('#').nth(2));
    kind.unwrap_or_default().to_owned()
}
