//! Rules between arguments that several RDS types share. Source: RDS API Reference.

use crate::rules::{MADE_SUFFIX, NameRule, Rules};

/// Characters of identifiers and of the names of parameter and option groups.
const IDENTIFIER: NameRule = NameRule {
    shortest: 1,
    longest: 63,
    allows: |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
    characters: "lower-case letters, digits and hyphens",
};

/// What RDS says about hyphens: a letter first, none at the end, no two of them.
fn hyphens(rules: &mut Rules<'_>, name: &str, is_prefix: bool) {
    let Some(text) = rules.text(name) else { return };
    let wrong = if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        "must start with a letter"
    } else if text.contains("--") {
        "must not have two hyphens in a row"
    } else if text.ends_with('-') && !is_prefix {
        "must not end with a hyphen"
    } else {
        return;
    };
    rules.refuse(name, wrong);
}

/// An identifier and the beginning of one that is made.
pub(super) fn identifiers(rules: &mut Rules<'_>, name: &'static str, prefix: &'static str) {
    rules.at_most_one(&[name, prefix]);
    rules.follows(name, &IDENTIFIER);
    rules.follows(prefix, &NameRule { longest: IDENTIFIER.longest - MADE_SUFFIX, ..IDENTIFIER });
    hyphens(rules, name, false);
    hyphens(rules, prefix, true);
}

/// The name of a parameter or option group, at most 255 characters.
pub(super) fn group_names(rules: &mut Rules<'_>) {
    let dots = |c: char| (IDENTIFIER.allows)(c) || c == '.';
    let characters = "lower-case letters, digits, hyphens and periods";
    rules.names(&NameRule { shortest: 1, longest: 255, allows: dots, characters });
    hyphens(rules, "name", false);
    hyphens(rules, "name_prefix", true);
    rules.names_not_from("default", "as the groups of AWS do");
}

/// The final snapshot: its name, unless none is made.
pub(super) fn final_snapshot(rules: &mut Rules<'_>) {
    let name = "final_snapshot_identifier";
    rules.follows(
        name,
        &NameRule {
            shortest: 1,
            longest: 255,
            allows: |c| c.is_ascii_alphanumeric() || c == '-',
            characters: "letters, digits and hyphens",
        },
    );
    hyphens(rules, name, false);
    if !rules.may_be_true("skip_final_snapshot") {
        rules.required(&[name], "unless `skip_final_snapshot` is true");
    }
}

/// Backup and maintenance windows must not overlap.
pub(super) fn windows(rules: &mut Rules<'_>, backup: &'static str, maintenance: &'static str) {
    if let (Some(daily), Some(weekly)) = (rules.text(backup), rules.text(maintenance))
        && super::windows::overlap(daily, weekly)
    {
        rules.refuse(maintenance, format!("must not overlap with `{backup}`, {daily}"));
    }
}

/// Enhanced Monitoring: an interval that there is, and a role for it.
pub(super) fn monitoring(rules: &mut Rules<'_>) {
    let interval = rules.number("monitoring_interval");
    if interval.is_some_and(|seconds| ![0, 1, 5, 10, 15, 30, 60].contains(&seconds)) {
        rules.refuse("monitoring_interval", "must be 0, 1, 5, 10, 15, 30 or 60 seconds");
    }
    match interval {
        Some(0) => rules.without(&["monitoring_role_arn"], "with a `monitoring_interval` of 0"),
        Some(_) => rules.required(&["monitoring_role_arn"], "with a `monitoring_interval`"),
        None => {}
    }
}

/// Performance Insights and Database Insights.
pub(super) fn insights(rules: &mut Rules<'_>) {
    let period = "performance_insights_retention_period";
    if let Some(days) = rules.number(period) {
        let months = days % 31 == 0 && (1..=23).contains(&(days / 31));
        if !(days == 7 || days == 731 || months) {
            rules.refuse(period, "must be 7, 731, or 31 times a number of months from 1 to 23");
        }
    }
    let enabled = "performance_insights_enabled";
    if !rules.may_be_true(enabled) {
        let because = "without `performance_insights_enabled`";
        rules.without(&[period, "performance_insights_kms_key_id"], because);
    }
    if rules.text("database_insights_mode") == Some("advanced") {
        if !rules.may_be_true(enabled) {
            rules.refuse(
                "database_insights_mode",
                "`advanced` needs `performance_insights_enabled`",
            );
        }
        // Source: RDS user guide, Database Insights: 15 months.
        match rules.number(period) {
            Some(days) if days < 465 => {
                rules.refuse(period, "must be at least 465 days with the mode `advanced`");
            }
            _ => rules.required(&[period], "with the mode `advanced`"),
        }
    }
}

/// The password of the master user: given or managed by RDS, and of characters that RDS takes.
pub(super) fn passwords(
    rules: &mut Rules<'_>,
    given: &str,
    write_only: &str,
    lengths: (usize, usize),
) {
    let both = [given, write_only];
    rules.at_most_one(&both);
    if rules.is_true("manage_master_user_password") {
        rules.without(&both, "with `manage_master_user_password`");
    } else if !rules.may_be_true("manage_master_user_password") {
        rules.without(&["master_user_secret_kms_key_id"], "without `manage_master_user_password`");
    }
    for name in both {
        let Some(password) = rules.text(name) else { continue };
        if let Some(wrong) = crate::rules::wrong_length(password, lengths.0, lengths.1) {
            rules.refuse(name, wrong);
        }
        // What the odd character is would tell a part of the password.
        if !password.chars().all(|c| (' '..='~').contains(&c) && !"/\"@".contains(c)) {
            rules.refuse(name, "must be printable ASCII without `/`, `\"` and `@`");
        }
    }
    let version = format!("{write_only}_version");
    if rules.has(&version) {
        rules.required(&[write_only], "with its version");
    }
}

