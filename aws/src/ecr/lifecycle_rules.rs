//! Which images a repository keeps: rules in Rust, and the JSON that ECR takes, compared by meaning.
//!
//! The main types are [`LifecycleRules`] and [`LifecyclePolicyJson`].
//!
//! ```
//! use infra_aws::ecr::{Images, Keep, LifecycleRule, LifecycleRules};
//! use infra_sdk::Days;
//!
//! let rules = LifecycleRules::new()
//!     .rule(LifecycleRule::new(1, Images::Untagged, Keep::PushedWithin(Days(14))))
//!     .rule(LifecycleRule::new(2, Images::tagged("v"), Keep::Newest(30)));
//! ```

use std::collections::BTreeSet;

use infra_sdk::kind::Text;
use infra_sdk::{
    Days, DecodeError, Expr, FieldType, IntoInput, IntoText, Json, Kind, Output, Scope, Value,
};
use serde_json::{Value as Data, json};

use crate::iam::names::text_types;

text_types! {
    /// A lifecycle policy as JSON. The order of rules and of tags means nothing: rules have
    /// priorities.
    LifecyclePolicyJson(LIFECYCLE_POLICY = Text {
        name: "ECR lifecycle policy",
        check,
        canonical,
    });
}

impl<R: Scope> IntoInput<LifecyclePolicyJson, R> for Json {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self.0))
    }
}

impl<R: Scope> IntoInput<LifecyclePolicyJson, R> for LifecycleRules {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self.to_json()))
    }
}

/// Which images a repository keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifecycleRules(Vec<LifecycleRule>);

impl LifecycleRules {
    /// No rules yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule; at most 50.
    #[must_use]
    pub fn rule(mut self, rule: LifecycleRule) -> Self {
        self.0.push(rule);
        self
    }

    /// The rules as ECR takes them.
    #[must_use]
    pub fn to_json(&self) -> String {
        json!({ "rules": self.0.iter().map(LifecycleRule::data).collect::<Vec<_>>() }).to_string()
    }
}

/// A rule: which of certain images are kept; the others are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRule {
    priority: u32,
    description: Option<String>,
    images: Images,
    keep: Keep,
}

/// Which images a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Images {
    /// All. Its rule must have the highest priority number.
    Any,
    /// Those without a tag.
    Untagged,
    /// Those that have tags with all of these beginnings.
    Prefixes(Vec<String>),
    /// Those that have tags with all of these patterns, in which `*` stands for anything.
    Patterns(Vec<String>),
}

/// Which of the images are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// So many, the newest.
    Newest(u32),
    /// Those that were pushed within so many days.
    PushedWithin(Days),
    /// Those that were pulled within so many days.
    PulledWithin(Days),
}

impl Images {
    /// Images whose tags begin like this.
    #[must_use]
    pub fn tagged(prefix: impl Into<String>) -> Self {
        Self::Prefixes(vec![prefix.into()])
    }
}

impl LifecycleRule {
    /// A rule. Rules with lower numbers come first, and no two have the same.
    #[must_use]
    pub fn new(priority: u32, images: Images, keep: Keep) -> Self {
        Self { priority, description: None, images, keep }
    }

    /// What the rule is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    fn data(&self) -> Data {
        let mut selection = match &self.images {
            Images::Any => json!({ "tagStatus": "any" }),
            Images::Untagged => json!({ "tagStatus": "untagged" }),
            Images::Prefixes(tags) => json!({ "tagStatus": "tagged", "tagPrefixList": tags }),
            Images::Patterns(tags) => json!({ "tagStatus": "tagged", "tagPatternList": tags }),
        };
        let (kind, number) = match self.keep {
            Keep::Newest(count) => ("imageCountMoreThan", count),
            Keep::PushedWithin(days) => ("sinceImagePushed", days.0),
            Keep::PulledWithin(days) => ("sinceImagePulled", days.0),
        };
        selection["countType"] = kind.into();
        selection["countNumber"] = number.into();
        if kind.starts_with("since") {
            selection["countUnit"] = "days".into();
        }
        let action = json!({ "type": "expire" });
        let mut rule =
            json!({ "rulePriority": self.priority, "selection": selection, "action": action });
        if let Some(text) = &self.description {
            rule["description"] = text.as_str().into();
        }
        rule
    }
}

