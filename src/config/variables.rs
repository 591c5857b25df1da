//! `--var NAME=VALUE`: settings from the command line.
//!
//! The main type is [`Variable`]. Its value is text; the stack parses it as what the setting is.

use std::str::FromStr;

use infra_sdk::Diagnostic;
use infra_sdk::settings::{Origin, SettingNode, SettingValue, unknown_setting};

use crate::config::settings::Nodes;

/// One `--var`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// The dotted name of the setting, by segments.
    path: Vec<String>,
    /// What it is set to.
    value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
        let path: Vec<_> = name.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err("the name before `=` is empty or has an empty part".to_owned());
        }
        Ok(Self { path, value: value.to_owned() })
    }
}

impl Variable {
    /// The dotted name of the setting.
    pub(crate) fn name(&self) -> String {
        self.path.join(".")
    }

    /// What it is set to, as it was written.
    pub(crate) fn value(&self) -> &str {
        &self.value
    }

    /// Sets it, over whatever a file says.
    pub(crate) fn apply(&self, nodes: &mut Nodes) {
        let Some((last, tables)) = self.path.split_last() else { return };
        let mut nodes = nodes;
        for name in tables {
            let node = nodes.entry(name.clone()).or_insert_with(table);
            if !matches!(node.value, SettingValue::Table(_)) {
                *node = table();
            }
            let SettingValue::Table(inner) = &mut node.value else { return };
            nodes = inner;
        }
        let value = SettingValue::Text(self.value.clone());
        nodes.insert(last.clone(), SettingNode { value, origin: Origin::Argument });
    }

    /// Whether this is what a program says about this variable when its stack has no such setting.
    pub(crate) fn is_refused_by(&self, diagnostic: &Diagnostic) -> bool {
        (1..=self.path.len()).any(|length| {
            let expected = unknown_setting(&self.path[..length].join("."), &table(), &[]);
            diagnostic.location.is_none()
                && diagnostic.code == expected.code
                && diagnostic.detail == expected.detail
        })
    }
}

fn table() -> SettingNode {
    SettingNode { value: SettingValue::Table(Nodes::new()), origin: Origin::Argument }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_name_reaches_into_tables() {
        let mut nodes = Nodes::new();
        let variable: Variable = "database.class=db=x".parse().expect("valid");
        variable.apply(&mut nodes);
        let SettingValue::Table(inner) = &nodes["database"].value else { panic!("a table") };
        assert_eq!(inner["class"].value, SettingValue::Text("db=x".to_owned()));
        assert!("x".parse::<Variable>().is_err());
        assert!("=x".parse::<Variable>().is_err());
        assert!("a..b=x".parse::<Variable>().is_err());
    }

    #[test]
    fn a_refusal_is_told_from_other_diagnostics() {
        let variable: Variable = "database.class=x".parse().expect("valid");
        let refusal = |path: &str| unknown_setting(path, &table(), &["zones"]);
        assert!(variable.is_refused_by(&refusal("database")));
        assert!(variable.is_refused_by(&refusal("database.class")));
        assert!(!variable.is_refused_by(&refusal("class")));
        assert!(!variable.is_refused_by(&Diagnostic::error("settings::type", "no")));
    }
}
