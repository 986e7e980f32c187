//! Event → batch of messages, or question → effects.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use tdev_aws::{Models, Queue, SdkConfig, Table};
use tdev_domain::{RouteRequest, RouteResponse, TaskMessage};
use tdev_journal::Journals;
use tdev_lambda::{Error, sqs};

use crate::decide::{Subject, decide};
use crate::event::{Answer, Event};
use crate::{Config, Tenants, batch};

/// How often a record is read and decided on anew, within one delivery, when another writer was
/// first.
pub(crate) const ATTEMPTS: u32 = 16;

/// For how long what is known of a tenant is not read again.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// What the handler works with.
#[derive(Debug)]
pub struct Deps {
    pub(crate) table: Table,
    pub(crate) tenants: Tenants,
    pub(crate) journals: Journals,
    pub(crate) task_queue: Queue,
    pub(crate) train_queue: Queue,
    pub(crate) dead_letters: Queue,
    max_receives: NonZeroU32,
}

impl Deps {
    /// Builds the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config) -> Self {
        let table = Table::new(sdk, &config.table);
        let models = Models::new(sdk, &config.artifacts_bucket);
        let journal = tdev_journal::Config {
            table: config.table,
            bucket: config.artifacts_bucket,
            key: None,
            step_queue_url: config.step_queue_url,
        };
        Self {
            tenants: Tenants::new(table.clone(), models, FRESH_FOR),
            table,
            journals: Journals::new(sdk, &journal),
            task_queue: Queue::new(sdk, config.task_queue_url),
            train_queue: Queue::new(sdk, config.train_queue_url),
            dead_letters: Queue::new(sdk, config.dead_letter_queue_url),
            max_receives: config.max_receives,
        }
    }
}

impl Deps {
    /// What is known of a tenant is read again when it is older than this, in place of two
    /// seconds.
    #[must_use]
    pub fn fresh_for(mut self, fresh_for: Duration) -> Self {
        self.tenants = self.tenants.fresh_for(fresh_for);
        self
    }
}

/// Does what the messages of a batch hint at, and says which of them shall come again; or answers
/// a question.
pub async fn handle(deps: &Deps, event: Event) -> Result<Answer, Error> {
    match event {
        Event::Batch(batch) => Ok(Answer::Batch(deps.work_off(batch).await)),
        Event::Request(request) => deps.answer(&request).await.map(Answer::Response),
    }
}

impl Deps {
    /// Works the messages off as one batch, and answers for each by itself.
    async fn work_off(&self, event: SqsEvent) -> SqsBatchResponse {
        let bodies = event.records.iter().map(|record| record.body.as_deref());
        let messages: Vec<TaskMessage> = bodies
            .filter_map(|body| serde_json::from_str(body.unwrap_or_default()).ok())
            .collect();
        let results = Mutex::new(VecDeque::from(batch::work_off(self, &messages).await));
        sqs::process(
            event,
            &self.dead_letters,
            self.max_receives,
            async |message: TaskMessage| {
                tdev_lambda::record_tenant(message.tenant());
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                let missing = || Err(Error::internal("a message was left out"));
                results.pop_front().unwrap_or_else(missing)
            },
        )
        .await
    }

    async fn answer(&self, request: &RouteRequest) -> Result<RouteResponse, Error> {
        let RouteRequest::Explain {
            tenant,
            text,
            input,
            capability,
        } = request;
        tdev_lambda::record_tenant(tenant);
        let view = self.tenants.view(tenant).await?;
        let subject = Subject {
            tenant,
            text,
            input,
            capability: capability.as_ref(),
            tried: &[],
            turn: 0,
        };
        let decision = decide(&subject, &view, Timestamp::now());
        Ok(RouteResponse {
            decision: serde_json::to_value(decision).map_err(Error::internal)?,
            model: view.model.as_ref().map(|model| model.meta.version),
        })
    }
}

#[cfg(test)]
mod tests;
