//! Tags by which what a run created is recognised, and the snapshots that carry them: following them,
//! and deleting them after a drill.

use std::time::Duration;

use aws_sdk_ec2::types;
use tokio::time::{Instant, sleep};

use super::{permissions::*, start_once::patiently};
use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG, TOKEN_TAG},
};

/// Tags for the creating call.
pub(crate) fn tags(kind: types::ResourceType, token: &Token) -> types::TagSpecification {
    let tag = |key: &str, value: &str| types::Tag::builder().key(key).value(value).build();
    types::TagSpecification::builder()
        .resource_type(kind)
        .tags(tag(RUN_TAG, &token.run))
        .tags(tag(STEP_TAG, &token.step))
        .tags(tag(TOKEN_TAG, &token.id))
        .build()
}

pub(crate) fn with_token(token: &Token) -> types::Filter {
    types::Filter::builder().name(format!("tag:{TOKEN_TAG}")).values(&token.id).build()
}

/// Snapshots with this token, sorted by id.
pub(crate) async fn find_snapshots(aws: &Aws, token: &Token) -> Result<Vec<String>, CallError> {
    let call = aws.ec2().describe_snapshots().owner_ids("self").filters(with_token(token));
    let page = |token| call.clone().set_next_token(token).send();
    let pages = Pages::new(DESCRIBE_SNAPSHOTS, page).all().await?;
    let found = pages.into_iter().flat_map(|page| page.snapshots.unwrap_or_default());
    let mut ids: Vec<_> = found.filter_map(|snapshot| snapshot.snapshot_id).collect();
    ids.sort();
    Ok(ids)
}

/// Where a set of snapshots stands, with an output made of them when all are complete.
pub(crate) async fn poll_snapshots<T>(
    aws: &Aws,
    ids: &[&str],
    output: impl FnOnce(Vec<types::Snapshot>) -> T,
) -> Result<Progress<T>, CallError> {
    let found = describe_snapshots(aws, ids).await?;
    Ok(progress(&found).map(|()| output(found)))
}

/// Describes snapshots by id. A new one may not be listed everywhere yet.
async fn describe_snapshots(aws: &Aws, ids: &[&str]) -> Result<Vec<types::Snapshot>, CallError> {
    patiently(|| async {
        let call = aws.ec2().describe_snapshots();
        let call = call.set_snapshot_ids(Some(ids.iter().map(ToString::to_string).collect()));
        let call = call.send().await.by(DESCRIBE_SNAPSHOTS)?;
        let found = call.snapshots.unwrap_or_default();
        if found.len() < ids.len() {
            let text = format!("{} of {} snapshots are listed", found.len(), ids.len());
            return Err(CallError::local(DESCRIBE_SNAPSHOTS.action, Class::Gone, text));
        }
        Ok(found)
    })
    .await
}

/// Deletes snapshots; those that are gone already count as deleted. All are tried before the first
/// error is returned.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSnapshot.html>
pub(crate) async fn delete_snapshots(aws: &Aws, ids: &[&str]) -> Result<(), CallError> {
    let mut result = Ok(());
    for id in ids {
        result = result.and(delete_snapshot(aws, id).await);
    }
    result
}

/// An image that was just deregistered may hold its snapshots a little longer.
async fn delete_snapshot(aws: &Aws, id: &str) -> Result<(), CallError> {
    let (started, patience) = (Instant::now(), aws.patience());
    loop {
        let call = aws.ec2().delete_snapshot().snapshot_id(id).send().await;
        match call.by(DELETE_SNAPSHOT) {
            Ok(_) => return Ok(()),
            Err(e) if e.class == Class::Gone => return Ok(()),
            Err(e)
                if e.code.as_deref() == Some("InvalidSnapshot.InUse")
                    && started.elapsed() + patience.longest < patience.deadline =>
            {
                sleep(patience.longest.max(Duration::from_millis(100))).await;
            }
            Err(e) => return Err(e),
        }
    }
}

