//! How a run ended.

use std::time::Duration;

use monty_types::MontyObject;
use serde_json::Value;
use tdev_domain::{AgentFailure, Limits};

use super::{Run, Step, micros};
use crate::memory::Panicked;
use crate::transcript::{Full, Transcript};
use crate::wrapper::{self, Layout};
use crate::{failure, json};

/// The end of a run whose last turn came to `result`.
pub(crate) fn ended(
    result: Result<Step<MontyObject>, Panicked>,
    run_time: Duration,
    transcript: Transcript,
    layout: &Layout,
    limits: &Limits,
) -> Run {
    let mut outcome = match result {
        Ok(Ok(Ok(object))) => returned(object),
        Ok(Ok(Err(error))) => Err(failure::raised(&error, layout, limits, run_time)),
        Ok(Err(why)) => Err(why),
        // Sorting panics when its comparison is interrupted.
        Err(Panicked) if run_time >= Duration::from_millis(limits.wall_time_ms.into()) => {
            Err(failure::timed_out(limits))
        }
        Err(Panicked) => Err(failure::interpreter(
            "the agent made the interpreter fail, as sorting does where the order is not consistent",
        )),
    };
    if transcript.is_full() {
        let line = outcome.err().and_then(|failure| failure.line);
        outcome = Err(AgentFailure {
            line,
            ..Full::failure()
        });
    }
    Run {
        outcome,
        run_us: micros(run_time),
        logs: transcript.into_lines(),
    }
}

/// What the wrapper returned for the function's result.
fn returned(object: MontyObject) -> Result<Value, AgentFailure> {
    let parts = match object {
        MontyObject::Tuple(parts) => <[MontyObject; 2]>::try_from(parts).ok(),
        _ => None,
    };
    match parts {
        Some([MontyObject::Int(wrapper::BOUNDED), value]) => json::output(value),
        Some([MontyObject::Int(wrapper::TOO_LARGE), _]) => Err(json::output_too_large()),
        Some([MontyObject::Int(wrapper::NOT_JSON), what]) => Err(json::not_json(&what.to_string())),
        _ => Err(failure::interpreter("the agent's result was not checked")),
    }
}