/// What an engine writes logs of that can be exported. Source: RDS user guide, publishing logs.
pub(super) fn log_exports(rules: &mut Rules<'_>, offered: &[&str]) {
    let name = "enabled_cloudwatch_logs_exports";
    let odd: Vec<_> = rules.texts(name).into_iter().filter(|log| !offered.contains(log)).collect();
    if let Some(log) = odd.first() {
        let offered = offered.iter().map(|log| format!("`{log}`")).collect::<Vec<_>>().join(", ");
        rules.refuse(name, format!("`{log}` is no log of this engine, which has {offered}"));
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::{Object, Value};

    use super::*;

    fn problems(given: &[(&str, Value)], rule: fn(&mut Rules<'_>)) -> Vec<String> {
        let inputs = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let inputs: Object = inputs.collect();
        let mut rules = Rules::new(&inputs);
        rule(&mut rules);
        rules.finish().into_iter().map(|p| format!("{} {}", p.path, p.message)).collect()
    }

    #[test]
    fn identifiers_are_as_rds_takes_them() {
        let check = |name: &str, text: &str| {
            problems(&[(name, text.into())], |r| identifiers(r, "identifier", "identifier_prefix"))
        };
        assert_eq!(check("identifier", "main-1"), [""; 0]);
        assert_eq!(check("identifier_prefix", "main-"), [""; 0]);
        assert_eq!(check("identifier", "1main"), ["identifier must start with a letter"]);
        assert_eq!(check("identifier", "main-"), ["identifier must not end with a hyphen"]);
        assert_eq!(
            check("identifier", "ma--in"),
            ["identifier must not have two hyphens in a row"]
        );
        assert_eq!(check("identifier", "Main").len(), 1);
        assert_eq!(check("identifier_prefix", &"m".repeat(38)).len(), 1);
    }

    #[test]
    fn a_final_snapshot_has_a_name_unless_none_is_made() {
        let name = ("final_snapshot_identifier", Value::from("last"));
        assert_eq!(problems(&[name], final_snapshot), [""; 0]);
        assert_eq!(problems(&[("skip_final_snapshot", true.into())], final_snapshot), [""; 0]);
        assert_eq!(problems(&[("skip_final_snapshot", Value::Unknown)], final_snapshot), [""; 0]);
        assert_eq!(
            problems(&[("skip_final_snapshot", false.into())], final_snapshot),
            ["final_snapshot_identifier is required unless `skip_final_snapshot` is true"]
        );
    }

    #[test]
    fn monitoring_has_an_interval_and_a_role() {
        let interval = |seconds| ("monitoring_interval", Value::Int(seconds));
        let role = ("monitoring_role_arn", Value::Unknown);
        assert_eq!(problems(&[interval(0)], monitoring), [""; 0]);
        assert_eq!(problems(&[interval(60), role.clone()], monitoring), [""; 0]);
        assert_eq!(problems(&[interval(60)], monitoring).len(), 1);
        assert_eq!(problems(&[interval(2), role.clone()], monitoring).len(), 1);
        assert_eq!(problems(&[interval(0), role], monitoring).len(), 1);
    }

    #[test]
    fn insights_have_periods_and_modes() {
        let on = ("performance_insights_enabled", Value::Bool(true));
        let days = |days| ("performance_insights_retention_period", Value::Int(days));
        let mode = ("database_insights_mode", Value::from("advanced"));
        for right in [7, 31, 465, 713, 731] {
            assert_eq!(problems(&[on.clone(), days(right)], insights), [""; 0], "{right}");
        }
        for wrong in [8, 62 + 1, 744] {
            assert_eq!(problems(&[on.clone(), days(wrong)], insights).len(), 1, "{wrong}");
        }
        assert_eq!(problems(&[days(7)], insights).len(), 1);
        assert_eq!(problems(&[on.clone(), days(465), mode.clone()], insights), [""; 0]);
        assert_eq!(problems(&[on.clone(), days(7), mode.clone()], insights).len(), 1);
        assert_eq!(problems(&[on, mode.clone()], insights).len(), 1);
        assert_eq!(problems(&[mode], insights).len(), 2);
    }

    #[test]
    fn a_password_is_checked_and_never_shown() {
        let check = |text: &str| {
            let password = ("password", Value::from(text).sensitive());
            problems(&[password], |r| passwords(r, "password", "password_wo", (8, 41)))
        };
        assert_eq!(check("correct horse"), [""; 0]);
        assert_eq!(check("short"), ["password must have 8 to 41 characters, not 5"]);
        for odd in ["with@sign", "sla/shes", "quo\"tes!", "höflichkeit"] {
            let wrong = check(odd);
            assert_eq!(wrong, ["password must be printable ASCII without `/`, `\"` and `@`"]);
        }
        let managed = ("manage_master_user_password", Value::Bool(true));
        let given = ("password", Value::Unknown);
        let rule: fn(&mut Rules<'_>) = |r| passwords(r, "password", "password_wo", (8, 41));
        assert_eq!(problems(&[managed, given], rule).len(), 1);
        assert_eq!(problems(&[("password_wo_version", Value::Int(1))], rule).len(), 1);
    }
}
