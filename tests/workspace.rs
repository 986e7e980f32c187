//! The rule of dependence and of layout, held over `cargo metadata`.
//!
//! Dependencies point one way: `functions → {lambda, adapters, aws, capability crates} → domain`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .exec()
        .expect("cargo metadata runs in the workspace")
}

/// The folder a package lies in, relative to the workspace: `functions/gateway`.
fn folder(metadata: &Metadata, package: &Package) -> String {
    package
        .manifest_path
        .parent()
        .and_then(|dir| dir.strip_prefix(&metadata.workspace_root).ok())
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Everything `root` is built from, tests left out.
fn built_from(metadata: &Metadata, root: &PackageId) -> BTreeSet<String> {
    let nodes: BTreeMap<_, _> = metadata
        .resolve
        .iter()
        .flat_map(|r| &r.nodes)
        .map(|node| (&node.id, node))
        .collect();
    let mut names = BTreeSet::new();
    let mut seen = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        names.insert(metadata[id].name.to_string());
        for dep in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
            let is_built_in = dep
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development);
            if is_built_in && seen.insert(&dep.pkg) {
                open.push(&dep.pkg);
            }
        }
    }
    names
}

#[test]
fn only_shared_aws_names_an_aws_sdk_crate() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let names_one = package
            .dependencies
            .iter()
            .any(|dep| dep.name.starts_with("aws-sdk-"));
        assert_eq!(
            names_one,
            package.name.as_str() == "tdev-aws",
            "{} must reach AWS through tdev-aws",
            package.name
        );
    }
}

#[test]
fn no_function_depends_on_a_function_and_no_shared_crate_on_one() {
    let metadata = metadata();
    let functions: BTreeSet<_> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| folder(&metadata, package).starts_with("functions/"))
        .map(|package| package.name.to_string())
        .collect();
    assert!(
        functions.len() >= 4,
        "the functions were not found: {functions:?}"
    );
    for package in metadata.workspace_packages() {
        for dep in &package.dependencies {
            assert!(
                !functions.contains(&dep.name),
                "{} depends on the function {}",
                package.name,
                dep.name
            );
        }
    }
}

#[test]
fn domain_knows_neither_aws_nor_an_async_runtime() {
    let metadata = metadata();
    let domain = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name.as_str() == "tdev-domain")
        .expect("tdev-domain is in the workspace");
    for name in built_from(&metadata, &domain.id) {
        let foreign = name.starts_with("aws") || name.starts_with("lambda") || name == "tokio";
        assert!(!foreign, "tdev-domain is built from {name}");
    }
}

/// What joins capability crates to `tdev-aws`: functions use an adapter, and nothing below does.
const ADAPTERS: [&str; 1] = ["tdev-journal"];

/// What stands between the functions and the capability crates, and what is not the product.
const OTHERS: [&str; 4] = ["tdev-lambda", "tdev-testing", "tdev-local", "tdev-tests"];

/// The crates of ours that `package` is built with.
fn ours(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dep| dep.kind != DependencyKind::Development && dep.name.starts_with("tdev-"))
        .map(|dep| dep.name.as_str())
}

/// What capability crates are built on beside `domain`: the engine of runs runs plans, and shares
/// the errors of its seams with the engine of invocations; the evolution tier's language bounds
/// sources as the analysis does.
const BUILT_ON: [(&str, &str); 4] = [
    ("tdev-evolution", "tdev-program"),
    ("tdev-program", "tdev-analysis"),
    ("tdev-run", "tdev-workflow"),
    ("tdev-run", "tdev-invocation"),
];

#[test]
fn capability_crates_depend_on_domain_alone() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let is_shared = folder(&metadata, package).starts_with("shared/");
        if !is_shared || OTHERS.contains(&name) || ADAPTERS.contains(&name) {
            continue;
        }
        let is_built_on = |dep| BUILT_ON.contains(&(name, dep));
        for dep in ours(package) {
            assert!(
                dep == "tdev-domain" || is_built_on(dep),
                "{name} depends on {dep}"
            );
        }
    }
}

#[test]
fn an_adapter_joins_capability_crates_to_aws_for_the_functions() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    for adapter in ADAPTERS {
        let package = packages
            .iter()
            .find(|package| package.name.as_str() == adapter);
        let package = package.expect("an adapter is in the workspace");
        let joined: BTreeSet<_> = ours(package).collect();
        assert!(
            joined.contains("tdev-aws"),
            "{adapter} joins nothing to AWS"
        );
        for dep in joined {
            assert!(
                !OTHERS.contains(&dep) && !ADAPTERS.contains(&dep),
                "{adapter} depends on {dep}"
            );
        }
    }
    for package in packages {
        let is_shared = folder(&metadata, package).starts_with("shared/");
        for dep in ours(package) {
            assert!(
                !is_shared || !ADAPTERS.contains(&dep),
                "{} depends on the adapter {dep}",
                package.name
            );
        }
    }
}

#[test]
fn fakes_stay_in_tests() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        for dep in &package.dependencies {
            assert!(
                dep.name != "tdev-testing" || dep.kind == DependencyKind::Development,
                "{} ships a fake",
                package.name
            );
        }
    }
}

#[test]
fn a_package_is_named_for_its_folder() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let folder = folder(&metadata, package);
        let expected = match folder.split_once('/') {
            Some(("functions", name)) => name.to_owned(),
            Some(("shared" | "infra", name)) => format!("tdev-{name}"),
            _ => "tdev-tests".to_owned(),
        };
        assert_eq!(package.name.as_str(), expected, "in {folder}");
        if folder.starts_with("functions/") {
            let binaries: Vec<_> = package
                .targets
                .iter()
                .filter(|target| target.is_bin())
                .map(|target| target.name.as_str())
                .collect();
            assert_eq!(binaries, [expected.as_str()], "in {folder}");
        }
        let last = folder.rsplit('/').next().unwrap_or_default();
        assert!(
            !["utils", "util", "common", "helper", "helpers", "manager"].contains(&last),
            "{folder} says nothing"
        );
    }
}

#[test]
fn every_version_stands_in_the_workspace() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("readable");
        for line in manifest.lines() {
            let pins_a_version = line.contains(" = \"")
                && line.split_once(" = \"").is_some_and(|(_, version)| {
                    version.starts_with(|c: char| c.is_ascii_digit() || "=^~".contains(c))
                });
            assert!(
                !pins_a_version && !line.contains("version = \""),
                "{}: {line}",
                package.name
            );
        }
    }
}
