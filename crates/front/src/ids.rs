//! Identifiers as AWS shapes them. Owns randomness; knows no service.

use ulid::Ulid;

/// 128 random bits; not for secrets.
pub(crate) fn random() -> u128 {
    // Each carries 80 random bits.
    let (high, low) = (Ulid::generate().random(), Ulid::generate().random());
    (high << 64) ^ low
}

/// A version 4 UUID, as request and event ids are.
pub(crate) fn uuid() -> String {
    let hex = format!("{:032x}", random());
    let variant = ["8", "9", "a", "b"][(random() % 4) as usize];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// `prefix` and `length` random letters and digits: `id("EXP", 22)`.
pub(crate) fn id(prefix: &str, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut text = prefix.to_owned();
    let mut bits = random();
    for place in 0..length {
        if place % 20 == 0 {
            bits = random();
        }
        text.push(char::from(ALPHABET[(bits % 36) as usize]));
        bits /= 36;
    }
    text
}

/// `prefix` and `length` random hexadecimal digits: `hex("snap-", 17)`.
pub(crate) fn hex(prefix: &str, length: usize) -> String {
    let mut text = prefix.to_owned();
    while text.len() < prefix.len() + length {
        text.push_str(&format!("{:016x}", random() as u64));
    }
    text.truncate(prefix.len() + length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shape_and_differ() {
        let one = uuid();
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_ne!(one, uuid());
        assert_eq!(id("EXP", 22).len(), 25);
        assert_eq!(hex("snap-", 17).len(), 22);
        assert_ne!(hex("", 40), hex("", 40));
    }
}
