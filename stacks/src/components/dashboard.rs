//! A dashboard of CloudWatch, made of widgets that draw metrics.

use std::collections::BTreeMap;

use infra_aws::cloudwatch::{Dashboard, DashboardHandle};
use infra_sdk::prelude::*;
use infra_sdk::{Expr, Function, Json, Value};

use super::metrics::Metric;

/// Seconds that one point stands for.
const PERIOD: i64 = 60;

/// Width and height of a widget; a dashboard is 24 wide, so two stand side by side.
const WIDTH: i64 = 12;
const HEIGHT: i64 = 6;

/// A picture of some metrics over time.
pub(crate) struct Widget {
    title: String,
    lines: Vec<(String, Metric)>,
}

impl Widget {
    /// A widget without lines.
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), lines: Vec::new() }
    }

    /// Adds a line, with what it is called.
    #[must_use]
    pub(crate) fn line(mut self, label: impl Into<String>, metric: Metric) -> Self {
        self.lines.push((label.into(), metric));
        self
    }
}

/// Declares a dashboard with these widgets, two in a row.
pub(crate) fn declare(stack: &mut Stack, name: &str, widgets: Vec<Widget>) -> DashboardHandle {
    let region = stack.region();
    let widgets = (0..).zip(widgets).map(|(index, widget)| widget.to_expr(index, &region));
    let body = map([("widgets", Expr::List(widgets.collect()))]);
    let body: Output<Json, Global> =
        Output::from_expr(Expr::Call(Function::JsonEncode, vec![body]));
    stack.add("dashboard", Dashboard::new(name, body))
}

impl Widget {
    /// Source: CloudWatch user guide, dashboard body structure and syntax.
    fn to_expr(&self, index: i64, region: &str) -> Expr {
        let lines = self.lines.iter().map(|(label, metric)| line(label, metric)).collect();
        let properties = map([
            ("title", text(&self.title)),
            ("region", text(region)),
            ("view", text("timeSeries")),
            ("period", number(PERIOD)),
            ("metrics", Expr::List(lines)),
        ]);
        map([
            ("type", text("metric")),
            ("x", number(index % 2 * WIDTH)),
            ("y", number(index / 2 * HEIGHT)),
            ("width", number(WIDTH)),
            ("height", number(HEIGHT)),
            ("properties", properties),
        ])
    }
}

/// Namespace, name, dimensions one after the other, and how it is drawn.
fn line(label: &str, metric: &Metric) -> Expr {
    let mut parts = vec![text(&metric.namespace), text(&metric.name)];
    for (dimension, value) in &metric.dimensions {
        parts.extend([text(dimension), value.expr().clone()]);
    }
    parts.push(map([("stat", text(metric.stat.word())), ("label", text(label))]));
    Expr::List(parts)
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::from(text))
}

fn number(number: i64) -> Expr {
    Expr::Value(Value::Int(number))
}

fn map<const N: usize>(entries: [(&str, Expr); N]) -> Expr {
    Expr::Map(BTreeMap::from(entries.map(|(name, value)| (name.to_owned(), value))))
}
