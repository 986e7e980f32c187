//! The process of the function `workflow-step`.

use std::process::ExitCode;

use tdev_lambda::env::Env;
use tdev_sandbox::LimitedAllocator;
use workflow_step::{Config, Deps};

/// Counts what agents allocate, so that their memory limits hold.
#[global_allocator]
static ALLOCATOR: LimitedAllocator = LimitedAllocator;

#[tokio::main]
async fn main() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let deps = Deps::new(&tdev_aws::load_config().await, &config)?;
        tdev_lambda::run(async |request| workflow_step::handle(&deps, request).await).await
    })
    .await
}
