//! A CopySnapshot request signed for the Region of its source: what EC2 asks for when an encrypted
//! snapshot goes to another Region, and other SDKs add by themselves. Owns this one request only.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html> (PresignedUrl),
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use sha2::{Digest, Sha256};

use super::permissions::*;

use crate::aws::kit::*;

/// The URL, valid for an hour; `None` for a custom endpoint, where no Region would check it.
pub(crate) async fn copy_snapshot(
    aws: &Aws,
    snapshot: &str,
    source_region: &str,
) -> Result<Option<String>, CallError> {
    if aws.endpoint().is_some() {
        return Ok(None);
    }
    let expired = |text: &str| CallError::local(COPY_SNAPSHOT.action, Class::Expired, text);
    let provider = aws.credentials().ok_or_else(|| expired("no credentials are configured"))?;
    let keys = provider.provide_credentials().await;
    let keys = keys.map_err(|e| expired(&format!("credentials cannot be loaded: {e}")))?;
    let now = aws.now().await?.strftime("%Y%m%dT%H%M%SZ").to_string();
    Ok(Some(url(&keys, &now, snapshot, source_region, &aws.scope().region)))
}

fn url(keys: &Credentials, now: &str, snapshot: &str, from: &str, to: &str) -> String {
    let suffix = if from.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let host = format!("ec2.{from}.{suffix}");
    let day = now.get(..8).unwrap_or_default();
    let scope = format!("{day}/{from}/ec2/aws4_request");
    let mut query = vec![
        ("Action", "CopySnapshot".to_string()),
        ("DestinationRegion", to.to_string()),
        ("SourceRegion", from.to_string()),
        ("SourceSnapshotId", snapshot.to_string()),
        ("Version", "2016-11-15".to_string()),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_string()),
        ("X-Amz-Credential", format!("{}/{scope}", keys.access_key_id())),
        ("X-Amz-Date", now.to_string()),
        ("X-Amz-Expires", "3600".to_string()),
        ("X-Amz-SignedHeaders", "host".to_string()),
    ];
    if let Some(token) = keys.session_token() {
        // Keys stay in the order that the signature is made over.
        query.insert(9, ("X-Amz-Security-Token", token.to_string()));
    }
    let query: Vec<_> =
        query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    let query = query.join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest(b"")));
    let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let mut key = format!("AWS4{}", keys.secret_access_key()).into_bytes();
    for part in [day, from, "ec2", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex(&hmac(&key, text.as_bytes()));
    format!("https://{host}/?{query}&X-Amz-Signature={signature}")
}

/// RFC 2104 with SHA-256.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner =
        Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 3986: everything but unreserved characters.
fn encoded(value: &str) -> String {
    let byte = |b: u8| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(b).to_string()
        }
        _ => format!("%{b:02X}"),
    };
    value.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_follows_rfc_4231() {
        let tag = hmac(b"Jefe", b"what do ya want for nothing?");
        let want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&tag), want);
    }

    /// Compared with what botocore 1.x signs for the same request and time.
    #[test]
    fn the_url_is_what_botocore_signs() {
        let keys = |token: Option<&str>| {
            let token = token.map(Into::into);
            Credentials::new(
                "AKIAIOSFODNN7EXAMPLE",
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                token,
                None,
                "test",
            )
        };
        let sign = |token| {
            let url = url(
                &keys(token),
                "20261124T100000Z",
                "snap-0123456789abcdef0",
                "us-east-1",
                "eu-west-1",
            );
            url.rsplit_once("X-Amz-Signature=").expect("a signature").1.to_string()
        };
        assert_eq!(sign(None), "1641222a217ca7777bc8ddb28256891092cd720b6f7f76a7a542b410b2fece4b");
        assert_eq!(
            sign(Some("tok/en+=")),
            "5b122eda294ced9198e7c589b6e521b2ac059a690722fb92dd69903b2cc2ff4e"
        );
    }
}
