//! The process of the function `train-router`.

use std::process::ExitCode;

use tdev_lambda::env::Env;
use train_router::{Config, Deps};

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, config);
        tdev_lambda::run(async |event| Ok(train_router::handle(&deps, event).await)).await
    })
    .await
}
