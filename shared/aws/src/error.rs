//! What can go wrong between the platform and AWS, by what can be done about it.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tdev_domain::{ErrorName, Invalid};

/// The underlying error, whatever crate it came from.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed. `operation` is what was attempted, in words.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Throttled, failing or out of reach: the same request may succeed later.
    #[error("{operation}: the service is throttling, failing or out of reach")]
    Transient {
        /// What was attempted.
        operation: &'static str,
        /// What the SDK reported.
        source: BoxError,
    },
    /// What is stored is not what the write was conditional on.
    #[error("{operation}: another writer was first")]
    Conflict {
        /// What was attempted.
        operation: &'static str,
        /// What the SDK reported.
        source: BoxError,
    },
    /// The table, bucket, queue or function itself does not exist: a fault of deployment. That an
    /// item or object does not exist is never an error.
    #[error("{operation}: the table, bucket, queue or function does not exist")]
    NotFound {
        /// What was attempted.
        operation: &'static str,
        /// What the SDK reported.
        source: BoxError,
    },
    /// The process lacks a right, or its credentials are not valid.
    #[error("{operation}: access was denied")]
    Denied {
        /// What was attempted.
        operation: &'static str,
        /// What the SDK reported.
        source: BoxError,
    },
    /// The service, or the SDK before it, refuses the request and always will.
    #[error("{operation}: the request was refused")]
    Rejected {
        /// What was attempted.
        operation: &'static str,
        /// What the SDK reported.
        source: BoxError,
    },
    /// The item would be larger than DynamoDB stores.
    #[error("{operation}: the item has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// What was attempted.
        operation: &'static str,
        /// The item's size, in bytes.
        bytes: usize,
        /// The largest size, in bytes.
        limit: usize,
    },
    /// The place to continue a listing from is not one that a listing gave out.
    #[error("{operation}: the place to continue from is malformed")]
    Cursor {
        /// What was attempted.
        operation: &'static str,
        /// What was expected.
        source: Invalid,
    },
    /// What was read is not what was once written: it does not parse, or its digest is wrong.
    #[error("{operation}: what was read is corrupt")]
    Corrupt {
        /// What was attempted.
        operation: &'static str,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The function that was invoked reported an error.
    #[error("{operation}: the function reported {name}: {message}")]
    Callee {
        /// What was attempted.
        operation: &'static str,
        /// The error's name; `Internal` if the function used a name outside the closed set.
        name: ErrorName,
        /// Its message, for the log.
        message: String,
    },
    /// The function that was invoked was killed or ran out of time before it could answer.
    #[error("{operation}: the function died: {message}")]
    CalleeDied {
        /// What was attempted.
        operation: &'static str,
        /// What Lambda says of it, for the log.
        message: String,
    },
}

impl Error {
    /// The error's name in the closed set, by which it is decided whether to try again.
    #[must_use]
    pub fn name(&self) -> ErrorName {
        match self {
            Self::Transient { .. } => ErrorName::Transient,
            Self::Conflict { .. } => ErrorName::Conflict,
            Self::Denied { .. } => ErrorName::Denied,
            Self::TooLarge { .. } | Self::Cursor { .. } => ErrorName::InvalidInput,
            Self::Callee { name, .. } => *name,
            Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::Corrupt { .. }
            | Self::CalleeDied { .. } => ErrorName::Internal,
        }
    }

    /// What was attempted, in words.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Transient { operation, .. }
            | Self::Conflict { operation, .. }
            | Self::NotFound { operation, .. }
            | Self::Denied { operation, .. }
            | Self::Rejected { operation, .. }
            | Self::TooLarge { operation, .. }
            | Self::Cursor { operation, .. }
            | Self::Corrupt { operation, .. }
            | Self::Callee { operation, .. }
            | Self::CalleeDied { operation, .. } => operation,
        }
    }

    pub(crate) fn corrupt(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Corrupt {
            operation,
            source: source.into(),
        }
    }

    pub(crate) fn rejected(operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Rejected {
            operation,
            source: source.into(),
        }
    }

    /// Classifies what an SDK client reported.
    pub(crate) fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let class = classify(&error);
        class.error(operation, error.into())
    }
}

/// What can be done about a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Transient,
    Conflict,
    NotFound,
    Denied,
    Rejected,
}

impl Class {
    pub(crate) fn error(self, operation: &'static str, source: BoxError) -> Error {
        match self {
            Self::Transient => Error::Transient { operation, source },
            Self::Conflict => Error::Conflict { operation, source },
            Self::NotFound => Error::NotFound { operation, source },
            Self::Denied => Error::Denied { operation, source },
            Self::Rejected => Error::Rejected { operation, source },
        }
    }
}

