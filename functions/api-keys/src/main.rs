//! The process of the function `api-keys`.

use std::process::ExitCode;

use api_keys::{Config, Deps};
use tdev_lambda::env::Env;

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, config);
        tdev_lambda::run(async |request| api_keys::handle(&deps, request).await).await
    })
    .await
}
