//! Service, Region and access key of a request, from the credential scope of its signature.
//!
//! No signature is checked: local endpoints know no secrets. Header and presigned form as in
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>.

use hyper::{HeaderMap, header};
use percent_encoding::percent_decode_str;

/// The scope of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub access_key: String,
    pub region: String,
    /// Signing name.
    pub service: String,
    /// By query parameters rather than by header.
    pub is_presigned: bool,
}

const LONGEST: usize = 512;

/// `None` for anonymous requests and for signatures of an unknown shape.
pub(crate) fn signed(headers: &HeaderMap, query: &str) -> Option<Signed> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return by_header(value.to_str().ok()?, headers);
    }
    let raw = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    let credential = percent_decode_str(raw).decode_utf8().ok()?;
    scope(&credential, None, true)
}

fn by_header(value: &str, headers: &HeaderMap) -> Option<Signed> {
    let rest = value.strip_prefix("AWS4-")?;
    let credential = rest.split([' ', ',']).find_map(|part| part.strip_prefix("Credential="))?;
    // SigV4a names its Regions in a header of their own.
    let regions = headers.get("x-amz-region-set").and_then(|value| value.to_str().ok());
    scope(credential, regions, false)
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`, or without the Region for SigV4a. A key may hold slashes.
fn scope(credential: &str, regions: Option<&str>, is_presigned: bool) -> Option<Signed> {
    let mut parts = credential.rsplit('/');
    if credential.len() > LONGEST || parts.next() != Some("aws4_request") {
        return None;
    }
    let service = parts.next()?;
    let next = parts.next()?;
    let is_date = next.len() == 8 && next.bytes().all(|byte| byte.is_ascii_digit());
    let region = if is_date {
        let first = regions?.split(',').next()?.trim();
        if first.contains('*') { "us-east-1" } else { first }
    } else {
        parts.next()?;
        next
    };
    let mut key: Vec<&str> = parts.collect();
    key.reverse();
    let access_key = key.join("/");
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    (plain(service) && plain(region) && !access_key.is_empty()).then(|| Signed {
        access_key,
        region: region.to_owned(),
        service: service.to_ascii_lowercase(),
        is_presigned,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().expect("a header"))])
    }

    #[test]
    fn the_scope_of_a_header_is_read() {
        let headers = with(
            "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
        );
        let found = signed(&headers, "").expect("signed");
        assert_eq!(found.access_key, "AKIAEXAMPLE");
        assert_eq!((found.region.as_str(), found.service.as_str()), ("eu-west-1", "ec2"));
        assert!(!found.is_presigned);
    }

    #[test]
    fn the_scope_of_a_presigned_url_is_read() {
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request";
        let found = signed(&HeaderMap::new(), query).expect("signed");
        assert_eq!((found.access_key.as_str(), found.service.as_str()), ("test", "s3"));
        assert!(found.is_presigned);
    }

    #[test]
    fn sigv4a_has_its_region_in_a_header() {
        let mut headers = with(
            "AWS4-ECDSA-P256-SHA256 Credential=AKIA1/20260101/s3/aws4_request, SignedHeaders=host, Signature=0",
        );
        assert_eq!(signed(&headers, ""), None);
        headers.insert("x-amz-region-set", "eu-west-3,us-east-1".parse().expect("a header"));
        assert_eq!(signed(&headers, "").expect("signed").region, "eu-west-3");
    }

    #[test]
    fn other_shapes_are_no_signature() {
        for bad in [
            "",
            "Basic dGVzdA==",
            "AWS AKIA:sig",
            "AWS4-HMAC-SHA256 Credential=",
            "AWS4-HMAC-SHA256 Credential=a/b/c",
            "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/ec2/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us east/ec2/aws4_request",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/../aws4_request",
        ] {
            assert_eq!(signed(&with(bad), ""), None, "{bad}");
        }
    }
}
