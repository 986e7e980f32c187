//! The fake itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use tdev_aws::SdkConfig;

use crate::memory::Memory;
use crate::{Request, Response};

/// AWS, for tests and benchmarks: answers the SDK's requests in its own process.
///
/// Clones share answers, state and recorded requests.
#[derive(Clone)]
pub struct FakeAws(Arc<Shared>);

type Answer = Arc<dyn Fn(&Request) -> Response + Send + Sync>;
type Intercept = Arc<dyn Fn(&Request) -> Option<Response> + Send + Sync>;

struct Shared {
    intercept: Mutex<Option<Intercept>>,
    answers: Mutex<HashMap<String, Answer>>,
    memory: Option<Mutex<Memory>>,
    requests: Mutex<Vec<Request>>,
    /// How many answers to an operation are still to be lost.
    lost: Mutex<HashMap<String, u32>>,
}

impl FakeAws {
    /// A fake that answers only what it is told to by [`FakeAws::on`], and everything else with
    /// an error that says so.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "a default would hide which kind it is"
    )]
    pub fn new() -> Self {
        Self::with(None)
    }

    /// A fake that also has tables (keyed by `PK` and `SK`, with the indexes `agenda` and
    /// `listing`), buckets, queues, buses, keys and secrets of any name, empty at first: they keep
    /// what is put, heed conditions and page their listings.
    ///
    /// It knows what the wrappers of `tdev-aws` use, no more; nothing ever expires in it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::with(Some(Mutex::default()))
    }

    fn with(memory: Option<Mutex<Memory>>) -> Self {
        Self(Arc::new(Shared {
            intercept: Mutex::default(),
            answers: Mutex::default(),
            memory,
            requests: Mutex::default(),
            lost: Mutex::default(),
        }))
    }

    /// From now on answers `operation` (see [`Request::operation`]) with what `answer` returns,
    /// in place of any answer it had.
    pub fn on(
        &self,
        operation: &str,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> &Self {
        lock(&self.0.answers).insert(operation.to_owned(), Arc::new(answer));
        self
    }

    /// Takes back what [`FakeAws::on`] set for `operation`.
    pub fn restore(&self, operation: &str) -> &Self {
        lock(&self.0.answers).remove(operation);
        self
    }

    /// From now on shows every request to `intercept` before it is answered. It may answer in
    /// place of the fake, or ask the fake for other things meanwhile: such requests are shown to
    /// it, too.
    pub fn intercept(
        &self,
        intercept: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    ) -> &Self {
        *lock(&self.0.intercept) = Some(Arc::new(intercept));
        self
    }

    /// Takes back what [`FakeAws::intercept`] set.
    pub fn let_pass(&self) -> &Self {
        *lock(&self.0.intercept) = None;
        self
    }

    /// Loses the next `count` answers to `operation`: what is asked is done, but nobody learns of
    /// it.
    pub fn lose_answers(&self, operation: &str, count: u32) -> &Self {
        lock(&self.0.lost).insert(operation.to_owned(), count);
        self
    }

    /// A configuration whose clients talk to this fake. They attempt everything once, so that a
    /// failure is not retried and no test waits.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        self.config_with(RetryConfig::disabled())
    }

    /// The same, but as in production every operation is attempted up to three times, with next
    /// to no pause.
    #[must_use]
    pub fn retrying_config(&self) -> SdkConfig {
        let pause = Duration::from_millis(1);
        self.config_with(RetryConfig::standard().with_initial_backoff(pause))
    }

    fn config_with(&self, retries: RetryConfig) -> SdkConfig {
        let shared = Arc::clone(&self.0);
        let client = infallible_client_fn(move |request| shared.answer(request).map(SdkBody::from));
        let credentials = Credentials::new("test", "test", None, None, "fake");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(retries)
            .http_client(client)
            .build()
    }

    /// All requests so far, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.0.requests).clone()
    }

    /// The requests for one operation, in the order of their arrival.
    #[must_use]
    pub fn requests_of(&self, operation: &str) -> Vec<Request> {
        let requests = lock(&self.0.requests);
        let of = requests.iter().filter(|r| r.operation == operation);
        of.cloned().collect()
    }

    /// Forgets the requests so far; a benchmark does so between runs.
    pub fn forget_requests(&self) {
        lock(&self.0.requests).clear();
    }
}

impl Shared {
    fn answer(&self, request: http::Request<SdkBody>) -> http::Response<Vec<u8>> {
        let (parts, body) = request.into_parts();
        let request = Request {
            operation: operation(&parts),
            host: parts.uri.host().unwrap_or_default().to_owned(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body: body.bytes().unwrap_or_default().to_vec(),
        };
        let intercept = lock(&self.intercept).clone();
        let intercepted = intercept.and_then(|intercept| intercept(&request));
        let answer = lock(&self.answers).get(&request.operation).cloned();
        let response = match (
            intercepted.or_else(|| Some(answer?(&request))),
            &self.memory,
        ) {
            (Some(response), _) => response,
            (None, Some(memory)) => lock(memory)
                .answer(&request)
                .unwrap_or_else(|| unanswered(&request)),
            (None, None) => unanswered(&request),
        };
        let response = if self.loses(&request.operation) {
            Response::error(500, "InternalServerError", "the answer was lost")
        } else {
            response
        };
        let response = response.render(&request.operation);
        lock(&self.requests).push(request);
        response
    }

    fn loses(&self, operation: &str) -> bool {
        let mut lost = lock(&self.lost);
        let left = lost.get_mut(operation).filter(|left| **left > 0);
        left.is_some_and(|left| {
            *left -= 1;
            true
        })
    }
}

fn unanswered(request: &Request) -> Response {
    let message = format!("the fake was given no answer for {}", request.operation);
    Response::error(400, "Unanswered", &message)
}

/// Service and operation, from the header that names them or else from method and path.
fn operation(request: &http::request::Parts) -> String {
    let target = request.headers.get("x-amz-target");
    if let Some((service, operation)) = target
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.split_once('.'))
    {
        let service = match service {
            "DynamoDB_20120810" => "DynamoDB",
            "AmazonSQS" => "SQS",
            "secretsmanager" => "SecretsManager",
            "TrentService" => "KMS",
            "AWSEvents" => "Events",
            other => other,
        };
        return format!("{service}.{operation}");
    }
    if request.uri.path().ends_with("/invocations") {
        return "Lambda.Invoke".to_owned();
    }
    let operation = match request.method.as_str() {
        "PUT" => "PutObject",
        "GET" => "GetObject",
        "DELETE" => "DeleteObject",
        "HEAD" => "HeadBucket",
        other => other,
    };
    format!("S3.{operation}")
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
