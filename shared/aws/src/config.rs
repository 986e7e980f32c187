//! The one SDK configuration of a process.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// How long a connection may take to open.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one attempt at an operation may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an operation may take, all attempts and the pauses between them included.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(15);
/// How often an operation is attempted.
const ATTEMPTS: u32 = 3;

/// Loads region, credentials and endpoint from the environment, as every AWS tool does.
///
/// Called once per process; the clients built from the result share its connections. Another
/// endpoint than AWS's is chosen by `AWS_ENDPOINT_URL` alone.
pub async fn load_config() -> SdkConfig {
    let http_client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client)
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .load()
        .await
}
