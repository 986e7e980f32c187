//! The thread that agents run on.
//!
//! One thread, because runs take turns anyway (memory is counted for the process as a whole), and
//! a thread of its own, because agents nest deeper than the runtime's stacks allow. It owns the
//! compiled agents, which cannot be shared between threads.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use tdev_lambda::Error;
use tdev_sandbox::{Programs, SANDBOX_STACK_BYTES};
use tokio::sync::oneshot;

/// How many compiled agents are kept. One holds some 50 KB.
const PROGRAMS: NonZeroUsize = NonZeroUsize::new(512).unwrap();

type Job = Box<dyn FnOnce(&Programs) + Send>;

/// A handle on the thread; the thread ends when the handle is dropped.
#[derive(Debug)]
pub(crate) struct SandboxThread {
    jobs: mpsc::Sender<Job>,
}

/// The job panicked.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox's thread gave no answer")]
struct NoAnswer;

impl SandboxThread {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("sandbox".to_owned())
            .stack_size(SANDBOX_STACK_BYTES)
            .spawn(move || {
                let programs = Programs::new(PROGRAMS);
                for job in queue {
                    // A job that panics has dropped its answer; the next one is served.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&programs)));
                }
            })?;
        Ok(Self { jobs })
    }

    /// Does `work` on the thread and waits for what comes of it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Programs) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |programs: &Programs| {
            // Nobody waits any more if the invocation was given up.
            let _ = answer.send(work(programs));
        });
        self.jobs.send(job).map_err(|_| Error::internal(NoAnswer))?;
        answered.await.map_err(|_| Error::internal(NoAnswer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_thread_outlives_a_job_that_panics() {
        let thread = SandboxThread::start().unwrap();
        assert!(thread.run(|_| -> u8 { panic!("a defect") }).await.is_err());
        assert_eq!(thread.run(|_| 7).await.unwrap(), 7);
    }
}
