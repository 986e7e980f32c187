//! `cargo local`: the platform on a laptop, with no AWS account and no Docker.

mod aws;
mod checkout;
mod demo;
mod deployment;
mod logs;
mod makespan;
mod platform;
mod port;
mod process;
mod progress;
mod python;
mod sam;
mod stack;
mod suite;
mod tally;
mod tools;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand, ValueEnum};

use crate::aws::Aws;
use crate::checkout::Checkout;
use crate::deployment::{Deployment, issue_key};
use crate::platform::Platform;
use crate::progress::{print_line, say};
use crate::sam::Sam;
use crate::stack::{DEFAULT_PORT, Instance, Running, Stack};
use crate::tools::{Tools, Toolset};

/// T-Developer on this machine: a local AWS on loopback, with the platform deployed to it by the
/// same template that goes to AWS. Everything it makes is under .local/.
#[derive(Debug, Parser)]
#[command(name = "cargo local", bin_name = "cargo local", version)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start the stack, register the sample agents, call them, and keep serving until Ctrl-C.
    Demo {
        /// Stop when everything was shown. The exit code tells whether it went as it should.
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        port: Port,
    },
    /// Build the functions, start the stack in the background and deploy to it.
    Up(Port),
    /// Stop the stack. Its state is kept for the next start.
    Down,
    /// Tell whether the stack is up, and how to reach it. The exit code is 3 if it is down.
    Status,
    /// Print what a function wrote.
    Logs {
        /// The function.
        function: Function,
        /// Go on with what it writes from now on, until Ctrl-C.
        #[arg(short, long)]
        follow: bool,
    },
    /// Print the environment of a function, for a shell: eval "$(cargo local env workflow-step)".
    /// With it `cargo lambda watch` runs the function against the stack.
    Env {
        /// The function.
        function: Function,
    },
    /// Run traces of real workflows on the stack, and print how long they take beside how long
    /// they must. They are read from wfinstances/ in $TDEV_DATA, else in ../shared/data.
    Makespan {
        /// How many, the smallest first.
        #[arg(long, default_value_t = 5)]
        instances: usize,
        #[command(flatten)]
        port: Port,
    },
    /// Stop the stack and delete all it holds: agents, keys, logs. The tools are kept.
    Reset,
    /// Run every check and every test, end to end ones included, on stacks of its own.
    Test {
        /// Leave out formatting, lints and templates.
        #[arg(long)]
        tests_only: bool,
        /// What to hand to the test runner (nextest if there is one, else cargo test); nothing
        /// else is run then. Example: `cargo local test -- -p tdev-tests delivery`.
        #[arg(last = true)]
        runner: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct Port {
    /// The port of loopback to serve on: that of the last time, else 4510.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1024..))]
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Function {
    Gateway,
    Register,
    WorkflowStep,
    Route,
    TrainRouter,
    Keeper,
    ApiKeys,
}

impl Function {
    /// The output that says what it is called.
    const fn output(self) -> &'static str {
        match self {
            Self::Gateway => "GatewayFunction",
            Self::Register => "RegisterFunction",
            Self::WorkflowStep => "WorkflowStepFunction",
            Self::Route => "RouteFunction",
            Self::TrainRouter => "TrainRouterFunction",
            Self::Keeper => "KeeperFunction",
            Self::ApiKeys => "ApiKeysFunction",
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(_) if process::is_interrupted() => {
            eprintln!("interrupted; everything that was started is stopped");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> Result<ExitCode> {
    if std::env::consts::OS != "linux" {
        bail!(
            "functions are Linux programs: on another system, run this in a Linux container or VM"
        );
    }
    process::watch_for_interrupts()?;
    let checkout = Checkout::find()?;
    let stack = Stack::of_user(&checkout);
    match action {
        Action::Demo { once, port } => demo(&checkout, &stack, port.port, once),
        Action::Up(port) => {
            let _lock = stack.lock()?;
            let (running, deployment) = bring_up(&checkout, &stack, port.port)?;
            running.leave_running();
            describe(&deployment);
            say!("\nStop it with `cargo local down`.");
            Ok(ExitCode::SUCCESS)
        }
        Action::Down => {
            let was_up = stack.stop();
            say!("{}", if was_up { "stopped" } else { "it was not up" });
            Ok(ExitCode::SUCCESS)
        }
        Action::Status => status(&stack),
        Action::Env { function } => {
            let (instance, deployment) = deployed(&stack)?;
            let name = deployment.outputs.get(function.output())?;
            environment(instance.port, name)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Logs { function, follow } => {
            let (instance, deployment) = deployed(&stack)?;
            let name = deployment.outputs.get(function.output())?;
            logs::print(&Aws::on(instance.port), name, follow)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Makespan { instances, port } => {
            makespan(&checkout, &stack, port.port, instances)?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Reset => {
            stack.stop();
            stack.delete()?;
            say!("the stack and all it held are gone");
            Ok(ExitCode::SUCCESS)
        }
        Action::Test { tests_only, runner } => {
            let tally = suite::run(&checkout, &suite::Options { tests_only, runner })?;
            say!("\n{tally}");
            Ok(if tally.failed == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// The stack that is up, and what was deployed to it.
fn deployed(stack: &Stack) -> Result<(Instance, Deployment)> {
    stack
        .instance()
        .zip(Deployment::remembered(stack.folder()))
        .context("the stack is not up: `cargo local up` starts it")
}

/// Prints what a process needs in its environment to be the function `name`.
fn environment(port: u16, name: &str) -> Result<()> {
    let aws = [
        ("AWS_ENDPOINT_URL", aws::endpoint(port)),
        ("AWS_REGION", aws::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", aws::ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", aws::ACCESS_KEY.to_owned()),
    ];
    for (name, value) in aws {
        print_line(format_args!("export {name}='{value}'"));
    }
    for (name, value) in Aws::on(port).variables(name)? {
        // As a shell reads it: a quote ends the quoted text, stands for itself, and begins it anew.
        let value = value.replace('\'', "'\\''");
        print_line(format_args!("export {name}='{value}'"));
    }
    Ok(())
}

/// Everything up to a stack that serves the platform as it is in the checkout.
fn bring_up(
    checkout: &Checkout,
    stack: &Stack,
    port: Option<u16>,
) -> Result<(Running, Deployment)> {
    let before = Deployment::remembered(stack.folder());
    let kept = before.as_ref().map(|deployment| deployment.port);
    let port = match (port, kept) {
        (Some(port), Some(kept)) if port != kept => bail!(
            "what the stack holds belongs to port {kept}: leave --port out, or delete it with \
             `cargo local reset`"
        ),
        (port, kept) => port.or(kept).unwrap_or(DEFAULT_PORT),
    };
    stack.check_port(port)?;
    let tools = Tools::install(checkout.tools(), &[Toolset::Stack, Toolset::Build])?;
    let sam = Sam::new(checkout, &tools);
    let build = stack.folder().join("build");
    let log = stack.folder().join("build.log");
    sam.build(&build, &log)?;
    let running = stack.start(&tools, port)?;
    let outputs = sam.deploy(&build, port, &log).context(
        "the template could not be deployed over what the stack holds; `cargo local reset` lets it \
         start anew",
    )?;
    let deployment = Deployment::describe(port, &outputs, before)?;
    deployment.remember(stack.folder())?;
    Ok((running, deployment))
}

fn describe(deployment: &Deployment) {
    say!("\nAPI   {}", deployment.api_url);
    say!("key   {}", deployment.key);
    say!("docs  {} (in a browser)", deployment.docs_url);
    say!("\n  API={}", deployment.api_url);
    say!("  KEY={}", deployment.key);
    say!("  curl -sS \"$API/v1/agents\" -H \"Authorization: Bearer $KEY\"");
}

fn demo(checkout: &Checkout, stack: &Stack, port: Option<u16>, once: bool) -> Result<ExitCode> {
    let lock = stack.lock()?;
    let (running, mut deployment) = bring_up(checkout, stack, port)?;
    drop(lock);
    deployment.key = new_tenant(&deployment, "demo")?;
    describe(&deployment);

    let platform = Platform::new(&deployment.api_url, &deployment.key);
    let worker = deployment.outputs.get("WorkflowStepFunction")?;
    let wrong = demo::show(&platform, worker, checkout.root())?;
    if wrong.is_empty() {
        say!("\nEverything went as it should.");
    } else {
        say!("\nNot as it should: {}.", wrong.join("; "));
    }
    if !once {
        if running.is_ours() {
            say!("Serving until Ctrl-C …");
            while process::pause(Duration::from_secs(1)).is_ok() {}
            say!("stopped");
        } else {
            say!("The stack was up before and stays up.");
        }
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A key of a tenant of its own, so that whoever has it starts with nothing.
fn new_tenant(deployment: &Deployment, what: &str) -> Result<String> {
    let seconds = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |time| time.as_secs());
    let aws = Aws::on(deployment.port);
    let function = deployment.outputs.get("ApiKeysFunction")?;
    let tenant = format!("{what}-{seconds}");
    issue_key(&aws, function, &tenant, &format!("cargo local {what}"))
}

fn makespan(checkout: &Checkout, stack: &Stack, port: Option<u16>, instances: usize) -> Result<()> {
    let data = std::env::var_os("TDEV_DATA").map_or_else(
        || checkout.root().join("../shared/data"),
        std::path::PathBuf::from,
    );
    let lock = stack.lock()?;
    let (_running, deployment) = bring_up(checkout, stack, port)?;
    drop(lock);
    let key = new_tenant(&deployment, "makespan")?;
    let platform = Platform::new(&deployment.api_url, &key);
    makespan::show(&platform, &data.join("wfinstances"), instances)
}

fn status(stack: &Stack) -> Result<ExitCode> {
    let Some(instance) = stack.instance() else {
        say!("the stack is down");
        return Ok(ExitCode::from(3));
    };
    if !stack::is_healthy(instance.port) {
        bail!(
            "process {} on port {} does not answer: `cargo local down` stops it",
            instance.pid,
            instance.port
        );
    }
    say!(
        "the stack is up: process {}, port {}",
        instance.pid,
        instance.port
    );
    match Deployment::remembered(stack.folder()) {
        Some(deployment) => {
            describe(&deployment);
            say!("\nThe stack's outputs:");
            for (name, value) in deployment.outputs.iter() {
                say!("  {name:24} {value}");
            }
        }
        None => say!("nothing was deployed to it: run `cargo local up`"),
    }
    Ok(ExitCode::SUCCESS)
}
