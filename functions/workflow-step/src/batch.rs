//! Batches of messages, of which one at a time is seen to.
//!
//! The interpreter has room for one run, and most runs are over at once: a batch of them costs one
//! receipt. But one that takes long is not to hold up those behind it. What has not been begun
//! within [`PATIENCE`] is sent again at once, to be another worker's, while the run goes on. What is
//! sent again has not failed, so it is a message of its own whose receives are counted from one;
//! what cannot be sent again comes again by itself, as what failed does.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use tdev_domain::WakeMessage;
use tdev_lambda::sqs;
use tokio::time::sleep;

use crate::handler::Deps;
use crate::{invocation, run};

/// How long after a batch arrived the last of it may be begun.
const PATIENCE: Duration = Duration::from_millis(500);

/// Sees to the messages of a batch. Returns those that shall come again.
pub(crate) async fn handle(deps: &Deps, batch: SqsEvent) -> SqsBatchResponse {
    let parts = in_turn(
        batch.records,
        sleep(PATIENCE),
        async |message| {
            let mut one = SqsEvent::default();
            one.records.push(message);
            let advance = async |message: WakeMessage| match message {
                WakeMessage::Invocation(message) => {
                    invocation::advance(deps, &message).await.map(drop)
                }
                WakeMessage::Run(message) => run::advance(deps, &message).await,
            };
            // Boxed, since what awaits AWS is large.
            Box::pin(sqs::process(
                one,
                &deps.dead_letters,
                deps.max_receives,
                advance,
            ))
            .await
        },
        async |rest| Box::pin(send_again(deps, rest)).await,
    );
    let mut response = SqsBatchResponse::default();
    for part in parts.await {
        response
            .batch_item_failures
            .extend(part.batch_item_failures);
    }
    response
}

async fn send_again(deps: &Deps, messages: Vec<SqsMessage>) -> SqsBatchResponse {
    tracing::info!(messages = messages.len(), "left to other workers");
    let mut response = SqsBatchResponse::default();
    for message in messages {
        let body = message.body.as_deref().unwrap_or_default();
        if let Err(error) = deps.steps.send_raw(body, &[]).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "a message was not sent again");
            response.add_failure(message.message_id.unwrap_or_default());
        }
    }
    response
}

/// Sees to `items` one after the other, the first at least. Once `patience` is over, those that were
/// not begun are given back, while the one that was goes on. Returns what all of that came to.
async fn in_turn<T, R>(
    items: Vec<T>,
    patience: impl Future<Output = ()>,
    see_to: impl AsyncFn(T) -> R,
    give_back: impl AsyncFn(Vec<T>) -> R,
) -> Vec<R> {
    let waiting = Mutex::new(VecDeque::from(items));
    let next = || lock(&waiting).pop_front();
    let work = async {
        let mut results = Vec::new();
        while let Some(item) = next() {
            results.push(see_to(item).await);
        }
        results
    };
    let mut work = pin!(work);
    tokio::select! {
        biased;
        results = &mut work => return results,
        () = patience => {}
    }
    let rest = Vec::from(std::mem::take(&mut *lock(&waiting)));
    if rest.is_empty() {
        return work.await;
    }
    let (mut results, returned) = tokio::join!(work, give_back(rest));
    results.push(returned);
    results
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::{Notify, oneshot};

    use super::*;

    #[tokio::test]
    async fn what_is_soon_over_is_done_in_order() {
        let begun = Mutex::new(Vec::new());
        let done = in_turn(
            vec![1, 2, 3],
            pending(),
            async |n| {
                lock(&begun).push(n);
                n * 10
            },
            async |_| panic!("given back"),
        );
        assert_eq!(done.await, [10, 20, 30]);
        assert_eq!(*lock(&begun), [1, 2, 3]);
    }

    #[tokio::test]
    async fn what_would_wait_for_long_is_given_back_while_the_first_goes_on() {
        let (over, patience) = oneshot::channel();
        let given = Notify::new();
        let done = in_turn(
            vec![1, 2, 3],
            async {
                patience.await.unwrap();
            },
            async |n| {
                assert_eq!(n, 1, "{n} was begun");
                // It ends only after the others were given back.
                given.notified().await;
                vec![n]
            },
            async |rest| {
                given.notify_one();
                rest
            },
        );
        over.send(()).unwrap();
        assert_eq!(done.await, [vec![1], vec![2, 3]]);
    }

    #[tokio::test]
    async fn the_first_is_begun_whatever_the_patience() {
        let done = in_turn(vec![1], ready(()), async |n| n, async |_| 0);
        assert_eq!(done.await, [1]);
        let done = in_turn(
            vec![1, 2],
            ready(()),
            async |n| {
                tokio::task::yield_now().await;
                vec![n]
            },
            async |rest| rest,
        );
        assert_eq!(done.await, [vec![1], vec![2]]);
    }
}