fn classify<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Class {
    match error {
        SdkError::ConstructionFailure(_) => Class::Rejected,
        SdkError::DispatchFailure(failure) if failure.is_user() => Class::Rejected,
        SdkError::ServiceError(context) => classify_response(
            context.err().code().unwrap_or_default(),
            context.raw().status().as_u16(),
        ),
        // Timed out, not connected, or answered by something that does not speak the protocol.
        _ => Class::Transient,
    }
}

/// The code decides where it is known, else the HTTP status.
fn classify_response(code: &str, status: u16) -> Class {
    match code {
        "ConditionalCheckFailedException"
        | "TransactionConflictException"
        | "PreconditionFailed"
        | "ResourceExistsException" => Class::Conflict,
        // S3's way of saying that two conditional writes of one key met; the loser may well be
        // the first to finish when it tries again.
        "ConditionalRequestConflict"
        | "ProvisionedThroughputExceededException"
        | "TransactionInProgressException"
        | "ExecutionLimitExceeded"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestTimeout"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => Class::Transient,
        "ResourceNotFoundException"
        | "QueueDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "NoSuchBucket"
        | "StateMachineDeleting"
        | "StateMachineDoesNotExist" => Class::NotFound,
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "KMSAccessDeniedException"
        | "KmsAccessDenied"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Class::Denied,
        _ => match status {
            401 | 403 => Class::Denied,
            404 => Class::NotFound,
            412 => Class::Conflict,
            408 | 429 | 500.. => Class::Transient,
            _ => Class::Rejected,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use aws_sdk_dynamodb::error::ConnectorError;
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn service(code: &str, status: u16) -> SdkError<GetItemError, HttpResponse> {
        let metadata = ErrorMetadata::builder().code(code).message("why").build();
        SdkError::service_error(
            GetItemError::generic(metadata),
            HttpResponse::new(status.try_into().unwrap(), SdkBody::empty()),
        )
    }

    #[test]
    fn what_a_service_reports_is_classified() {
        for (code, status, class) in [
            ("ConditionalCheckFailedException", 400, Class::Conflict),
            ("TransactionConflictException", 400, Class::Conflict),
            ("PreconditionFailed", 412, Class::Conflict),
            ("", 412, Class::Conflict),
            ("ThrottlingException", 400, Class::Transient),
            (
                "ProvisionedThroughputExceededException",
                400,
                Class::Transient,
            ),
            ("TransactionInProgressException", 400, Class::Transient),
            ("ConditionalRequestConflict", 409, Class::Transient),
            ("TooManyRequestsException", 429, Class::Transient),
            ("SlowDown", 503, Class::Transient),
            ("InternalServerError", 500, Class::Transient),
            ("", 429, Class::Transient),
            ("ResourceNotFoundException", 400, Class::NotFound),
            ("NoSuchBucket", 404, Class::NotFound),
            ("AccessDeniedException", 400, Class::Denied),
            ("AccessDenied", 403, Class::Denied),
            ("UnrecognizedClientException", 400, Class::Denied),
            ("", 403, Class::Denied),
            ("ValidationException", 400, Class::Rejected),
            ("IdempotentParameterMismatchException", 400, Class::Rejected),
            ("", 400, Class::Rejected),
        ] {
            assert_eq!(classify(&service(code, status)), class, "{code} {status}");
        }
    }

    #[test]
    fn what_never_reached_a_service_is_classified() {
        let cases: [(SdkError<GetItemError, HttpResponse>, Class); 5] = [
            (SdkError::timeout_error("too slow"), Class::Transient),
            (
                SdkError::dispatch_failure(ConnectorError::io("reset".into())),
                Class::Transient,
            ),
            (
                SdkError::dispatch_failure(ConnectorError::user("no such scheme".into())),
                Class::Rejected,
            ),
            (
                SdkError::response_error(
                    "not JSON",
                    HttpResponse::new(200.try_into().unwrap(), SdkBody::empty()),
                ),
                Class::Transient,
            ),
            (SdkError::construction_failure("no key"), Class::Rejected),
        ];
        for (error, class) in cases {
            assert_eq!(classify(&error), class, "{error:?}");
        }
    }

    #[test]
    fn each_class_has_its_name() {
        for (class, name) in [
            (Class::Transient, ErrorName::Transient),
            (Class::Conflict, ErrorName::Conflict),
            (Class::NotFound, ErrorName::Internal),
            (Class::Denied, ErrorName::Denied),
            (Class::Rejected, ErrorName::Internal),
        ] {
            assert_eq!(class.error("test", "why".into()).name(), name);
        }
    }

    #[test]
    fn an_error_says_what_was_attempted_and_leaves_its_cause_to_the_source() {
        let cause = io::Error::other("the cause");
        let error = Class::Transient.error("read an agent", cause.into());
        assert_eq!(error.operation(), "read an agent");
        let shown = error.to_string();
        assert!(shown.starts_with("read an agent: "), "{shown}");
        assert!(!shown.contains("the cause"), "{shown}");
        assert_eq!(error.source().unwrap().to_string(), "the cause");
    }
}