/// Source: ECR user guide, lifecycle policy properties and evaluation rules.
fn check(text: &str) -> Result<(), String> {
    let policy: Data =
        serde_json::from_str(text).map_err(|error| format!("must be JSON: {error}"))?;
    let rules = policy["rules"].as_array().ok_or("must have a list `rules`")?;
    if rules.is_empty() || rules.len() > 50 {
        return Err(format!("must have 1 to 50 rules, not {}", rules.len()));
    }
    let mut priorities = BTreeSet::new();
    let mut last = None;
    for (index, rule) in rules.iter().enumerate() {
        let wrong = |message: String| format!("rule {index}: {message}");
        let priority = rule["rulePriority"].as_u64().filter(|priority| *priority > 0);
        let priority = priority.ok_or_else(|| wrong("`rulePriority` must be from 1".to_owned()))?;
        if !priorities.insert(priority) {
            return Err(wrong(format!("`rulePriority` {priority} stands twice")));
        }
        check_selection(&rule["selection"]).map_err(wrong)?;
        if !matches!(rule["action"]["type"].as_str(), Some("expire" | "transition")) {
            return Err(wrong("`action` must have the type `expire` or `transition`".to_owned()));
        }
        if rule["selection"]["tagStatus"] == "any" && last.replace(priority).is_some() {
            return Err(wrong("only one rule can be about `any` images".to_owned()));
        }
    }
    match last {
        Some(any) if priorities.last() != Some(&any) => {
            Err("the rule about `any` images must have the highest `rulePriority`".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_selection(selection: &Data) -> Result<(), String> {
    let filled = |name: &str| selection[name].as_array().is_some_and(|tags| !tags.is_empty());
    let tags = [filled("tagPrefixList"), filled("tagPatternList")];
    match (selection["tagStatus"].as_str(), tags) {
        (Some("tagged"), [true, false] | [false, true])
        | (Some("untagged" | "any"), [false, false]) => {}
        (Some("tagged"), _) => {
            return Err("`tagged` images need just one of `tagPrefixList`, `tagPatternList`".into());
        }
        (Some("untagged" | "any"), _) => return Err("only `tagged` images have tags".into()),
        _ => return Err("`tagStatus` must be `tagged`, `untagged` or `any`".into()),
    }
    if selection["countNumber"].as_u64().is_none_or(|number| number == 0) {
        return Err("`countNumber` must be from 1".into());
    }
    let unit = selection["countUnit"].as_str();
    match (selection["countType"].as_str(), unit) {
        (Some("imageCountMoreThan"), None) => Ok(()),
        (Some("imageCountMoreThan"), Some(_)) => {
            Err("`countUnit` cannot be given with `imageCountMoreThan`".into())
        }
        (Some("sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned"), unit) => {
            let days = unit == Some("days");
            if days { Ok(()) } else { Err("`countUnit` must be `days`".into()) }
        }
        (other, _) => Err(format!(
            "`countType` must be `imageCountMoreThan`, `sinceImagePushed`, `sinceImagePulled` or \
             `sinceImageTransitioned`, not `{}`",
            other.unwrap_or_default()
        )),
    }
}

fn canonical(text: &str) -> String {
    let Ok(mut policy) = serde_json::from_str::<Data>(text) else { return text.to_owned() };
    if let Some(rules) = policy.get_mut("rules").and_then(Data::as_array_mut) {
        for rule in rules.iter_mut() {
            for name in ["tagPrefixList", "tagPatternList"] {
                let tags = rule.pointer_mut(&format!("/selection/{name}"));
                if let Some(tags) = tags.and_then(Data::as_array_mut) {
                    tags.sort_by_key(Data::to_string);
                }
            }
        }
        rules.sort_by_key(|rule| rule["rulePriority"].as_u64());
    }
    // serde_json keeps object keys sorted.
    policy.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> LifecycleRules {
        LifecycleRules::new()
            .rule(LifecycleRule::new(1, Images::Untagged, Keep::PushedWithin(Days(14))))
            .rule(LifecycleRule::new(2, Images::tagged("v"), Keep::Newest(30)).description("v"))
    }

    #[test]
    fn rules_are_written_as_ecr_takes_them() {
        let written: Data = serde_json::from_str(&two().to_json()).expect("JSON");
        let expected = json!({ "rules": [
            { "rulePriority": 1, "action": { "type": "expire" }, "selection": {
                "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days",
                "countNumber": 14 } },
            { "rulePriority": 2, "description": "v", "action": { "type": "expire" }, "selection": {
                "tagStatus": "tagged", "tagPrefixList": ["v"], "countType": "imageCountMoreThan",
                "countNumber": 30 } },
        ] });
        assert_eq!(written, expected);
        assert_eq!(check(&two().to_json()), Ok(()));
    }

    #[test]
    fn the_order_of_rules_and_tags_means_nothing() {
        let rule = |number: u32, tags: &[&str]| json!({ "rulePriority": number, "selection": { "tagPrefixList": tags } });
        let one = json!({ "rules": [rule(1, &["a", "b"]), rule(2, &["c"])] }).to_string();
        let other = json!({ "rules": [rule(2, &["c"]), rule(1, &["b", "a"])] }).to_string();
        assert_eq!(canonical(&one), canonical(&other));
        let third = json!({ "rules": [rule(1, &["c"]), rule(2, &["a", "b"])] }).to_string();
        assert_ne!(canonical(&one), canonical(&third));
    }

    #[test]
    fn what_ecr_would_refuse_is_refused() {
        let any = LifecycleRule::new(1, Images::Any, Keep::Newest(5));
        let rules = LifecycleRules::new().rule(any.clone());
        assert_eq!(check(&rules.to_json()), Ok(()));
        let after = LifecycleRule::new(2, Images::Untagged, Keep::Newest(5));
        let wrong = [
            rules.clone().rule(after),
            rules.clone().rule(any),
            LifecycleRules::new(),
            LifecycleRules::new().rule(LifecycleRule::new(0, Images::Any, Keep::Newest(1))),
            LifecycleRules::new().rule(LifecycleRule::new(1, Images::Any, Keep::Newest(0))),
            LifecycleRules::new().rule(LifecycleRule::new(
                1,
                Images::Prefixes(Vec::new()),
                Keep::Newest(1),
            )),
        ];
        for rules in wrong {
            assert!(check(&rules.to_json()).is_err(), "{rules:?}");
        }
        assert!(check("{").is_err());
    }
}
