//! ECS's UpdateClusterSettings, which moto knows by the name of UpdateCluster alone.
//!
//! API: UpdateClusterSettings.

use super::Desk;
use super::desk::Reply;

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation != "UpdateClusterSettings" {
        return Ok(None);
    }
    Ok(Some(desk.ask("ecs", "UpdateCluster", desk.tree.clone()).await?))
}
