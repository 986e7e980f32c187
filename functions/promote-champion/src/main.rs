//! The process of the function `promote-champion`.

use std::process::ExitCode;

use promote_champion::{Config, Deps};
use tdev_lambda::env::Env;

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, config);
        tdev_lambda::run(async |request| promote_champion::handle(&deps, request).await).await
    })
    .await
}
