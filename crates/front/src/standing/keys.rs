//! Keys of KMS that are disabled or to be deleted.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::{AwsError, Call, Front, Scope};

/// Calls that use a key, and those that only an enabled key takes.
const USES: &[&str] = &[
    "CreateGrant",
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "DisableKeyRotation",
    "EnableKeyRotation",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetPublicKey",
    "ReEncrypt",
    "RotateKeyOnDemand",
    "Sign",
    "Verify",
    "VerifyMac",
];
/// Calls that a key takes unless it is to be deleted.
const CHANGES: &[&str] = &[
    "CreateAlias",
    "DisableKey",
    "EnableKey",
    "ReplicateKey",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
];
/// A call that only a key takes that is to be deleted.
const CANCELS: &str = "CancelKeyDeletion";
/// The ciphertexts of upstreams begin with the id of the key, a UUID.
const ID: usize = 36;

pub(super) fn watches(operation: &str) -> bool {
    USES.contains(&operation) || CHANGES.contains(&operation) || operation == CANCELS
}

pub(super) async fn refuses(front: &Front, call: &Call) -> Option<AwsError> {
    for key in keys(call) {
        let account = key.split(':').nth(4).unwrap_or(call.account());
        let region = key.split(':').nth(3).unwrap_or(call.region());
        let session = front.as_service(&Scope::new(account, region));
        let asked = json!({ "KeyId": key });
        let Ok(told) = session.json("kms", "TrentService.DescribeKey", asked).await else {
            continue;
        };
        let of = |name: &str| told["KeyMetadata"][name].as_str().unwrap_or_default();
        if let Some(error) = refused(&call.operation, of("Arn"), of("KeyState")) {
            return Some(error);
        }
    }
    None
}

/// The words of the page's table. KMS answers 400 to everything that is the client's fault.
fn refused(operation: &str, arn: &str, state: &str) -> Option<AwsError> {
    let is_leaving = state == "PendingDeletion";
    let (code, is) = match operation {
        CANCELS if !is_leaving => ("KMSInvalidStateException", "is not pending deletion"),
        CANCELS => return None,
        _ if is_leaving => ("KMSInvalidStateException", "is pending deletion"),
        _ if state == "Disabled" && USES.contains(&operation) => {
            ("DisabledException", "is disabled")
        }
        _ => return None,
    };
    Some(AwsError::new(400, code, format!("{arn} {is}.")))
}

/// The keys that a call names, or whose ciphertext it has.
fn keys(call: &Call) -> Vec<String> {
    let text = |name: &str| call.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let names: &[&str] = match call.operation.as_str() {
        "ReEncrypt" => &["SourceKeyId", "DestinationKeyId"],
        "CreateAlias" | "UpdateAlias" => &["TargetKeyId"],
        _ => &["KeyId"],
    };
    let mut found: Vec<String> = names.iter().filter_map(|name| text(name)).collect();
    if text("KeyId").is_none() && text("SourceKeyId").is_none() {
        found.extend(text("CiphertextBlob").and_then(|blob| key_of(&blob)));
    }
    found
}

fn key_of(ciphertext: &str) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(ciphertext).ok()?;
    let id = std::str::from_utf8(bytes.get(..ID)?).ok()?;
    let is_uuid = id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_uuid.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_page_decides() {
        let code = |operation: &str, state: &str| {
            refused(operation, "arn:k", state)
                .map(|error| format!("{}: {}", error.code, error.message))
        };
        let disabled = Some("DisabledException: arn:k is disabled.".to_owned());
        let leaving = Some("KMSInvalidStateException: arn:k is pending deletion.".to_owned());
        assert_eq!(code("Encrypt", "Enabled"), None);
        assert_eq!((code("Encrypt", "Disabled"), code("EnableKey", "Disabled")), (disabled, None));
        assert_eq!(
            (code("Decrypt", "PendingDeletion"), code("EnableKey", "PendingDeletion")),
            (leaving.clone(), leaving)
        );
        assert_eq!(code("CancelKeyDeletion", "PendingDeletion"), None);
        assert!(code("CancelKeyDeletion", "Disabled").is_some());
        assert!(!watches("DescribeKey") && !watches("PutKeyPolicy"));
    }

    #[test]
    fn a_ciphertext_tells_its_key_or_nothing() {
        let id = "ca5fb662-7cf5-4ad7-86a8-e7eaa04daa9d";
        assert_eq!(key_of(&BASE64_STANDARD.encode(format!("{id}\u{1}rest"))).as_deref(), Some(id));
        for other in ["", "x", "AAAA", &BASE64_STANDARD.encode([255; 60])] {
            assert_eq!(key_of(other), None);
        }
    }
}
