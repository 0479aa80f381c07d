//! One answer of S3 that the upstream gives under another name than AWS. Owns its correction only.

use hyper::header::CONTENT_LENGTH;

use super::{Answer, Call, Front, StandIn};

/// moto's root element of GetBucketVersioning, and AWS's, which strict clients insist on.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html>
const ROOTS: (&str, &str) = ("GetBucketVersioningResponse", "VersioningConfiguration");

pub(crate) struct S3;

impl StandIn for S3 {
    fn service(&self) -> &'static str {
        "s3"
    }

    fn operations(&self) -> &'static [&'static str] {
        &["GetBucketVersioning"]
    }

    fn stands_in_for(&self) -> &'static [&'static str] {
        &[]
    }

    async fn answer(&self, call: &Call, front: &Front) -> Option<Answer> {
        Some(match front.forward(call).await {
            Answer::Raw { status, mut headers, body } => {
                let text = String::from_utf8_lossy(&body);
                if !text.contains(ROOTS.0) {
                    return Some(Answer::Raw { status, headers, body });
                }
                let body: bytes::Bytes = text.replace(ROOTS.0, ROOTS.1).into();
                headers.insert(CONTENT_LENGTH, body.len().into());
                Answer::Raw { status, headers, body }
            }
            other => other,
        })
    }
}
