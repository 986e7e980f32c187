//! The error of every handler.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::Write;

use lambda_runtime::Diagnostic;
use tdev_domain::{ErrorName, IllegalTransition, Invalid};

type Source = Box<dyn StdError + Send + Sync>;

/// Why a handler failed: a name of the closed set, a message that may leave the platform, and the
/// source, which may not.
///
/// `Display` is the public message alone; [`Error::chain`] is what the log gets.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    name: ErrorName,
    message: Cow<'static, str>,
    #[source]
    source: Option<Source>,
}

impl Error {
    /// An error whose `message` the client may read.
    pub fn new(name: ErrorName, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            message: message.into(),
            source: None,
        }
    }

    /// An input that can never succeed; `message` says why.
    pub fn invalid_input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorName::InvalidInput, message)
    }

    /// A defect of the platform, or a failure it has no better name for.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::caused_by(ErrorName::Internal, source)
    }

    /// An error of which only the name may leave the platform; `source` goes to the log.
    pub fn caused_by(name: ErrorName, source: impl Into<Source>) -> Self {
        Self::new(name, public_message(name)).with_source(source)
    }

    /// The same error with the cause that the log shall show.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Its name in the closed set.
    #[must_use]
    pub const fn name(&self) -> ErrorName {
        self.name
    }

    /// What a client may read of it.
    #[must_use]
    pub fn public_message(&self) -> &str {
        &self.message
    }

    /// Whether the same request may succeed later without being changed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        self.name.is_retryable()
    }

    /// The error and all its causes in one line, for the log.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut chain = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = write!(chain, ": {error}");
            cause = error.source();
        }
        chain
    }
}

/// What a client is told of a failure that is not its own.
const fn public_message(name: ErrorName) -> &'static str {
    match name {
        ErrorName::Transient => {
            "a service the platform depends on did not answer in time; try again"
        }
        ErrorName::Conflict => "another change came first; read again and repeat",
        ErrorName::InvalidInput => "the input is not valid",
        ErrorName::Denied => "the platform lacks a right that this needs",
        ErrorName::BudgetExhausted => "a budget is spent",
        ErrorName::Internal => "an internal error; the request id finds it in the log",
    }
}

impl From<tdev_aws::Error> for Error {
    fn from(error: tdev_aws::Error) -> Self {
        Self::caused_by(error.name(), error)
    }
}

impl From<Invalid> for Error {
    fn from(error: Invalid) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<IllegalTransition> for Error {
    fn from(error: IllegalTransition) -> Self {
        Self::internal(error)
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.name.as_str().to_owned(),
            error_message: error.message.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_lambda_error_has_the_name_and_no_internal_text() {
        for name in ErrorName::ALL {
            let error = Error::caused_by(name, io::Error::other("host db-7.internal refused"));
            let chain = error.chain();
            let diagnostic = Diagnostic::from(error);
            assert_eq!(diagnostic.error_type, name.as_str());
            assert!(!diagnostic.error_message.contains("db-7"));
            assert_eq!(
                chain,
                format!("{}: host db-7.internal refused", diagnostic.error_message)
            );
        }
    }

    #[test]
    fn the_chain_goes_to_the_root() {
        #[derive(Debug, thiserror::Error)]
        #[error("reading the item")]
        struct Outer(#[source] io::Error);

        let error = Error::internal(Outer(io::Error::other("connection reset")));
        assert!(
            error
                .chain()
                .ends_with(": reading the item: connection reset"),
            "{}",
            error.chain()
        );
    }

    #[test]
    fn what_aws_reports_stays_in_the_log() {
        let error = Error::from(tdev_aws::Error::Conflict {
            operation: "store a registration",
            source: "ConditionalCheckFailedException".into(),
        });
        assert_eq!(error.name(), ErrorName::Conflict);
        assert_eq!(
            error.chain(),
            "another change came first; read again and repeat: \
             store a registration: another writer was first: ConditionalCheckFailedException"
        );
    }

    #[test]
    fn a_refused_value_is_the_clients_to_read() {
        let error = Error::from(Invalid::new("tenant", "a slug"));
        assert_eq!(error.name(), ErrorName::InvalidInput);
        assert_eq!(error.public_message(), "tenant: expected a slug");
    }
}
