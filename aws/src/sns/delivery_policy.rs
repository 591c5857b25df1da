//! How deliveries are tried again, as JSON. SNS shows a policy with everything that it can have:
//! `null`, `false` and 0 where nothing was said.
//!
//! The main type is [`DeliveryPolicyJson`].

use infra_sdk::kind::Text;
use infra_sdk::{
    DecodeError, Expr, FieldType, IntoInput, IntoText, Json, Kind, Output, Scope, Value,
};
use serde_json::Value as Data;

use crate::iam::names::text_types;

text_types! {
    /// How deliveries are tried again, as JSON. What is `null`, `false` or 0 is as if it was left
    /// out.
    DeliveryPolicyJson(DELIVERY_POLICY = Text { name: "SNS delivery policy", check, canonical });
}

impl<R: Scope> IntoInput<DeliveryPolicyJson, R> for Json {
    fn into_expr(self) -> Expr {
        Expr::Value(Value::String(self.0))
    }
}

fn check(text: &str) -> Result<(), String> {
    match serde_json::from_str(text) {
        Ok(Data::Object(policy)) if policy.is_empty() => {
            Err("says nothing: leave it out".to_owned())
        }
        Ok(Data::Object(_)) => Ok(()),
        Ok(_) => Err("must be a JSON object".to_owned()),
        Err(error) => Err(format!("must be JSON: {error}")),
    }
}

fn canonical(text: &str) -> String {
    let Ok(mut policy) = serde_json::from_str(text) else { return text.to_owned() };
    strip(&mut policy);
    policy.to_string()
}

/// Takes out what says nothing.
fn strip(value: &mut Data) {
    let Some(fields) = value.as_object_mut() else { return };
    fields.values_mut().for_each(strip);
    fields.retain(|_, value| match value {
        Data::Null | Data::Bool(false) => false,
        Data::Number(number) => number.as_f64() != Some(0.0),
        Data::Object(fields) => !fields.is_empty(),
        _ => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sns_fills_in_says_nothing() {
        let same =
            |a: &str, b: &str| DeliveryPolicyJson::KIND.same(&Value::from(a), &Value::from(b));
        let short = r#"{"healthyRetryPolicy": {"numRetries": 3}}"#;
        let long = r#"{"healthyRetryPolicy":{"numRetries":3,"numNoDelayRetries":0,
            "backoffFunction":null},"sicklyRetryPolicy":null,"throttlePolicy":{},"guaranteed":false}"#;
        assert!(same(short, long));
        assert!(!same(short, &long.replace("false", "true")));
        assert!(!same(short, &long.replace(":3", ":4")));
        assert_eq!(check(short), Ok(()));
        for wrong in ["{", "[]", "{}"] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
