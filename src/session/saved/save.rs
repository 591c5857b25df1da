//! Writing a saved plan.

use std::path::Path;

use infra_engine::Imprint;
use infra_sdk::store::Store;
use infra_sdk::{Address, Diagnostic};
use infra_state::plan_file::{PlanFile, PlanHeader, PlannedStack};

use super::content::Content;
use super::refused::RELEASE;
use crate::error::Result;
use crate::session::Planned;
use crate::session::clock::now;

/// Saves the plans of all stacks in one file, and which resources may be lost.
///
/// # Errors
/// When a state is not held, or the file cannot be written; then there is none.
pub(crate) fn save(planned: &Planned, accepted: &[Address], path: &Path) -> Result<()> {
    let refuse = |why: String| {
        Diagnostic::error("plan-file::write", "the plan cannot be saved")
            .detail(format!("`{}`: {why}", path.display()))
    };
    let environment = &planned.selection.environment;
    let mut stacks = Vec::new();
    let mut parts: Vec<(&dyn Store, Vec<u8>)> = Vec::new();
    for stack in &planned.stacks {
        let Some(store) = &stack.store else {
            return Err(refuse("the state is not held".to_owned()).into());
        };
        let (plan, cloud) = (&stack.plan, &planned.cloud);
        let imprint = Imprint::of(plan);
        let content =
            Content::new(cloud, environment, plan.serial, (&stack.goal, accepted), imprint);
        let bytes = serde_json::to_vec(&content).map_err(|error| refuse(error.to_string()))?;
        parts.push((&**store, bytes));
        stacks.push(PlannedStack { name: stack.name.clone(), lineage: plan.lineage.clone() });
    }
    let header = PlanHeader {
        release: RELEASE.to_owned(),
        environment: environment.name.clone(),
        stacks,
        made: now(),
    };
    let file = PlanFile::seal(header, &parts).map_err(|error| refuse(error.to_string()))?;
    file.write(path).map_err(|error| {
        refuse(error.to_string()).hint("name a file in a folder that is there and can be written")
    })?;
    Ok(())
}
