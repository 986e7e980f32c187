//! Asking another function, where the client waits for the answer.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tdev_aws::Function;
use tokio::time::timeout;

use crate::problem::{Problem, ProblemType};

/// How long the callee may take, a cold start included; API Gateway gives up at 30 seconds.
const PATIENCE: Duration = Duration::from_secs(25);

/// What `function` answers to a request that changes nothing.
pub(crate) async fn ask<Req, Resp>(function: &Function, request: &Req) -> Result<Resp, Problem>
where
    Req: Serialize + Sync,
    Resp: DeserializeOwned,
{
    match timeout(PATIENCE, function.invoke(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error @ tdev_aws::Error::CalleeDied { .. })) => {
            tracing::error!(%error, "the worker died");
            Err(Problem::new(
                ProblemType::WorkerDied,
                "The worker ended before it answered.",
            ))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Problem::new(
            ProblemType::WorkerTimedOut,
            format!(
                "The worker did not answer within {} seconds.",
                PATIENCE.as_secs()
            ),
        )),
    }
}
