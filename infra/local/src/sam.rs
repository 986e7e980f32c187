//! Builds and deploys the template with the SAM CLI, the way it is done for AWS.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::aws::{self, ACCESS_KEY, REGION};
use crate::checkout::Checkout;
use crate::process;
use crate::progress::Step;
use crate::tools::{Tools, Toolset};

/// The profile of `samconfig.toml`, and the stack it names.
const PROFILE: &str = "local";
const STACK_NAME: &str = "tdev-local";

/// The SAM CLI in a checkout.
#[derive(Debug)]
pub(crate) struct Sam<'a> {
    checkout: &'a Checkout,
    tools: &'a Tools,
}

impl<'a> Sam<'a> {
    pub(crate) const fn new(checkout: &'a Checkout, tools: &'a Tools) -> Self {
        Self { checkout, tools }
    }

    /// Builds the functions for this machine, into `folder`.
    pub(crate) fn build(&self, folder: &Path, log: &Path) -> Result<()> {
        let step = Step::start("Building the functions");
        // What `sam build` does next, but one function after the other, and it keeps to itself what
        // is being compiled.
        let mut cargo = Command::new("cargo");
        cargo
            .args(["lambda", "build", "--release"])
            .current_dir(self.checkout.root());
        self.prepare(&mut cargo)?;
        process::run(cargo, log, &step)?;
        let mut sam = self.command()?;
        sam.arg("build")
            .args(["--config-env", PROFILE])
            .args([
                "--parameter-overrides",
                &format!("Architecture={}", architecture()?),
            ])
            .arg("--build-dir")
            .arg(folder);
        process::run(sam, log, &step)?;
        step.done();
        Ok(())
    }

    /// Deploys what was built in `folder` to the local AWS on `port`, and returns the stack's outputs.
    pub(crate) fn deploy(&self, folder: &Path, port: u16, log: &Path) -> Result<Outputs> {
        let step = Step::start("Deploying template.yaml");
        let mut sam = self.command()?;
        sam.arg("deploy")
            .arg("--config-file")
            .arg(self.checkout.root().join("samconfig.toml"))
            .args(["--config-env", PROFILE])
            .arg("--template-file")
            .arg(folder.join("template.yaml"))
            .arg("--parameter-overrides")
            .args([
                "Environment=dev",
                // What there is to be reached here is on loopback.
                "HttpPrivateAddresses=allowed",
                &format!("Architecture={}", architecture()?),
            ])
            .env("AWS_ENDPOINT_URL", aws::endpoint(port));
        process::run(sam, log, &step)?;

        let mut sam = self.command()?;
        sam.args(["list", "stack-outputs", "--output", "json"])
            .args(["--stack-name", STACK_NAME, "--region", REGION])
            .env("AWS_ENDPOINT_URL", aws::endpoint(port));
        let outputs = Outputs::parse(&process::output(sam)?)?;
        step.done();
        Ok(outputs)
    }

    /// `sam validate --lint` as a command.
    pub(crate) fn validate(&self) -> Result<Command> {
        let mut sam = self.command()?;
        sam.args(["validate", "--lint", "--region", REGION]);
        Ok(sam)
    }

    /// `cfn-lint` over every template as a command.
    pub(crate) fn lint(&self) -> Result<Command> {
        let mut lint = Command::new(self.tools.program(Toolset::Build, "cfn-lint"));
        lint.arg("template.yaml");
        for entry in std::fs::read_dir(self.checkout.root().join("infra"))? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                lint.arg(path);
            }
        }
        lint.current_dir(self.checkout.root());
        Ok(lint)
    }

    fn command(&self) -> Result<Command> {
        let mut sam = Command::new(self.tools.program(Toolset::Build, "sam"));
        sam.current_dir(self.checkout.root())
            .env("SAM_CLI_TELEMETRY", "0")
            .env("PYTHONWARNINGS", "ignore");
        self.prepare(&mut sam)?;
        Ok(sam)
    }

    /// Gives `command` the tools, and nothing of the user's AWS configuration.
    fn prepare(&self, command: &mut Command) -> Result<()> {
        command
            .env("PATH", self.tools.path_with(Toolset::Build)?)
            // For its own architecture a machine needs no cross compiler.
            .env("CARGO_LAMBDA_COMPILER", "cargo")
            // What takes minutes per function and gains a few per cent is left to AWS.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        local_credentials(command);
        outside_cargo(command);
        Ok(())
    }
}

/// Makes `command` speak to the local AWS, whatever the user's own configuration says.
pub(crate) fn local_credentials(command: &mut Command) {
    for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", ACCESS_KEY)
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("no_proxy", "127.0.0.1,localhost");
}

/// Takes back what `cargo run` set for this command: another cargo is not to see it.
pub(crate) fn outside_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if is_of_package {
            command.env_remove(name);
        }
    }
}

/// This machine's architecture, as AWS calls it.
fn architecture() -> Result<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Ok("x86_64"),
        "aarch64" => Ok("arm64"),
        other => bail!("functions run on x86_64 and arm64, not on {other}"),
    }
}

/// A stack's outputs, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Outputs(BTreeMap<String, String>);

impl Outputs {
    fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Output {
            output_key: String,
            output_value: String,
        }
        // Anything the CLI has to say besides comes before or after.
        let json = text
            .find('[')
            .zip(text.rfind(']'))
            .and_then(|(start, end)| text.get(start..=end))
            .with_context(|| format!("the stack has no outputs: {text}"))?;
        let outputs: Vec<Output> = serde_json::from_str(json)
            .with_context(|| format!("the stack's outputs are not understood: {text}"))?;
        Ok(Self(
            outputs
                .into_iter()
                .map(|output| (output.output_key, output.output_value))
                .collect(),
        ))
    }

    /// All outputs with their names, in the order of these.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The output called `name`.
    pub(crate) fn get(&self, name: &str) -> Result<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("template.yaml has no output {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_found_by_name() {
        let text = r#"[
          {"OutputKey": "ApiId", "OutputValue": "0a1b2c3d", "Description": ""},
          {"OutputKey": "TableName", "OutputValue": "t", "Description": ""}
        ]
SAM CLI update available (9.9.9); (1.170.0 installed)
"#;
        let outputs = Outputs::parse(text).unwrap();
        assert_eq!(outputs.get("ApiId").unwrap(), "0a1b2c3d");
        let error = outputs.get("None").unwrap_err().to_string();
        assert_eq!(error, "template.yaml has no output None");
    }

    #[test]
    fn no_outputs_are_a_failure() {
        assert!(Outputs::parse("").is_err());
        assert!(Outputs::parse("[{]").is_err());
    }
}
