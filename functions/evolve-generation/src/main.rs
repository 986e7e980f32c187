//! The process of the function `evolve-generation`, and of the worker it runs winners in.

use std::env::{args, current_exe};
use std::process::{Command, ExitCode};

use evolve_generation::{Config, Deps, SANDBOX_WORKER};
use tdev_lambda::env::Env;
use tdev_sandbox::LimitedAllocator;

/// Counts what agents allocate, so that their memory limits hold.
#[global_allocator]
static ALLOCATOR: LimitedAllocator = LimitedAllocator;

fn main() -> ExitCode {
    if args().nth(1).as_deref() == Some(SANDBOX_WORKER) {
        return match tdev_sandbox::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    function()
}

#[tokio::main]
async fn function() -> ExitCode {
    tdev_lambda::start(async {
        let config = Env::process().load(Config::read)?;
        let program = current_exe()?;
        let worker = move || {
            let mut command = Command::new(&program);
            command.arg(SANDBOX_WORKER);
            command
        };
        let deps = Deps::new(&tdev_aws::load_config().await, &config, worker);
        tdev_lambda::run(async |request| evolve_generation::handle(&deps, request).await).await
    })
    .await
}
