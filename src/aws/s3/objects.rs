//! The objects of a bucket that a run makes, as they are asked for: given as text, or generated from
//! the bucket's name. Owns their contents and limits; putting them there is the bucket's.

use std::collections::BTreeMap;

use crate::aws::{
    digest::{Digest, generated},
    kit::*,
};

/// Objects of one bucket.
const MOST: usize = 1_000;
/// Bytes of one bucket, so that writing, reading and restoring it take seconds.
const LARGEST: u64 = 64 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// Text by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<Generate>,
}

/// So many objects of so many bytes, `generated/00001.bin` and on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    pub count: u32,
    pub bytes: u32,
}

impl Objects {
    /// # Errors
    /// What is too much, in words.
    pub fn check(&self) -> Result<(), String> {
        let (count, each) =
            self.generate.map_or((0, 0), |g| (g.count as usize, u64::from(g.bytes)));
        let given: u64 = self.given.values().map(|text| text.len() as u64).sum();
        let (objects, bytes) = (self.given.len() + count, given + count as u64 * each);
        if objects > MOST || bytes > LARGEST {
            return Err(format!(
                "{objects} objects of {bytes} bytes together are too many; at most {MOST} objects and {LARGEST} bytes"
            ));
        }
        Ok(())
    }

    /// Keys, and how long each content is.
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        let given = self.given.iter().map(|(key, text)| (key.clone(), text.len() as u64));
        let bytes = self.generate.map_or(0, |g| u64::from(g.bytes));
        let generated = self.generated_keys().map(|key| (key, bytes));
        generated.chain(given).collect()
    }

    /// Content of one of [`Objects::sizes`]' keys. The bucket's name is the seed.
    pub fn content(&self, bucket: &str, key: &str) -> Vec<u8> {
        match (self.given.get(key), self.generate) {
            (Some(text), _) => text.clone().into_bytes(),
            (None, Some(generate)) => {
                generated(&format!("{bucket}/{key}"), generate.bytes as usize)
            }
            (None, None) => Vec::new(),
        }
    }

    /// Of the contents as they are asked for, without a call.
    pub fn digest(&self, bucket: &str) -> Digest {
        let mut digest = Digest::default();
        for key in self.sizes().into_keys() {
            let content = self.content(bucket, &key);
            digest.add(key, &content);
        }
        digest
    }

    fn generated_keys(&self) -> impl Iterator<Item = String> + use<> {
        let count = self.generate.map_or(0, |g| g.count);
        (1..=count).map(|nth| format!("generated/{nth:05}.bin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_follow_from_the_bucket_and_what_is_given_wins() {
        let given = BTreeMap::from([("generated/00002.bin".to_owned(), "mine".to_owned())]);
        let objects = Objects { given, generate: Some(Generate { count: 2, bytes: 10 }) };
        assert_eq!(objects.sizes().len(), 2);
        assert_eq!(objects.sizes()["generated/00002.bin"], 4);
        assert_eq!(objects.content("b", "generated/00002.bin"), b"mine");
        assert_eq!(objects.digest("b"), objects.digest("b"));
        assert_ne!(objects.digest("b"), objects.digest("c"));
    }

    #[test]
    fn there_is_a_limit() {
        let of = |count, bytes| {
            Objects { given: BTreeMap::new(), generate: Some(Generate { count, bytes }) }.check()
        };
        assert_eq!(of(1_000, 1_000), Ok(()));
        assert!(of(1_001, 1).is_err() && of(1_000, 1 << 20).is_err());
    }
}
