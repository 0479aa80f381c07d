//! One hash for a set of named contents, so that what was restored can be compared with what was there.
//! Owns the form: SHA-256 over the lines `name NUL hex-of-content-hash`, sorted by name.

use std::{collections::BTreeMap, fmt::Write};

use sha2::{Digest as _, Sha256};

/// Collects contents by name; the order of adding does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest(BTreeMap<String, String>);

impl Digest {
    pub fn add(&mut self, name: impl Into<String>, content: &[u8]) {
        self.add_hash(name, hex(&Sha256::digest(content)));
    }

    /// For content that was hashed while it was read.
    pub fn add_hash(&mut self, name: impl Into<String>, sha256: String) {
        self.0.insert(name.into(), sha256);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        let mut hash = Sha256::new();
        for (name, content) in &self.0 {
            hash.update(format!("{name}\0{content}\n"));
        }
        hex(&hash.finalize())
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `length` bytes that follow from `seed` alone: contents that need no journal.
pub fn generated(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    let mut block = 0_u64;
    while bytes.len() < length {
        bytes.extend_from_slice(&Sha256::digest(format!("{seed}\0{block}")));
        block += 1;
    }
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_count_and_their_order_does_not() {
        let of = |pairs: &[(&str, &str)]| {
            let mut digest = Digest::default();
            for (name, content) in pairs {
                digest.add(*name, content.as_bytes());
            }
            digest.hex()
        };
        let whole = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(whole, of(&[("b", "2"), ("a", "1")]));
        assert_ne!(whole, of(&[("a", "2"), ("b", "1")]));
        assert_ne!(whole, of(&[("a", "1")]));
        assert_eq!(whole.len(), 64);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::default().hex(), empty);
    }

    #[test]
    fn generated_content_follows_from_its_seed() {
        assert_eq!(generated("x", 100), generated("x", 100));
        assert_eq!(generated("x", 100)[..40], generated("x", 40));
        assert_ne!(generated("x", 40), generated("y", 40));
    }
}
