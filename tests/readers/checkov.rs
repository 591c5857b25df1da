//! checkov from PyPI, in a virtual environment of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::python;
use crate::world::Plan;

/// What is installed.
const PINS: [&str; 1] = ["checkov==3.3.30"];

/// Types that checkov knows and has no result for: the policy of a topic names the topic, and is known
/// later, here as in Terraform.
pub(crate) const SILENT: [&str; 1] = ["aws_sns_topic_policy"];

/// Checks that every system passes.
pub(crate) const HELD: [&str; 11] = [
    "CKV_AWS_17",  // databases are not public
    "CKV_AWS_19",  // buckets are encrypted
    "CKV_AWS_24",  // no group is open to everyone at port 22
    "CKV_AWS_39",  // the cluster's endpoint is not public
    "CKV_AWS_53",  // buckets refuse public ACLs
    "CKV_AWS_54",  // and public policies
    "CKV_AWS_58",  // secrets of the cluster are encrypted
    "CKV_AWS_103", // listeners want TLS 1.2
    "CKV_AWS_192", // the firewall knows Log4j
    "CKV_AWS_336", // containers cannot write to their root
    "CKV2_AWS_6",  // each bucket has a block of public access
];

/// Checks that fail in the stack `bad` of `stacks.py` and pass in `good`, with the address that each
/// is about.
pub(crate) const TELLING: [(&str, &str); 11] = [
    ("CKV_AWS_16", "database"),
    ("CKV_AWS_17", "database"),
    ("CKV_AWS_24", "ssh"),
    ("CKV_AWS_39", "cluster"),
    ("CKV_AWS_53", "bucket-access"),
    ("CKV_AWS_58", "cluster"),
    ("CKV_AWS_103", "listener"),
    ("CKV_AWS_145", "bucket"),
    ("CKV_AWS_192", "firewall"),
    ("CKV_AWS_336", "task"),
    ("CKV2_AWS_6", "lonely-bucket"),
];

/// The types that checkov has checks for, a line each.
const KNOWN: &str = "\
import checkov.terraform.checks.resource
from checkov.terraform.checks.resource.registry import resource_registry
print('\\n'.join(sorted(resource_registry.checks)))
";

/// An installed checkov.
pub(crate) struct Checkov {
    python: PathBuf,
}

/// What checkov said of a plan.
pub(crate) struct Report {
    /// How many resources it saw.
    pub(crate) resources: usize,
    /// Whether a check passed, by check and address.
    results: BTreeMap<(String, String), bool>,
}

impl Checkov {
    /// Installs it beside the emulators, once a machine. Without it the tests prove nothing, and fail.
    pub(crate) fn installed() -> Self {
        Self { python: python::with("checkov-venv", &PINS) }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.python)
            .args(arguments)
            // A proxy of someone's platform, or a key for it, is nobody's business here.
            .env_remove("BC_API_KEY")
            .env("LOG_LEVEL", "WARNING")
            .output()
            .expect("Python starts")
    }

    /// The types that it has checks for.
    pub(crate) fn known_types(&self) -> BTreeSet<String> {
        let output = self.run(&["-c", KNOWN]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// A file of YAML, which checkov's Python can read.
    pub(crate) fn yaml(&self, path: &Path) -> Value {
        let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
        let output = self.run(&["-c", script, path.to_str().expect("UTF-8")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What it says of a plan. It must not fail over one check.
    pub(crate) fn read(&self, plan: &Plan) -> Report {
        let path = plan.path.to_str().expect("UTF-8");
        let output = self.run(&[
            "-m",
            "checkov.main",
            "--framework",
            "terraform_plan",
            "--file",
            path,
            "--output",
            "json",
            "--compact",
            "--soft-fail",
            "--skip-download",
        ]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert!(!errors.contains("Failed to run check"), "{errors}");
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {errors}"));
        Report::read(&report)
    }
}

impl Report {
    fn read(report: &Value) -> Self {
        let summary = &report["summary"];
        assert_eq!(summary["parsing_errors"], 0, "{report}");
        let mut results = BTreeMap::new();
        for (list, passed) in [("passed_checks", true), ("failed_checks", false)] {
            for check in report["results"][list].as_array().into_iter().flatten() {
                let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
                results.insert((text("check_id"), text("resource_address")), passed);
            }
        }
        let resources = summary["resource_count"].as_u64().expect("a number");
        Self { resources: usize::try_from(resources).expect("few"), results }
    }

    /// Whether a check passed at an address; nothing where it had no result.
    pub(crate) fn result(&self, check: &str, address: &str) -> Option<bool> {
        self.results.get(&(check.to_owned(), address.to_owned())).copied()
    }

    /// Whether a check passed anywhere.
    pub(crate) fn has_passed(&self, check: &str) -> bool {
        self.results.iter().any(|((found, _), passed)| found == check && *passed)
    }

    /// Where some of these checks failed.
    pub(crate) fn failed_of(&self, checks: &[&str]) -> Vec<&(String, String)> {
        let failed = self.results.iter().filter(|(_, passed)| !**passed);
        failed.map(|(at, _)| at).filter(|(check, _)| checks.contains(&check.as_str())).collect()
    }

    /// The types of the resources that had a result.
    pub(crate) fn types(&self, plan: &Plan) -> BTreeSet<String> {
        let addresses: BTreeSet<_> = self.results.keys().map(|(_, address)| address).collect();
        let seen = plan.resources().into_iter().filter(|(address, _)| addresses.contains(address));
        seen.map(|(_, kind)| kind).collect()
    }
}
