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
        let call = aws.ebs().list_snapshot_blocks().snapshot_id(&self.snapshot);
        let call = call.max_results(10 * PAGE);
        let page = |token| call.clone().set_next_token(token).send();
        let (mut pages, mut count) = (Pages::new(LIST_SNAPSHOT_BLOCKS, page), 0);
        while let Some(page) = pages.next().await? {
            count += page.blocks().len() as u64;
        }
        Ok(count)
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
    /// Blocks that were written since the first snapshot, for snapshots of one lineage: the first page
    /// that holds any. EBS may answer empty pages before it, each with a token:
    /// <https://docs.aws.amazon.com/ebs/latest/APIReference/API_ListChangedBlocks.html>
    async fn changed(&self, aws: &Aws) -> Result<Page, CallError> {
        let call = aws
            .ebs()
            .list_changed_blocks()
            .first_snapshot_id(&self.first)
            .second_snapshot_id(&self.second)
            .starting_block_index(self.from)
            .max_results(PAGE);
        let page = |token| call.clone().set_next_token(token).send();
        let mut pages = Pages::new(LIST_CHANGED_BLOCKS, page);
        let (mut blocks, mut block_size) = (BTreeMap::new(), 0);
        while let Some(page) = pages.next().await? {
            for block in page.changed_blocks.into_iter().flatten() {
                let index = self.index(LIST_CHANGED_BLOCKS, block.block_index)?;
                blocks.insert(index, (block.first_block_token, block.second_block_token));
            }
            block_size = page.block_size.unwrap_or(block_size);
            if !blocks.is_empty() {
                break;
            }
        }
        let next = if pages.more() { after(blocks.keys().next_back()) } else { None };
        Ok(Page { blocks, block_size, next })
    }

    /// A block that names no index, or one before those that were asked for, cannot be compared.
    fn index(&self, permission: Permission, index: Option<i32>) -> Result<i32, CallError> {
        index.filter(|index| *index >= self.from).ok_or_else(|| {
            let text = format!(
                "block {index:?} came where those from {} on were asked for, so the snapshots cannot be compared",
                self.from
            );
            CallError::local(permission.action, Class::Unknown, text)
        })
    }

    /// All blocks of both, for snapshots that have nothing to do with each other.
    async fn all(&self, aws: &Aws) -> Result<Page, CallError> {
        let ((first, size, more), (second, size_too, more_too)) =
            (self.list(aws, &self.first).await?, self.list(aws, &self.second).await?);
        let size = size.max(size_too);
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
        let call = call.starting_block_index(self.from).max_results(PAGE);
        let page = |token| call.clone().set_next_token(token).send();
        let mut pages = Pages::new(LIST_SNAPSHOT_BLOCKS, page);
        let (mut blocks, mut size) = (BTreeMap::new(), 0);
        while let Some(page) = pages.next().await? {
            for block in page.blocks.into_iter().flatten() {
                let index = self.index(LIST_SNAPSHOT_BLOCKS, block.block_index)?;
                blocks.insert(index, block.block_token.unwrap_or_default());
            }
            size = page.block_size.unwrap_or(size);
            if !blocks.is_empty() {
                break;
            }
        }
        Ok((blocks, size, pages.more()))
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
    use serde_json::json;

    use super::*;
    use crate::aws::replay::{Replay, aws};

    const CHANGED: &str = "GET /snapshots/snap-2/changedblocks";

    fn page(key: &str, blocks: &[i32], token: Option<&str>) -> String {
        let block = |index: &i32| json!({ "BlockIndex": index, "FirstBlockToken": "f", "SecondBlockToken": "s", "BlockToken": "t" });
        let blocks: Vec<_> = blocks.iter().map(block).collect();
        json!({ key: blocks, "BlockSize": 524_288, "NextToken": token, "VolumeSize": 1 })
            .to_string()
    }

    fn range(from: i32) -> BlockRange {
        BlockRange { first: "snap-1".into(), second: "snap-2".into(), from }
    }

    /// EBS looks at so many blocks and answers what it found there, which may be nothing.
    #[tokio::test]
    async fn an_empty_page_of_changed_blocks_is_not_the_end() {
        let changed = |blocks: &[i32], token| page("ChangedBlocks", blocks, token);
        let replay = Replay::default()
            .answer(CHANGED, 200, &changed(&[], Some("one")))
            .answer(CHANGED, 200, &changed(&[], Some("two")))
            .answer(CHANGED, 200, &changed(&[7], Some("three")));
        let found = range(0).changed(&aws(&replay)).await.expect("a page");
        assert_eq!(found.blocks.keys().copied().collect::<Vec<_>>(), [7]);
        assert_eq!(found.next, Some(8));
        let asked: Vec<_> = replay.seen().into_iter().map(|seen| seen.uri).collect();
        assert!(
            asked[1].contains("pageToken=one") && asked[2].contains("pageToken=two"),
            "{asked:?}"
        );
    }

    #[tokio::test]
    async fn a_list_of_changed_blocks_without_an_end_is_an_error() {
        let replay =
            Replay::default().answer(CHANGED, 200, &page("ChangedBlocks", &[], Some("one")));
        let error = range(0).read(&aws(&replay)).await.expect_err("it has no end");
        assert!(error.message.contains("that it named before"), "{error}");
        let back = page("ChangedBlocks", &[3], None);
        let replay = Replay::default().answer(CHANGED, 200, &back);
        let error = range(4).read(&aws(&replay)).await.expect_err("block 3 was not asked for");
        assert!(error.message.contains("those from 4 on"), "{error}");
    }

    /// Of snapshots with nothing in common, each list is followed to its first block.
    #[tokio::test]
    async fn an_empty_page_of_snapshot_blocks_is_not_the_end() {
        let of = |id: &str| format!("GET /snapshots/{id}/blocks");
        let (first, second) = (of("snap-1"), of("snap-2"));
        let blocks = |blocks: &[i32], token| page("Blocks", blocks, token);
        let refused = r#"{"Message":"not of one volume","Reason":"UNRELATED_SNAPSHOTS"}"#;
        let replay = Replay::default()
            .answer(CHANGED, 400, refused)
            .answer(&first, 200, &blocks(&[], Some("one")))
            .answer(&first, 200, &blocks(&[5], None))
            .answer(&second, 200, &blocks(&[], None));
        let found = range(0).all(&aws(&replay)).await.expect("a page");
        assert_eq!(found.blocks.keys().copied().collect::<Vec<_>>(), [5]);
        assert_eq!((found.next, found.block_size), (None, 524_288));
        let counted = SnapshotBlocks { snapshot: "snap-1".into() };
        let replay = Replay::default().answer(&first, 200, &blocks(&[], Some("one"))).answer(
            &first,
            200,
            &blocks(&[5, 6], None),
        );
        assert_eq!(counted.read(&aws(&replay)).await, Ok(2));
    }

    #[test]
    fn a_block_of_zeros_has_the_checksum_that_aws_sends() {
        assert_eq!(zeros(524_288), "B4VNL+8pega6gWheZgwzLeNtXRjVRpJ9MNqtbX/aFUE=");
    }
}
