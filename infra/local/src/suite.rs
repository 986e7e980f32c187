//! `cargo local test`: every check and every test, against stacks of its own.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::aws::{self, Aws};
use crate::checkout::Checkout;
use crate::deployment::issue_key;
use crate::port;
use crate::process::{self, Service};
use crate::progress::{Step, say};
use crate::sam::{Outputs, Sam, local_credentials, outside_cargo};
use crate::stack::{Running, Stack};
use crate::tally::Tally;
use crate::tools::{Tools, Toolset};

/// What to run.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Leave out formatting, lints and templates.
    pub(crate) tests_only: bool,
    /// What to hand to the test runner. If there is anything, nothing but the runner runs.
    pub(crate) runner: Vec<String>,
}

/// Runs the suite. Returns how many tests passed and failed; a check that does not hold, or that
/// could not be made, counts as one that failed. Fails only if it is interrupted.
pub(crate) fn run(checkout: &Checkout, options: &Options) -> Result<Tally> {
    let mut tally = Tally::default();
    if let Err(error) = run_into(&mut tally, checkout, options) {
        process::go_on()?;
        eprintln!("error: {error:#}");
        tally.failed += 1;
    }
    Ok(tally)
}

fn run_into(tally: &mut Tally, checkout: &Checkout, options: &Options) -> Result<()> {
    let everything = options.runner.is_empty();
    let sets = [Toolset::Stack, Toolset::Build, Toolset::Test];
    let tools = Tools::install(checkout.tools(), &sets)?;
    if everything && !options.tests_only {
        *tally += static_checks(checkout, &tools)?;
    }

    let stack = Stack::of_tests(checkout);
    let _lock = stack.lock()?;
    stack.stop();
    stack.delete()?;
    let local = Local::start(checkout, &tools, &stack)?;
    *tally += run_tests(checkout, &local, options)?;
    if everything {
        let mut doc = cargo(checkout);
        doc.args(["test", "--doc", "--workspace", "--no-fail-fast"]);
        local.describe_to(&mut doc)?;
        say!("\nDocumentation tests");
        *tally += counted(doc)?;
    }
    drop(local);
    if tally.failed == 0 {
        // Otherwise its logs may tell why.
        stack.delete()?;
    }
    Ok(())
}

fn static_checks(checkout: &Checkout, tools: &Tools) -> Result<Tally> {
    let sam = Sam::new(checkout, tools);
    let mut fmt = cargo(checkout);
    fmt.args(["fmt", "--all", "--check"]);
    let mut clippy = cargo(checkout);
    clippy.args(["clippy", "--workspace", "--all-targets", "--quiet"]);
    clippy.args(["--features", END_TO_END, "--", "-D", "warnings"]);
    let mut failed = 0;
    for (label, command) in [
        ("Checking the formatting", fmt),
        ("Checking the templates with sam validate", sam.validate()?),
        ("Checking the templates with cfn-lint", sam.lint()?),
        ("Checking the code with clippy", clippy),
    ] {
        let step = Step::start(label);
        match process::output(command) {
            Ok(_) => step.done(),
            Err(error) => {
                process::go_on()?;
                drop(step);
                eprintln!("{error:#}");
                failed += 1;
            }
        }
    }
    Ok(Tally { passed: 0, failed })
}

/// The tests that need a stack.
const END_TO_END: &str = "tdev-tests/e2e";

fn run_tests(checkout: &Checkout, local: &Local, options: &Options) -> Result<Tally> {
    let mut probe = cargo(checkout);
    probe.args(["nextest", "--version"]);
    let has_nextest = process::output(probe).is_ok();
    process::go_on()?;
    let runner = || {
        let mut command = cargo(checkout);
        if has_nextest {
            command.args(["nextest", "run", "--profile", "ci"]);
        } else {
            command.args(["test", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        }
        command.args(["--workspace", "--features", END_TO_END]);
        command
    };

    let step = Step::start("Building the tests");
    let mut build = runner();
    build.arg("--no-run");
    process::run(build, &local.log, &step)?;
    step.done();

    say!("\nTests");
    let mut test = runner();
    test.args(&options.runner);
    local.describe_to(&mut test)?;
    counted(test)
}

/// Runs a test runner, shows what it prints and counts.
fn counted(command: Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let status = process::lines(command, |line| {
        say!("{line}");
        tally += Tally::of_line(line);
    })?;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

fn cargo(checkout: &Checkout) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(checkout.root());
    outside_cargo(&mut command);
    command
}

/// What the tests run against: the deployed platform, and a second implementation of AWS.
struct Local {
    outputs: Outputs,
    keys: [String; 2],
    ministack: Running,
    moto: u16,
    _moto: Service,
    /// Where `sam build` put the functions.
    build: std::path::PathBuf,
    log: std::path::PathBuf,
}

impl Local {
    fn start(checkout: &Checkout, tools: &Tools, stack: &Stack) -> Result<Self> {
        let log = stack.folder().join("build.log");
        let sam = Sam::new(checkout, tools);
        let build = stack.folder().join("build");
        sam.build(&build, &log)?;
        let ministack = stack.start(tools, port::free()?)?;
        let outputs = sam.deploy(&build, ministack.port, &log)?;

        let aws = Aws::on(ministack.port);
        let function = outputs.get("ApiKeysFunction")?;
        let key = |tenant| issue_key(&aws, function, tenant, "cargo local test");
        let keys = [key("e2e-a")?, key("e2e-b")?];

        let moto = port::free()?;
        Ok(Self {
            _moto: start_moto(tools, stack, moto)?,
            outputs,
            keys,
            ministack,
            moto,
            build,
            log,
        })
    }

    /// Tells a test runner where everything is.
    fn describe_to(&self, command: &mut Command) -> Result<()> {
        let endpoint = aws::endpoint(self.ministack.port);
        let api_id = self.outputs.get("ApiId")?;
        local_credentials(command);
        command
            .env("TDEV_E2E_ENDPOINT", &endpoint)
            .env(
                "TDEV_E2E_API_URL",
                format!("{endpoint}/_aws/execute-api/{api_id}"),
            )
            .env("TDEV_E2E_API_KEY", &self.keys[0])
            .env("TDEV_E2E_OTHER_KEY", &self.keys[1])
            .env(
                "TDEV_CONFORMANCE_ENDPOINTS",
                format!("ministack={endpoint},moto={}", aws::endpoint(self.moto)),
            );
        for (name, value) in self.outputs.iter() {
            command.env(format!("TDEV_E2E_OUTPUT_{name}"), value);
        }
        command.env("TDEV_E2E_BUILD", &self.build);
        Ok(())
    }
}

fn start_moto(tools: &Tools, stack: &Stack, port: u16) -> Result<Service> {
    let step = Step::start(format!("Starting moto on port {port}"));
    let mut command = Command::new(tools.program(Toolset::Test, "moto_server"));
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    local_credentials(&mut command);
    let mut moto = Service::start(command, &stack.folder().join("moto.log"))?;
    let answers = || {
        let answer = aws::http(Duration::from_secs(2))
            .get(aws::endpoint(port))
            .call();
        answer.is_ok()
    };
    moto.wait_until(Duration::from_mins(1), answers)
        .context("moto did not start")?;
    step.done();
    Ok(moto)
}
