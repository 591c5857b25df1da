//! Rules between the arguments of a [`Policy`](super::Policy). Source: Application Auto Scaling API
//! Reference, PutScalingPolicy and the types of its configurations.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};

use super::metrics::PredefinedMetricType;
use super::policy::{AdjustmentType, PolicyType};
use super::scalable;
use crate::rules::{Rules, wrong_length};

const STEPS: &str = "step_scaling_policy_configuration";
const TRACKING: &str = "target_tracking_scaling_policy_configuration";

/// The rules of a policy.
pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    scalable::check(&mut rules);
    if let Some(wrong) = rules.text("name").and_then(|name| wrong_length(name, 1, 256)) {
        rules.refuse("name", wrong);
    }
    if let Some(kind) = rules.text("policy_type") {
        let steps = kind == PolicyType::StepScaling.as_str();
        let (with, without) = if steps { (STEPS, TRACKING) } else { (TRACKING, STEPS) };
        let because = format!("with the policy type `{kind}`");
        rules.required(&[with], &because);
        rules.without(&[without], &because);
    }
    let steps = inputs.get(STEPS).and_then(Value::as_map).and_then(|c| c.get("step_adjustment"));
    rules.blocks(STEPS, |rules| {
        let kind = rules.text("adjustment_type");
        if kind.is_some_and(|kind| kind != AdjustmentType::PercentChangeInCapacity.as_str()) {
            rules.without(&["min_adjustment_magnitude"], "unless the steps are percentages");
        }
        if let Some(wrong) = steps.and_then(wrong_steps) {
            rules.refuse("step_adjustment", wrong);
        }
    });
    rules.blocks(TRACKING, |rules| {
        let both = ["predefined_metric_specification", "customized_metric_specification"];
        rules.exactly_one(&both);
        rules.blocks(both[0], check_predefined);
        rules.blocks(both[1], check_customized);
    });
    rules.finish()
}

fn check_predefined(rules: &mut Rules<'_>) {
    let requests = PredefinedMetricType::AlbRequestCountPerTarget.as_str();
    match rules.text("predefined_metric_type") {
        Some(metric) if metric == requests => {
            rules.required(&["resource_label"], "with `ALBRequestCountPerTarget`");
        }
        Some(_) => rules.without(&["resource_label"], "without `ALBRequestCountPerTarget`"),
        None => {}
    }
    let label = rules.text("resource_label");
    if let Some(wrong) = label.and_then(|label| wrong_length(label, 1, 1023)) {
        rules.refuse("resource_label", wrong);
    }
}

fn check_customized(rules: &mut Rules<'_>) {
    rules.exactly_one(&["metric_name", "metrics"]);
    if rules.has("metrics") {
        let single = ["namespace", "dimensions", "statistic", "unit"];
        rules.without(&single, "with `metrics`");
    } else {
        rules.required(&["namespace", "statistic"], "with `metric_name`");
    }
    rules.blocks("metrics", |rules| {
        rules.exactly_one(&["expression", "metric_stat"]);
        let starts_well = |id: &str| {
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if rules.text("id").is_some_and(|id| !starts_well(id)) {
            rules.refuse("id", "must be a small letter, then letters, digits and underscores");
        }
    });
    let queries = rules.maps("metrics");
    if queries.is_empty() {
        return;
    }
    let flag = |query: &Object| query.get("return_data").cloned().unwrap_or(Value::Bool(true));
    let flags: Vec<_> = queries.iter().map(|query| flag(query)).collect();
    let count = flags.iter().filter(|flag| flag.as_bool() == Some(true)).count();
    if count != 1 && !flags.iter().any(Value::has_unknown) {
        rules.refuse("metrics", format!("must have `return_data` in just one, not in {count}"));
    }
    let mut ids: Vec<_> =
        queries.iter().filter_map(|query| query.get("id").and_then(Value::as_str)).collect();
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        rules.refuse("metrics", format!("must have ids of their own, not `{}` twice", pair[0]));
    }
}

