//! The gateway's process.

use gateway::{Config, Deps, router};
use tdev_lambda::env::Env;
use tdev_lambda::telemetry;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let config = Env::process().load(Config::read)?;
    let sdk = tdev_aws::load_config().await;
    lambda_http::run(router(Deps::new(&sdk, &config), &config)).await
}
