//! The process of the function `keeper`.

use std::process::ExitCode;

use keeper::{Config, Deps};
use serde_json::Value;
use tdev_lambda::env::Env;

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, &config);
        tdev_lambda::run(async |_: Value| keeper::handle(&deps).await).await
    })
    .await
}
