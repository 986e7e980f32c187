//! The process of the function `keeper`.

use std::process::ExitCode;
use std::time::Duration;

use keeper::{Config, Deps};
use serde_json::Value;
use tdev_lambda::env::Env;

/// For how long a call sees to invocations. What else it does fits into the rest of its timeout.
const BUDGET: Duration = Duration::from_secs(35);

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, &config);
        tdev_lambda::run(async |_: Value| keeper::handle(&deps, BUDGET).await).await
    })
    .await
}
