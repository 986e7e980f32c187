//! A function's process: its start, and the loop that feeds its handler.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;
use tracing::field::Empty;

use crate::Error;
use crate::telemetry::{self, names};

/// Starts logging and metrics, then awaits `serve`: the whole of a function's `main`.
///
/// `serve` returns only when the function cannot start or go on; why is logged, and the process
/// ends as failed.
pub async fn start(serve: impl Future<Output = Result<(), lambda_runtime::Error>>) -> ExitCode {
    telemetry::init();
    match serve.boxed_local().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = Error::internal(error).chain();
            tracing::error!(error, "the function cannot go on");
            ExitCode::FAILURE
        }
    }
}

/// Runs `handler` on every invocation until Lambda stops the process.
///
/// The event is parsed here, so that one that is not a `T` fails as `InvalidInput`; a panic fails
/// as `Internal`. Each invocation has a span with its request id, the function's name and, once
/// the handler calls [`record_tenant`], the tenant; a failure is logged with its whole chain, and
/// metrics are written before the answer goes out.
///
/// # Panics
/// Outside Lambda, where the variables of its runtime are missing.
pub async fn run<T, R, F>(handler: F) -> Result<(), lambda_runtime::Error>
where
    T: DeserializeOwned,
    R: Serialize,
    F: AsyncFn(T) -> Result<R, Error>,
{
    let handler = &handler;
    let function = &telemetry::function_name();
    let service = service_fn(move |event: LambdaEvent<Value>| async move {
        telemetry::record_cold_start();
        let span = tracing::info_span!(
            "invocation",
            request_id = event.context.request_id,
            function,
            tenant = Empty
        );
        // Boxed, as the type of a handler that calls AWS nests deeper than the compiler goes.
        let answer = answer(handler, event.payload)
            .instrument(span)
            .boxed_local();
        let answer = answer.await;
        telemetry::flush_metrics();
        answer
    });
    Runtime::new(service).run().await
}

/// Names the tenant that the current invocation is for, in everything logged from now on.
pub fn record_tenant(tenant: &tdev_domain::TenantId) {
    tracing::Span::current().record("tenant", tenant.as_str());
}

async fn answer<T, R, F>(handler: &F, payload: Value) -> Result<R, Diagnostic>
where
    T: DeserializeOwned,
    F: AsyncFn(T) -> Result<R, Error>,
{
    let started = Instant::now();
    let result = match serde_json::from_value(payload) {
        Ok(event) => guarded(handler(event)).await,
        Err(error) => Err(Error::invalid_input(format!(
            "the event is not what this function takes: {error}"
        ))),
    };
    telemetry::record_latency(started.elapsed());
    result.map_err(|error| {
        let name = error.name().as_str();
        tracing::error!(
            error_name = name,
            error = error.chain(),
            "invocation failed"
        );
        metrics::counter!(names::INVOCATIONS_FAILED, telemetry::ERROR_NAME => name).increment(1);
        error.into()
    })
}

/// A handler's panic in the place of its error.
#[derive(Debug, thiserror::Error)]
#[error("panicked: {0}")]
struct Panicked(String);

/// Awaits `future`; a panic in it becomes an `Internal` error.
pub(crate) async fn guarded<R>(future: impl Future<Output = Result<R, Error>>) -> Result<R, Error> {
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(Error::internal(Panicked(panic_text(&*panic)))))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tdev_domain::ErrorName;

    use super::*;

    async fn double(number: u32) -> Result<u32, Error> {
        match number {
            0 => Err(Error::caused_by(
                ErrorName::Transient,
                std::io::Error::other("10.0.0.7 refused"),
            )),
            1 => panic!("one"),
            _ => Ok(number * 2),
        }
    }

    #[tokio::test]
    async fn a_handler_gets_its_event_parsed() {
        assert_eq!(answer(&double, json!(4)).await, Ok(8));
    }

    #[tokio::test]
    async fn every_failure_has_a_name_of_the_closed_set() {
        for (event, name) in [
            (json!("4"), ErrorName::InvalidInput),
            (json!(0), ErrorName::Transient),
            (json!(1), ErrorName::Internal),
        ] {
            let diagnostic = answer(&double, event).await.unwrap_err();
            assert_eq!(diagnostic.error_type, name.as_str());
            assert!(!diagnostic.error_message.contains("10.0.0.7"));
            assert!(!diagnostic.error_message.contains("one"));
        }
    }

    #[tokio::test]
    async fn a_panic_keeps_its_text_for_the_log() {
        let chain = guarded(double(1)).await.unwrap_err().chain();
        assert!(chain.ends_with(": panicked: one"), "{chain}");
    }
}