/// Where a set of snapshots stands: as far as the slowest, failed when one failed.
fn progress(found: &[types::Snapshot]) -> Progress<()> {
    use types::SnapshotState::{Completed, Error};
    let failed: Vec<_> = found
        .iter()
        .filter(|snapshot| snapshot.state == Some(Error))
        .map(|snapshot| {
            let why = snapshot.state_message().unwrap_or("AWS gives no reason");
            format!("snapshot `{}`: {why}", snapshot.snapshot_id().unwrap_or_default())
        })
        .collect();
    if !failed.is_empty() {
        return Progress::Failed(failed.join("; "));
    }
    let done = found.iter().filter(|snapshot| snapshot.state == Some(Completed)).count();
    if done == found.len() {
        return Progress::Done(());
    }
    let percent = |s: &types::Snapshot| {
        let text = s.progress.as_deref().unwrap_or_default().trim_end_matches('%');
        text.parse::<u8>().unwrap_or_default().min(100)
    };
    Progress::Running {
        percent: found.iter().map(percent).min(),
        note: format!("{done} of {} snapshots complete", found.len()),
    }
}

#[cfg(test)]
mod tests {
    use types::SnapshotState::{Completed, Error, Pending};

    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn snapshot(state: types::SnapshotState, progress: &str) -> types::Snapshot {
        types::Snapshot::builder().snapshot_id("snap-1").state(state).progress(progress).build()
    }

    #[tokio::test]
    async fn one_snapshot_that_stays_does_not_keep_the_others() {
        let replay = Replay::default()
            .ec2_error("DeleteSnapshot", 403, "UnauthorizedOperation", "no")
            .ec2_error("DeleteSnapshot", 400, "InvalidSnapshot.NotFound", "gone")
            .xml(
                "DeleteSnapshot",
                "<DeleteSnapshotResponse><return>true</return></DeleteSnapshotResponse>",
            );
        let error = delete_snapshots(&aws(&replay), &["snap-1", "snap-2", "snap-3"]).await;
        assert_eq!(error.expect_err("the first").class, Class::Denied);
        assert_eq!(replay.actions().len(), 3);
        assert_eq!(delete_snapshots(&aws(&replay), &["snap-1"]).await, Ok(()));
    }

    /// EC2 filters page by page: one without a match may come before the one that has it.
    /// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination>
    #[tokio::test]
    async fn an_empty_page_with_a_token_is_not_the_end() {
        let page =
            |inner: &str| format!("<DescribeSnapshotsResponse>{inner}</DescribeSnapshotsResponse>");
        let replay = Replay::default()
            .xml("DescribeSnapshots", &page("<snapshotSet/><nextToken>more</nextToken>"))
            .xml(
                "DescribeSnapshots",
                &page("<snapshotSet><item><snapshotId>snap-1</snapshotId></item></snapshotSet>"),
            );
        let token = Token { run: "R".into(), step: "s".into(), id: "R-s".into() };
        let found = find_snapshots(&aws(&replay), &token).await;
        assert_eq!(found, Ok(vec!["snap-1".to_owned()]));
        assert!(replay.seen()[1].body.contains("NextToken=more"), "{:?}", replay.seen());
    }

    #[test]
    fn a_set_is_as_far_as_its_slowest() {
        let found = [snapshot(Pending, "40%"), snapshot(Completed, "100%"), snapshot(Pending, "")];
        let note = "1 of 3 snapshots complete".into();
        assert_eq!(progress(&found), Progress::Running { percent: Some(0), note });
        assert_eq!(progress(&[snapshot(Completed, "100%")]), Progress::Done(()));
    }

    #[test]
    fn one_failed_snapshot_fails_the_set() {
        let mut failed = snapshot(Error, "");
        failed.state_message = Some("key is disabled".into());
        let found = [snapshot(Completed, "100%"), failed];
        let text = "snapshot `snap-1`: key is disabled".into();
        assert_eq!(progress(&found), Progress::Failed(text));
    }
}
