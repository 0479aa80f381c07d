//! The content of snapshots, block by block, through the EBS direct APIs: how many blocks one holds,
//! and how many of them differ in another. No instance reads the disk.
//!
//! <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-accessing-snapshot.html>

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use futures::future::try_join_all;
use sha2::{Digest, Sha256};

use super::permissions::*;
use crate::aws::kit::*;

const PAGE: i32 = 1000;
/// Number of blocks read concurrently; EBS allows 1,000 a second.
const AT_ONCE: usize = 16;

fact! {
    /// How many blocks a snapshot holds. Blocks that were never written are in none.
    #[derive(PartialEq, Eq)]
    pub struct SnapshotBlocks {
        pub snapshot: String,
    }
    "ec2.snapshot-blocks" = u64, target "{snapshot}";
    reads [LIST_SNAPSHOT_BLOCKS];
}

impl Fact<Aws> for SnapshotBlocks {
    async fn read(&self, aws: &Aws) -> Result<u64, CallError> {
        let (mut count, mut token) = (0, None);
        loop {
            let call = aws.ebs().list_snapshot_blocks().snapshot_id(&self.snapshot);
            let call = call.max_results(10 * PAGE).set_next_token(token).send().await;
            let page = call.by(LIST_SNAPSHOT_BLOCKS)?;
            count += page.blocks.map_or(0, |blocks| blocks.len() as u64);
            token = page.next_token;
            if token.is_none() {
                return Ok(count);
            }
        }
    }
}

fact! {
    /// What differs between two snapshots, from one block on, for one page of blocks.
    #[derive(PartialEq, Eq)]
    pub struct BlockRange {
        pub first: String,
        pub second: String,
        /// Index of the first block to compare.
        pub from: i32,
    }
    "ec2.changed-blocks" = Compared, target "{first} {second} {from}";
    reads [LIST_CHANGED_BLOCKS, LIST_SNAPSHOT_BLOCKS, GET_SNAPSHOT_BLOCK, DECRYPT.at(KEYS)];
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    pub different: u64,
    /// Where the next page begins; none after the last.
    pub next: Option<i32>,
}

/// Tokens of one block in both snapshots.
type Tokens = (Option<String>, Option<String>);

struct Page {
    blocks: BTreeMap<i32, Tokens>,
    /// Bytes.
    block_size: i32,
    next: Option<i32>,
}

impl BlockRange {
    /// Blocks that were written since the first snapshot, for snapshots of one lineage.
    async fn changed(&self, aws: &Aws) -> Result<Page, CallError> {
        let call = aws
            .ebs()
            .list_changed_blocks()
            .first_snapshot_id(&self.first)
            .second_snapshot_id(&self.second)
            .starting_block_index(self.from)
            .max_results(PAGE);
        let page = call.send().await.by(LIST_CHANGED_BLOCKS)?;
        let block = |block: aws_sdk_ebs::types::ChangedBlock| {
            Some((block.block_index?, (block.first_block_token, block.second_block_token)))
        };
        let blocks: BTreeMap<_, _> =
            page.changed_blocks.into_iter().flatten().filter_map(block).collect();
        let next = page.next_token.and_then(|_| after(blocks.keys().next_back()));
        Ok(Page { blocks, block_size: page.block_size.unwrap_or_default(), next })
    }

    /// All blocks of both, for snapshots that have nothing to do with each other.
    async fn all(&self, aws: &Aws) -> Result<Page, CallError> {
        let ((first, size, more), (second, _, more_too)) =
            (self.list(aws, &self.first).await?, self.list(aws, &self.second).await?);
        // Only as far as both pages reach.
        let ends = [(more, &first), (more_too, &second)];
        let ends = ends.into_iter().filter(|(more, _)| *more);
        let last = ends.filter_map(|(_, page)| page.keys().next_back().copied()).min();
        let indices: BTreeSet<i32> = first.keys().chain(second.keys()).copied().collect();
        let blocks = indices.into_iter().filter(|index| last.is_none_or(|last| *index <= last));
        let of = |index: i32| (index, (first.get(&index).cloned(), second.get(&index).cloned()));
        Ok(Page { blocks: blocks.map(of).collect(), block_size: size, next: after(last.as_ref()) })
    }

    async fn list(
        &self,
        aws: &Aws,
        snapshot: &str,
    ) -> Result<(BTreeMap<i32, String>, i32, bool), CallError> {
        let call = aws.ebs().list_snapshot_blocks().snapshot_id(snapshot);
        let call = call.starting_block_index(self.from).max_results(PAGE).send().await;
        let page = call.by(LIST_SNAPSHOT_BLOCKS)?;
        let block =
            |block: aws_sdk_ebs::types::Block| Some((block.block_index?, block.block_token?));
        let blocks = page.blocks.into_iter().flatten().filter_map(block).collect();
        Ok((blocks, page.block_size.unwrap_or_default(), page.next_token.is_some()))
    }

    async fn differs(
        &self,
        aws: &Aws,
        index: i32,
        (first, second): &Tokens,
        zeros: &str,
    ) -> Result<bool, CallError> {
        let of = async |snapshot: &str, token: &Option<String>| match token {
            Some(token) => checksum(aws, snapshot, index, token).await,
            // What no snapshot holds reads as zeros.
            None => Ok(zeros.to_owned()),
        };
        Ok(of(&self.first, first).await? != of(&self.second, second).await?)
    }
}

fn after(last: Option<&i32>) -> Option<i32> {
    last.and_then(|last| last.checked_add(1))
}

/// SHA-256 of a block in base64, as AWS sends it; the block itself is not read to its end.
async fn checksum(aws: &Aws, snapshot: &str, index: i32, token: &str) -> Result<String, CallError> {
    let call = aws.ebs().get_snapshot_block().snapshot_id(snapshot);
    let call = call.block_index(index).block_token(token).send().await;
    let block = call.by(GET_SNAPSHOT_BLOCK)?;
    block.checksum.ok_or_else(|| {
        let text = format!("block {index} of snapshot `{snapshot}` came without its checksum");
        CallError::local(GET_SNAPSHOT_BLOCK.action, Class::Unknown, text)
    })
}

fn zeros(block_size: i32) -> String {
    let block = vec![0; usize::try_from(block_size).unwrap_or_default()];
    BASE64_STANDARD.encode(Sha256::digest(block))
}

impl Fact<Aws> for BlockRange {
    async fn read(&self, aws: &Aws) -> Result<Compared, CallError> {
        let page = match self.changed(aws).await {
            // Two snapshots of different volumes.
            Err(e) if e.class == Class::Invalid => self.all(aws).await?,
            other => other?,
        };
        let zeros = zeros(page.block_size);
        let blocks: Vec<_> = page.blocks.iter().collect();
        let mut different = 0;
        for some in blocks.chunks(AT_ONCE) {
            let each =
                some.iter().map(|(index, tokens)| self.differs(aws, **index, tokens, &zeros));
            different += try_join_all(each).await?.into_iter().filter(|differs| *differs).count();
        }
        Ok(Compared { different: different as u64, next: page.next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_zeros_has_the_checksum_that_aws_sends() {
        assert_eq!(zeros(524_288), "B4VNL+8pega6gWheZgwzLeNtXRjVRpJ9MNqtbX/aFUE=");
    }
}
