//! A dashboard, compared by meaning.
//!
//! API: PutDashboard, GetDashboard, DeleteDashboards.

use infra_sdk::kind::Problem;
use infra_sdk::{Arn, Json, Object, Outputs, Resource};

use crate::rules::{NameRule, Rules};

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_cloudwatch_dashboard", outputs = DashboardOutputs, validate = validate)]
pub struct Dashboard {
    /// Name, unique in the account, at most 255 characters.
    #[field(force_new)]
    pub dashboard_name: String,
    /// The widgets, as the CloudWatch user guide describes them: `{"widgets": […]}`.
    pub dashboard_body: Json,
}

/// What AWS assigns to a [`Dashboard`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct DashboardOutputs {
    /// The dashboard's name.
    pub id: String,
    /// The dashboard's ARN.
    pub dashboard_arn: Arn<Dashboard>,
}

/// Source: CloudWatch API Reference, PutDashboard.
const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 255,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, hyphens and underscores",
};

fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    rules.follows("dashboard_name", &NAMES);
    let body = rules.text("dashboard_body");
    if let Some(body) = body.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()) {
        let widgets = body["widgets"].as_array();
        if widgets.is_none_or(|widgets| widgets.len() > 500) {
            rules.refuse("dashboard_body", "must have a list `widgets` of at most 500");
        }
    }
    rules.finish()
}

#[cfg(feature = "provider")]
mod handler {
    use super::*;
    use crate::prelude::*;

    const OPERATIONS: &[&str] =
        &["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"];
    /// The code of the protocol of old, and that of now.
    const GONE: &[&str] = &["DashboardNotFoundError", "ResourceNotFound"];

    impl Handler for Dashboard {
        const CALLS: Calls = Calls {
            // A dashboard has no tags: one of the name that reads as wanted is the one.
            class: CreateClass::Relation,
            create: "cloudwatch:PutDashboard",
            operations: OPERATIONS,
            actions: OPERATIONS,
            // Its body may name metrics that nothing sends yet. Source: "Dashboard body structure".
            loose: &["dashboard_body"],
            gone: GONE,
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            put(aws, want).await?;
            Ok(want.dashboard_name.clone())
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move { see(aws, &item.id).await.map(Some) }).await
        }

        async fn update(aws: &Aws, _: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
            put(aws, want).await
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            aws.call(|| aws.cloudwatch().delete_dashboards().dashboard_names(id).send())
                .await
                .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = want.dashboard_name.as_str();
            let found = absent(see(aws, name).await.map(Some), GONE)?;
            Ok(found.map(|_| name.to_owned()).into_iter().collect())
        }
    }

    async fn put(aws: &Aws, want: &Dashboard) -> Result<()> {
        // Remarks of CloudWatch come with a success: the dashboard is kept as it was given.
        aws.call(|| {
            let call = aws.cloudwatch().put_dashboard().dashboard_name(&want.dashboard_name);
            call.dashboard_body(&want.dashboard_body.0).send()
        })
        .await
        .map(drop)
    }

    async fn see(aws: &Aws, id: &str) -> Result<Seen<Dashboard>> {
        let answer =
            aws.call(|| aws.cloudwatch().get_dashboard().dashboard_name(id).send()).await?;
        let inputs = Dashboard {
            dashboard_name: id.to_owned(),
            dashboard_body: Json(answer.dashboard_body.ok_or_else(|| missing("DashboardBody"))?),
        };
        let arn = answer.dashboard_arn.ok_or_else(|| missing("DashboardArn"))?;
        let outputs = DashboardOutputs { id: id.to_owned(), dashboard_arn: Arn::new(arn) };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    fn dashboard(stack: &mut infra_sdk::Stack, name: &str, text: &str) {
        let widget = serde_json::json!({
            "type": "text", "x": 0, "y": 0, "width": 6, "height": 3,
            "properties": { "markdown": text },
        });
        let body = Json(serde_json::json!({ "widgets": [widget] }).to_string());
        stack.add("it", Dashboard::new(name, body));
    }

    conforms!(
        aws_cloudwatch_dashboard,
        Fixture {
            base: |stack, name| dashboard(stack, name, "one"),
            update: Some(|stack, name| dashboard(stack, name, "two")),
            replace: Some(|stack, name| dashboard(stack, &format!("{name}-other"), "two")),
            gaps: &[],
        }
    );
}
