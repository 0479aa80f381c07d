//! A CopySnapshot request signed for the Region of its source: what EC2 asks for when an encrypted
//! snapshot goes to another Region, and other SDKs add by themselves. Owns this one request only.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopySnapshot.html> (PresignedUrl),
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{Duration, SystemTime};

use aws_sdk_ec2::config::{Credentials, ProvideCredentials};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use jiff::Timestamp;

use crate::{
    aws::{Aws, partition},
    engine::{CallError, Class, World},
};

const CALL: &str = "ec2:CopySnapshot";
const VALID: Duration = Duration::from_hours(1);

/// The URL, valid for an hour; `None` for a custom endpoint, where no Region would check it.
pub(crate) async fn copy_snapshot(
    aws: &Aws,
    snapshot: &str,
    source_region: &str,
) -> Result<Option<String>, CallError> {
    if !aws.is_aws("ec2") {
        return Ok(None);
    }
    let expired = |text: &str| CallError::local(CALL, Class::Expired, text);
    let provider = aws.credentials().ok_or_else(|| expired("no credentials are configured"))?;
    let keys = provider.provide_credentials().await;
    let keys = keys.map_err(|e| expired(&format!("credentials cannot be loaded: {e}")))?;
    let now = aws.now().await?;
    url(keys, now, snapshot, source_region, &aws.scope().region).map(Some).map_err(|why| {
        CallError::local(CALL, Class::Invalid, format!("it cannot be signed: {why}"))
    })
}

fn url(
    keys: Credentials,
    now: Timestamp,
    snapshot: &str,
    from: &str,
    to: &str,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let suffix = partition::of_region(from).dns_suffix;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "CopySnapshot")
        .append_pair("DestinationRegion", to)
        .append_pair("SourceRegion", from)
        .append_pair("SourceSnapshotId", snapshot)
        .append_pair("Version", "2016-11-15")
        .finish();
    let mut request =
        hyper::Request::get(format!("https://ec2.{from}.{suffix}/?{query}")).body(())?;
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(VALID);
    let keys = keys.into();
    let params = v4::SigningParams::builder()
        .identity(&keys)
        .region(from)
        .name("ec2")
        .time(SystemTime::try_from(now)?);
    let params = params.settings(settings).build()?.into();
    let uri = request.uri().to_string();
    let body = SignableBody::Bytes(&[]);
    let signed = sign(SignableRequest::new("GET", uri, std::iter::empty(), body)?, &params)?;
    signed.into_parts().0.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let now = "2026-11-24T10:00:00Z".parse().expect("a time");
            let to = "eu-west-1";
            url(keys(token), now, "snap-0123456789abcdef0", "us-east-1", to).expect("signed")
        };
        let (plain, session) = (sign(None), sign(Some("tok/en+=")));
        assert_eq!(
            plain,
            "https://ec2.us-east-1.amazonaws.com/?Action=CopySnapshot&DestinationRegion=eu-west-1\
             &SourceRegion=us-east-1&SourceSnapshotId=snap-0123456789abcdef0&Version=2016-11-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261124%2Fus-east-1%2Fec2%2Faws4_request\
             &X-Amz-Date=20261124T100000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=1641222a217ca7777bc8ddb28256891092cd720b6f7f76a7a542b410b2fece4b"
        );
        let signature = "5b122eda294ced9198e7c589b6e521b2ac059a690722fb92dd69903b2cc2ff4e";
        assert!(session.contains(&format!("&X-Amz-Signature={signature}")), "{session}");
        assert!(session.contains("&X-Amz-Security-Token=tok%2Fen%2B%3D"), "{session}");
    }
}
