//! Everything that a run needs.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tdev_aws::SdkConfig;
use tdev_domain::{
    Effect, Invocation, InvocationChange, InvocationId, InvocationStatus, TenantId, Wait,
};
use tdev_invocation::{Error, Journal, Outcome, Replay, Waiter, WakeUp, accept, drive, replay};
use tdev_journal::{Config, Journals, TenantJournal};
use tdev_testing::FakeAws;

use crate::script::{Hands, Scripted, callee};

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub(crate) fn journals(config: &SdkConfig, key: Option<&str>) -> Journals {
    let places = Config {
        table: "state".to_owned(),
        bucket: "artifacts".to_owned(),
        key: key.map(str::to_owned),
        step_queue_url: "https://sqs.us-east-1.amazonaws.com/1/step".to_owned(),
    };
    Journals::new(config, &places)
}

/// A store, and workers.
pub(crate) struct Stage {
    pub(crate) aws: FakeAws,
    pub(crate) journals: Journals,
    pub(crate) hands: Hands,
}

impl Stage {
    /// Workers whose clients try everything once.
    pub(crate) fn new() -> Self {
        let aws = FakeAws::in_memory();
        let config = aws.config();
        Self::with(aws, &config)
    }

    /// Workers whose clients try again.
    pub(crate) fn retrying() -> Self {
        let aws = FakeAws::in_memory();
        let config = aws.retrying_config();
        Self::with(aws, &config)
    }

    fn with(aws: FakeAws, config: &SdkConfig) -> Self {
        let journals = journals(config, Some("key"));
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let hands = Hands::new(journals.of(&tenant()), now);
        Self {
            aws,
            journals,
            hands,
        }
    }

    pub(crate) fn journal(&self) -> TenantJournal {
        self.journals.of(&tenant())
    }

    /// Another process, which knows nothing, with this key.
    pub(crate) fn restart(&mut self, key: &str) {
        self.journals = journals(&self.aws.config(), Some(key));
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.hands.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) async fn accept(&self, input: Value) -> InvocationId {
        let id = InvocationId::generate();
        let record = accept(
            id.clone(),
            tenant(),
            callee("parent"),
            input,
            self.hands.now,
        );
        let change = InvocationChange::to(record);
        self.journal().commit(&[change]).await.unwrap();
        id
    }

    pub(crate) async fn drive(&self, id: &InvocationId) -> Result<Outcome, Error> {
        self.drive_until(id, Timestamp::MAX).await
    }

    /// Drives by a machine of its own, which knows nothing of an earlier one.
    pub(crate) async fn drive_until(
        &self,
        id: &InvocationId,
        yield_at: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut machine = Scripted::default();
        let driven = drive(id, &self.journal(), &self.hands, &mut machine, yield_at).await;
        driven.map(|delivery| delivery.outcome)
    }

    /// Drives `id` and all that it calls to the end, losing no time.
    pub(crate) async fn settle(&mut self, id: &InvocationId) -> Invocation {
        let mut next = vec![id.clone()];
        for _ in 0..100 {
            let Some(one) = next.pop() else {
                break;
            };
            match self.drive(&one).await {
                Ok(Outcome::Settled { waiter: None }) => {}
                Ok(
                    Outcome::Settled {
                        waiter: Some(Waiter::Invocation(wake)),
                    }
                    | Outcome::Yielded { wake },
                ) => next.push(self.follow(wake)),
                Ok(Outcome::Suspended { wakes }) => {
                    next.extend(wakes.into_iter().map(|wake| self.follow(wake)));
                }
                Ok(Outcome::NotClaimable { .. }) if self.record(id).await.status.is_final() => {
                    break;
                }
                // A lease is to end first, or a message was lost.
                Ok(_) | Err(_) => {
                    self.pass(60);
                    next = self.standing(id).await;
                }
            }
        }
        self.record(id).await
    }

    /// The invocations that `id` waits for, or itself.
    async fn standing(&self, id: &InvocationId) -> Vec<InvocationId> {
        match self.record(id).await.status {
            InvocationStatus::Suspended {
                wait: Wait::Child { invocation },
            } => vec![invocation],
            InvocationStatus::Suspended {
                wait: Wait::Children { invocations },
            } => invocations,
            _ => vec![id.clone()],
        }
    }

    fn follow(&mut self, wake: WakeUp) -> InvocationId {
        self.hands.now = self.hands.now.max(wake.at);
        wake.invocation
    }

    pub(crate) async fn record(&self, id: &InvocationId) -> Invocation {
        self.journal().load(id).await.unwrap().unwrap()
    }

    pub(crate) async fn ledger(&self, id: &InvocationId) -> Vec<Effect> {
        self.journal().ledger(id).await.unwrap()
    }

    /// The answers the run ended with. They and the ledger must tell the same.
    pub(crate) async fn output(&self, record: &Invocation) -> Value {
        let ledger = self.ledger(&record.id).await;
        let replayed = replay(record, &ledger, &mut Scripted::default()).await;
        assert_eq!(replayed.unwrap(), Replay::Identical);
        let InvocationStatus::Completed { output } = &record.status else {
            panic!("{:?}", record.status);
        };
        output.clone()
    }

    /// How many snapshots were stored as objects, and how many were removed.
    pub(crate) fn snapshots(&self) -> (usize, usize) {
        let count = |operation| {
            let requests = self.aws.requests_of(operation);
            let of = requests.iter().filter(|r| r.path.contains("/snapshots/"));
            of.count()
        };
        (count("S3.PutObject"), count("S3.DeleteObject"))
    }
}
