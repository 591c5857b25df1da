//! `infra docs`: the reference in the terminal.
//!
//! Start reading at [`run`]. The pages are those of docs/reference, which a test holds against the
//! code: there is one text of each type.

use clap::Args;
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use infra_sdk::Diagnostic;
use infra_sdk::names::{meant, nearest};

use crate::cli::Context;
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::view::human;

macro_rules! pages {
    ($($service:literal),* $(,)?) => {
        &[$(($service, include_str!(concat!("../../docs/reference/", $service, ".md")))),*]
    };
}

/// The pages: a service of AWS each, and one of the built-in types.
const PAGES: &[(&str, &str)] = pages![
    "acm",
    "appautoscaling",
    "autoscaling",
    "backup",
    "builtin",
    "cloudtrail",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "wafv2",
];

/// What is behind the name of a type that is looked up, in its heading.
const LOOKUP: &str = " (lookup)";

/// Show what a resource type takes and gives, with an example
#[derive(Args)]
pub(crate) struct DocsArgs {
    /// A resource type or lookup, such as `aws_vpc`, or a service, such as `ec2`. Without it, the list
    /// of all.
    #[arg(value_name = "TYPE", add = ArgValueCandidates::new(candidates))]
    name: Option<String>,
}

/// A type, with its part of a page.
struct Section {
    service: &'static str,
    name: &'static str,
    text: &'static str,
}

impl Section {
    fn is_lookup(&self) -> bool {
        self.text.strip_prefix(self.name).is_some_and(|rest| rest.starts_with(LOOKUP))
    }

    /// What it is, in a few words: what follows its path in the first paragraph.
    fn summary(&self) -> &'static str {
        let starts = ["`infra_aws::", "`infra_sdk::"];
        let about = |line: &&str| starts.iter().any(|start| line.contains(start));
        let paragraph = self.text.lines().find(about);
        let summary =
            paragraph.and_then(|line| line.split_once("`. ")).map_or("", |(_, rest)| rest);
        summary.split_once(". ").map_or(summary, |(first, _)| first).trim_end_matches('.')
    }
}

fn sections() -> impl Iterator<Item = Section> {
    PAGES.iter().flat_map(|(service, page)| {
        page.split("\n## ").skip(1).map(move |text| {
            let heading = text.lines().next().unwrap_or_default();
            let name = heading.strip_suffix(LOOKUP).unwrap_or(heading);
            Section { service, name, text }
        })
    })
}

fn candidates() -> Vec<CompletionCandidate> {
    let names: std::collections::BTreeSet<_> = sections().map(|section| section.name).collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

pub(crate) fn run(context: &Context, args: &DocsArgs) -> Result<Exit> {
    let text = match &args.name {
        None => index(),
        Some(name) => page(name)?,
    };
    context.terminal.answer(&human::page::render(&text, context.terminal.columns()));
    Ok(Exit::Done)
}

/// All services with their types.
fn index() -> String {
    let row = |(service, _): &(&str, &str)| {
        let of = sections().filter(|section| section.service == *service);
        let names: Vec<_> = of.filter(|section| !section.is_lookup()).map(|s| s.name).collect();
        format!("| {service} | {} |\n", names.join(" "))
    };
    let rows: String = PAGES.iter().map(row).collect();
    format!(
        "# Resource types\n\n| service | types |\n| --- | --- |\n{rows}\n\
         `infra docs aws_vpc` shows what a type takes and gives, `infra docs ec2` the types of a \
         service with what they are, and what can be looked up.\n"
    )
}

/// What is known by a name: a type, what is looked up by it, or a service.
fn page(name: &str) -> Result<String> {
    let lower = name.to_ascii_lowercase();
    let name = lower.as_str();
    let found: Vec<_> = sections().filter(|section| section.name == name).collect();
    if !found.is_empty() {
        return Ok(found
            .iter()
            .map(|section| format!("## {}\n\n", section.text.trim_end()))
            .collect());
    }
    let of: Vec<_> = sections().filter(|section| section.service == name).collect();
    if of.is_empty() {
        return Err(unknown(name));
    }
    let row = |section: &Section| {
        let what = if section.is_lookup() { "lookup" } else { "" };
        format!("| {} | {what} | {} |\n", section.name, section.summary())
    };
    let rows: String = of.iter().map(row).collect();
    Ok(format!("# {name}\n\n| type | | |\n| --- | --- | --- |\n{rows}"))
}

fn unknown(name: &str) -> CommandError {
    let services = PAGES.iter().map(|(service, _)| *service);
    let names: Vec<_> = sections().map(|section| section.name).collect();
    // People leave the beginning out, and all names are too many for a hint.
    let long = nearest(&format!("aws_{name}"), names.iter().copied());
    let short = || nearest(name, names.iter().copied().chain(services));
    let inside = || names.iter().copied().find(|known| known.contains(name));
    let all = || "run `infra docs` for the list of all".to_owned();
    let hint = long.or_else(short).or_else(inside).map_or_else(all, meant);
    CommandError::usage(
        Diagnostic::error("docs::unknown", "there is no such resource type")
            .detail(format!("`{}`", name.escape_debug()))
            .hint(hint),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_reference_is_here() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference");
        let files = std::fs::read_dir(folder).expect("a folder");
        let mut files: Vec<_> = files
            .map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .filter(|name| name != "README")
            .collect();
        files.sort();
        assert_eq!(files, PAGES.iter().map(|(service, _)| *service).collect::<Vec<_>>());
    }

    #[test]
    fn every_type_of_the_registry_has_a_section_that_says_what_it_is() {
        for handler in infra_aws::types::TYPES {
            let name = handler.schema().type_name;
            let section = sections().find(|section| section.name == name).expect(name);
            assert!(!section.summary().is_empty(), "{name}");
        }
    }

    #[test]
    fn built_in_types_have_sections_and_names_no_case() {
        for name in ["infra_data", "random_id", "random_password"] {
            let section = sections().find(|section| section.name == name).expect(name);
            assert!(!section.summary().is_empty(), "{name}");
            assert!(infra_engine::is_built_in(name), "{name}");
            let page = page(name).expect(name);
            assert!(page.contains("\n| `id` | text | ") && page.contains("```rust\n"), "{page}");
        }
        assert_eq!(page("EC2").expect("a service"), page("ec2").expect("a service"));
        assert_eq!(page("AWS_VPC").expect("a type"), page("aws_vpc").expect("a type"));
        assert!(
            page("builtin").expect("a page").contains("| random_id |  | A random identifier |")
        );
    }

    #[test]
    fn a_name_that_is_not_there_leads_to_one_that_is() {
        let hint = |name: &str| unknown(name).diagnostics[0].hints[0].clone();
        assert_eq!(hint("aws_vcp"), "write `aws_vpc` if that is what you mean");
        assert_eq!(hint("vcp"), "write `aws_vpc` if that is what you mean");
        assert_eq!(hint("vpc"), "write `aws_vpc` if that is what you mean");
        assert_eq!(hint("web_acl"), "write `aws_wafv2_web_acl` if that is what you mean");
        assert_eq!(hint("google_compute_instance"), "run `infra docs` for the list of all");
    }
}