/// What is wrong with steps: they have to follow on one another. Nothing is said while a bound is
/// not known.
fn wrong_steps(steps: &Value) -> Option<String> {
    if steps.has_unknown() {
        return None;
    }
    let bound = |step: &Object, name: &str, otherwise: f64| match step.get(name).map(Value::reveal)
    {
        #[expect(clippy::cast_precision_loss, reason = "differences of metrics are far below 2^52")]
        Some(Value::Int(number)) => *number as f64,
        Some(Value::Float(number)) => *number,
        _ => otherwise,
    };
    let mut steps: Vec<_> = steps
        .as_list()?
        .iter()
        .filter_map(Value::as_map)
        .map(|step| {
            let lower = bound(step, "metric_interval_lower_bound", f64::NEG_INFINITY);
            (lower, bound(step, "metric_interval_upper_bound", f64::INFINITY))
        })
        .collect();
    steps.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (first, last) = (steps.first()?, steps.last()?);
    if let Some((lower, upper)) = steps.iter().find(|(lower, upper)| lower >= upper) {
        return Some(format!("must have an upper bound over the lower one: {lower} to {upper}"));
    }
    if steps.iter().any(|(lower, upper)| lower.is_infinite() && upper.is_infinite()) {
        return Some("must have a lower bound, an upper bound, or both in each step".to_owned());
    }
    if let Some(pair) = steps.windows(2).find(|pair| pair[0].1.total_cmp(&pair[1].0).is_ne()) {
        let ((_, end), (start, _)) = (pair[0], pair[1]);
        return Some(format!("must not have gaps or overlaps: {end} is followed by {start}"));
    }
    if first.0.is_finite() && first.0 < 0.0 {
        return Some("must have a step without lower bound, since one is negative".to_owned());
    }
    if last.1.is_finite() && last.1 > 0.0 {
        return Some("must have a step without upper bound, since one is positive".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(entries: &[(&str, Value)]) -> Value {
        Value::Map(entries.iter().map(|(name, v)| ((*name).to_owned(), v.clone())).collect())
    }

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let Value::Map(inputs) = object(entries) else { return Vec::new() };
        validate(&inputs).into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_type_has_its_own_configuration() {
        let tracking = ("policy_type", Value::from("TargetTrackingScaling"));
        let predefined = |entries: &[(&str, Value)]| {
            let metric = ("predefined_metric_specification", object(entries));
            (TRACKING, object(&[metric]))
        };
        let cpu = ("predefined_metric_type", "ECSServiceAverageCPUUtilization".into());
        let requests = ("predefined_metric_type", "ALBRequestCountPerTarget".into());
        assert_eq!(check(&[tracking.clone(), predefined(std::slice::from_ref(&cpu))]), [""; 0]);
        assert_eq!(check(std::slice::from_ref(&tracking)), [TRACKING]);
        assert_eq!(
            check(&[("policy_type", "StepScaling".into()), predefined(&[cpu])]),
            [STEPS, TRACKING]
        );
        assert_eq!(
            check(&[tracking, predefined(&[requests])]),
            [format!("{TRACKING}.predefined_metric_specification.resource_label")]
        );
    }

    #[test]
    fn one_of_the_metrics_is_followed() {
        let metric = |id: &str, followed: bool| {
            let followed = ("return_data", Value::Bool(followed));
            object(&[("id", id.into()), ("expression", "a / b".into()), followed])
        };
        let metrics = |metrics: Vec<Value>| {
            let custom = object(&[("metrics", Value::List(metrics))]);
            let tracking = object(&[("customized_metric_specification", custom)]);
            check(&[("policy_type", "TargetTrackingScaling".into()), (TRACKING, tracking)])
        };
        let path = format!("{TRACKING}.customized_metric_specification.metrics");
        assert_eq!(metrics(vec![metric("a", true), metric("b", false)]), [""; 0]);
        assert_eq!(metrics(vec![metric("a", true), metric("b", true)]), [path.as_str()]);
        assert_eq!(metrics(vec![metric("a", true), metric("a", false)]), [path.as_str()]);
        assert_eq!(metrics(vec![metric("A", true)]), [format!("{path}[0].id")]);
    }

    #[test]
    fn steps_follow_on_one_another() {
        let step = |lower: Option<f64>, upper: Option<f64>| {
            let number = |number: Option<f64>| number.map_or(Value::Null, Value::Float);
            object(&[
                ("metric_interval_lower_bound", number(lower)),
                ("metric_interval_upper_bound", number(upper)),
            ])
        };
        let wrong = |steps: Vec<Value>| wrong_steps(&Value::List(steps)).is_some();
        let (zero, ten, twenty) = (Some(0.0), Some(10.0), Some(20.0));
        assert!(!wrong(vec![step(zero, None)]));
        assert!(!wrong(vec![step(None, zero)]));
        assert!(!wrong(vec![step(ten, None), step(zero, ten)]));
        assert!(wrong(vec![step(zero, ten)]));
        assert!(wrong(vec![step(None, None)]));
        assert!(wrong(vec![step(zero, ten), step(twenty, None)]));
        assert!(wrong(vec![step(zero, twenty), step(ten, None)]));
        assert!(wrong(vec![step(ten, zero)]));
        assert!(wrong(vec![step(Some(-10.0), zero)]));
        assert!(!wrong(vec![step(None, Some(-10.0)), step(Some(-10.0), zero)]));
    }
}
