//! RDS: reboot instances, fail clusters over.

use serde_json::json;

use super::{Step, Trouble};

pub(super) async fn reboot(step: &Step) -> Result<(), Trouble> {
    let force = step.parameter("forceFailover") == Some("true");
    for (_, session, ids) in step.targets()? {
        for id in ids {
            let mut params = json!({ "DBInstanceIdentifier": id });
            if force {
                params["ForceFailover"] = true.into();
            }
            session.query("rds", "RebootDBInstance", params).await?;
        }
    }
    Ok(())
}

pub(super) async fn failover(step: &Step) -> Result<(), Trouble> {
    for (_, session, ids) in step.targets()? {
        for id in ids {
            let params = json!({ "DBClusterIdentifier": id });
            session.query("rds", "FailoverDBCluster", params).await?;
        }
    }
    Ok(())
}
