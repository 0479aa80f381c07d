//! Check whether a bucket's own block of public access is on in all four parts, or lifted in all of them.
//!
//! Fails the step when it is not so within the given time. In a plan the block is read and held against nothing. A
//! bucket without a block of its own counts as lifted. The account's block, which may be stricter, is not looked at.
//!
//! ```yaml
//! is-open:
//!   uses: s3.check-public-access-block
//!   with:
//!     bucket: ${{ steps.bucket.bucket }}
//!     is: lifted
//! ```

use crate::{
    actions::{kit::*, until::until},
    aws::s3::{AccessBlock, PublicAccessBlock},
    playbook::types::{BucketName, Duration},
};

/// Inputs of `s3.check-public-access-block`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckPublicAccessBlock {
    pub bucket: BucketName,
    /// What it should be.
    pub is: BlockIs,
    /// How long it may take; at once when left out.
    #[serde(default)]
    pub within: Option<Duration>,
}

/// A block of which all parts are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BlockIs {
    /// All four parts are on.
    On,
    /// None of them is.
    Lifted,
}

/// Outputs of `s3.check-public-access-block`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Checked {
    /// `on`, `lifted` or `partly`.
    pub state: String,
}

impl Action for CheckPublicAccessBlock {
    const SPEC: Spec = spec! {
        "s3.check-public-access-block": "Check a bucket's block of public access";
        Verify;
        uses [fact PublicAccessBlock];
    };
    type Output = Checked;

    async fn run(&self, step: &Step<Aws>) -> Result<Checked, StepError> {
        let within = self.within.as_ref().map(Duration::as_std).unwrap_or_default();
        let block = PublicAccessBlock { bucket: self.bucket.to_string() };
        let want = match self.is {
            BlockIs::On => "on",
            BlockIs::Lifted => "lifted",
        };
        let why = format!("the public access block of `{}` should be {want}", self.bucket);
        let now = until(step, &block, within, &why, |now| word(now.as_ref()) == want).await?;
        let state = word(now.as_ref());
        if state == want || step.planning() {
            return Ok(Checked { state: state.into() });
        }
        Err(StepError::Failed(format!("{why}, but it is {state}")))
    }
}

fn word(block: Option<&AccessBlock>) -> &'static str {
    match block {
        Some(&AccessBlock::ALL) => "on",
        None | Some(&AccessBlock::NOTHING) => "lifted",
        Some(_) => "partly",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_which_one_part_is_off_is_neither() {
        let partly = AccessBlock { block_public_acls: false, ..AccessBlock::ALL };
        assert_eq!(word(Some(&partly)), "partly");
        assert_eq!(word(Some(&AccessBlock::ALL)), "on");
        assert_eq!((word(None), word(Some(&AccessBlock::NOTHING))), ("lifted", "lifted"));
    }
}
