//! What a function logs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// Everything, but for the SDK's own copies of what AWS answers, which a function logs at no level.
const EVERYTHING: &str = "trace,aws_smithy_runtime=debug";

/// All that is logged in this process from now on, by whatever thread.
#[derive(Debug, Clone, Default)]
pub struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    /// Begins to listen.
    ///
    /// # Panics
    ///
    /// If somebody listens already: one test of a process can.
    #[must_use]
    pub fn begin() -> Self {
        let logged = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_env_filter(EVERYTHING)
            .with_writer(logged.clone())
            .finish();
        let set = tracing::subscriber::set_global_default(subscriber);
        assert!(set.is_ok(), "one test of a process listens to its log");
        logged
    }

    /// What was logged so far, as lines of JSON.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
