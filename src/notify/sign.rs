//! The signature of a webhook: `Backburn-Signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256
//! of `SECONDS.BODY`. Owns the header; docs/configuration.md shows how it is verified.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Name of the header.
pub(crate) const HEADER: &str = "Backburn-Signature";

/// The header's value for a body that is sent at `seconds` since 1970.
pub(crate) fn signature(key: &[u8], seconds: i64, body: &[u8]) -> String {
    let hex = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(format!("{seconds}.").as_bytes());
            mac.update(body);
            let bytes = mac.finalize().into_bytes();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
        // HMAC takes keys of every length.
        Err(_) => String::new(),
    };
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against another implementation: `printf '7.{}' | openssl dgst -sha256 -hmac key`.
    #[test]
    fn it_is_hmac_sha256_of_time_and_body() {
        let expected = "t=7,v1=77bc83bd1f40422311e47918b203449aecf84b02c1568bb1b570ac2a474cc2d8";
        let made = signature(b"key", 7, b"{}");
        assert!(made.starts_with("t=7,v1=") && made.len() == "t=7,v1=".len() + 64, "{made}");
        assert_ne!(made, signature(b"other", 7, b"{}"));
        assert_ne!(made, signature(b"key", 8, b"{}"));
        assert_eq!(made, expected);
    }
}
