//! The process of the function `trigger-evolution`.

use std::process::ExitCode;

use tdev_lambda::env::Env;
use trigger_evolution::{Config, Deps};

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, config);
        tdev_lambda::run(async |request| trigger_evolution::handle(&deps, request).await).await
    })
    .await
}
