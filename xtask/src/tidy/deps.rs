//! Dependencies point one way, and some crates must never see some words.
//!
//! The table is the design's own: a crate exists where it has a forbidden dependency or another audience. Only what a crate
//! builds with counts; a test may bring what it likes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::Finding;

/// What a crate may use of ours, and what it must never see of others.
struct Rule {
    package: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

const RULES: [Rule; 11] = [
    Rule {
        package: "forebay-budget",
        ours: &[],
        never: &["http", "hyper", "axum", "socket2", "tower-service", "clap", "anyhow"],
    },
    Rule {
        package: "forebay-net",
        ours: &["forebay-budget"],
        never: &["axum", "clap", "anyhow", "tower-http"],
    },
    Rule {
        package: "forebay-store",
        ours: &["forebay-budget", "forebay-net"],
        never: &["axum", "hyper", "clap", "anyhow", "tower-service"],
    },
    Rule {
        package: "forebay-s3",
        ours: &["forebay-budget", "forebay-net", "forebay-store"],
        never: &["axum", "hyper", "clap", "anyhow", "tower-service"],
    },
    Rule {
        package: "forebay-transfer",
        ours: &["forebay-budget", "forebay-net", "forebay-store"],
        never: &["axum", "hyper", "http", "aws-sdk-s3", "aws-config", "clap", "anyhow", "tower-service"],
    },
    Rule {
        package: "forebay-tower",
        ours: &["forebay-budget"],
        never: &["axum", "hyper", "clap", "anyhow", "tracing-subscriber"],
    },
    Rule {
        package: "forebay-auth",
        ours: &["forebay-budget", "forebay-tower"],
        never: &["axum", "hyper", "tokio", "tower-service", "clap", "anyhow", "tracing"],
    },
    Rule {
        package: "forebay-agent",
        ours: &["forebay-budget", "forebay-net"],
        never: &["aws-sdk-s3", "aws-config", "clap", "anyhow"],
    },
    Rule { package: "forebay-admin", ours: &["forebay-budget"], never: &["clap", "anyhow", "hyper"] },
    Rule {
        package: "forebay-gateway",
        ours: &["forebay-auth", "forebay-budget", "forebay-net", "forebay-store", "forebay-tower"],
        never: &["clap", "anyhow", "tracing-subscriber", "tikv-jemallocator"],
    },
    Rule {
        package: "forebay",
        ours: &[
            "forebay-admin",
            "forebay-agent",
            "forebay-auth",
            "forebay-budget",
            "forebay-gateway",
            "forebay-net",
            "forebay-s3",
            "forebay-store",
            "forebay-tower",
            "forebay-transfer",
        ],
        never: &[],
    },
];

/// Crates that may use whatever they need, because nothing that ships depends on them.
const FREE: [&str; 3] = ["forebay-testkit", "forebay-examples", "xtask"];

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// The workspace's own manifests as cargo reads them.
pub(super) fn metadata(root: &Path) -> anyhow::Result<Metadata> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Every dependency that a rule does not allow, and every crate without a rule.
pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    metadata.packages.iter().filter(|p| !FREE.contains(&p.name.as_str())).flat_map(check_package).collect()
}

fn check_package(package: &Package) -> Vec<Finding> {
    let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
        return vec![Finding {
            place: package.name.clone(),
            what: "has no rule in xtask/src/tidy/deps.rs".into(),
        }];
    };
    let built_with = package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev"));
    built_with
        .filter_map(|d| judge(rule, &d.name))
        .map(|what| Finding { place: package.name.clone(), what })
        .collect()
}

fn judge(rule: &Rule, name: &str) -> Option<String> {
    let ours = name == "forebay" || name.starts_with("forebay-");
    if ours && !rule.ours.contains(&name) {
        return Some(format!("must not depend on {name}: dependencies point one way"));
    }
    rule.never.contains(&name).then(|| format!("must never see {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Metadata {
        let dependency = Dependency { name: dependency.into(), kind: kind.map(Into::into) };
        Metadata { packages: vec![Package { name: name.into(), dependencies: vec![dependency] }] }
    }

    #[test]
    fn a_dependency_against_the_arrow_is_found() {
        assert_eq!(check(&package("forebay-budget", "forebay-net", None)).len(), 1);
        assert_eq!(check(&package("forebay-net", "forebay-budget", None)).len(), 0);
    }

    #[test]
    fn a_forbidden_word_is_found_but_tests_may_use_it() {
        assert_eq!(check(&package("forebay-net", "axum", None)).len(), 1);
        assert_eq!(check(&package("forebay-net", "axum", Some("dev"))).len(), 0);
    }

    #[test]
    fn a_crate_without_a_rule_is_found() {
        assert_eq!(check(&package("forebay-new", "bytes", None)).len(), 1);
    }
}
