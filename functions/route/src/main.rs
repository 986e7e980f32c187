//! The process of the function `route`.

use std::process::ExitCode;

use route::{Config, Deps};
use tdev_lambda::env::Env;

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, config);
        tdev_lambda::run(async |event| route::handle(&deps, event).await).await
    })
    .await
}
