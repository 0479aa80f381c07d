//! The decoder against whole requests, and against requests that nobody should send.

use hyper::{HeaderMap, Method, Uri};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{Answer, AwsError};

const ROUTES: &[Route] = &[Route::new("POST", "/experiments", "StartExperiment")];

fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Head> {
    let headers: HeaderMap = headers
        .iter()
        .filter_map(|(name, value)| {
            Some((hyper::header::HeaderName::try_from(*name).ok()?, value.parse().ok()?))
        })
        .collect();
    let uri: Uri = uri.parse().ok()?;
    let method: Method = method.parse().ok()?;
    Head::read(&method, &uri, &headers, |_| ROUTES.to_vec())
}

fn by(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

#[test]
fn calls_of_every_protocol_are_understood() {
    let ec2 = by("ec2");
    let found = head("POST", "/", &[("authorization", &ec2), FORM]).expect("signed");
    assert!(found.is_named_by_body());
    let body = b"Action=StopInstances&Version=2016-11-15&InstanceId.1=i-1";
    let decoded = decode(&found, body).expect("decoded");
    assert_eq!(decoded, (Some("StopInstances".into()), json!({"InstanceId": ["i-1"]})));

    let target = ("x-amz-target", "AmazonSSM.SendCommand");
    let found = head("POST", "/", &[("authorization", &by("ssm")), target]).expect("signed");
    assert_eq!(found.operation.as_deref(), Some("SendCommand"));
    assert_eq!(decode(&found, b"{\"a\":1}").expect("decoded").1, json!({"a": 1}));
    assert_eq!(decode(&found, b"[1]").expect_err("no object").code, "SerializationException");

    let found = head("POST", "/experiments?x=1&x=2", &[("authorization", &by("fis"))]);
    let found = found.expect("signed");
    assert_eq!(found.operation.as_deref(), Some("StartExperiment"));
    assert_eq!(decode(&found, b"").expect("decoded").1, json!({"x": ["1", "2"]}));

    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm";
    let marked = ("smithy-protocol", "rpc-v2-cbor");
    let found =
        head("POST", path, &[("authorization", &by("monitoring")), marked]).expect("signed");
    assert_eq!(
        (found.protocol, found.operation.as_deref()),
        (Protocol::Cbor, Some("PutMetricAlarm"))
    );

    let found = head("PUT", "/bucket?policy", &[("authorization", &by("s3"))]).expect("signed");
    assert_eq!(found.operation.as_deref(), Some("PutBucketPolicy"));
    let found = head("POST", "/2015-03-31/functions/f/policy", &[("authorization", &by("lambda"))]);
    assert_eq!(found.expect("signed").operation.as_deref(), Some("AddPermission"));
    let account = ("x-amz-account-id", "1");
    let path = "/v20180820/configuration/publicAccessBlock";
    let found = head("DELETE", path, &[("authorization", &by("s3")), account]).expect("signed");
    assert_eq!(found.operation.as_deref(), Some("DeleteAccountPublicAccessBlock"));
    assert_eq!(head("GET", "/moto-api/", &[]).map(|head| head.protocol), None);
}

#[test]
fn errors_have_the_shape_of_their_protocol() {
    let error = || Answer::from(AwsError::new(400, "Throttling", "a < b").with("resourceId", "r"));
    let text = |protocol, service| {
        let bytes = render(error(), protocol, service, "Op", "ID");
        (bytes.headers, String::from_utf8_lossy(&bytes.body).into_owned())
    };
    let (_, ec2) = text(Protocol::Ec2, "ec2");
    assert!(ec2.ends_with("<Response><Errors><Error><Code>Throttling</Code><Message>a &lt; b</Message></Error></Errors><RequestID>ID</RequestID></Response>"));
    let (_, iam) = text(Protocol::Query, "iam");
    assert!(iam.contains("<Type>Sender</Type><Code>Throttling</Code>"), "{iam}");
    let (headers, fis) = text(Protocol::RestJson, "fis");
    assert_eq!(headers["x-amzn-errortype"], "Throttling");
    assert_eq!(fis, r#"{"message":"a < b","resourceId":"r"}"#);
    let (headers, ssm) = text(Protocol::Json11, "ssm");
    assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
    assert!(ssm.starts_with(r#"{"__type":"Throttling","message""#));
    let (_, s3) = text(Protocol::RestXml, "s3");
    assert!(s3.contains("<HostId>"));
}

#[test]
fn values_have_the_shape_of_their_protocol() {
    let value = json!({"Names": ["a"], "At": time(jiff::Timestamp::UNIX_EPOCH)});
    let body = |protocol, service| {
        let bytes = render(Answer::ok(value.clone()), protocol, service, "ListThings", "ID");
        String::from_utf8_lossy(&bytes.body).into_owned()
    };
    assert!(body(Protocol::Query, "iam").ends_with("<ListThingsResult><Names><member>a</member></Names><At>1970-01-01T00:00:00.000Z</At></ListThingsResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListThingsResponse>"));
    assert!(
        body(Protocol::Ec2, "ec2")
            .contains("<requestId>ID</requestId><Names><item>a</item></Names>")
    );
    assert_eq!(body(Protocol::Json11, "ssm"), r#"{"Names":["a"],"At":0}"#);
}

proptest! {
    #[test]
    fn no_request_makes_the_decoder_panic(
        service in "[a-z0-9-]{1,12}|ec2|iam|s3|ssm|fis|monitoring",
        method in "GET|PUT|POST|DELETE|HEAD|PATCH|X",
        uri in "/[ -~]{0,60}",
        credential in "[ -~]{0,60}",
        content in "[ -~]{0,40}|application/x-www-form-urlencoded",
        target in prop::option::of("[ -~]{0,30}"),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let good = by(&service);
        for authorization in [good.as_str(), credential.as_str()] {
            let mut headers = vec![("authorization", authorization), ("content-type", &content)];
            headers.extend(target.as_deref().map(|target| ("x-amz-target", target)));
            if let Some(head) = head(&method, &uri, &headers) {
                let _ = decode(&head, &body);
                let cbor = Head { protocol: Protocol::Cbor, ..head };
                let _ = decode(&cbor, &body);
            }
        }
        let _ = Xml::parse(&String::from_utf8_lossy(&body));
    }

    #[test]
    fn form_parameters_of_any_shape_are_read(body in "([A-C.0-2=&%]{0,200})") {
        let headers = [("authorization", &*by("ec2")), FORM];
        let head = head("POST", "/", &headers).expect("signed");
        prop_assert!(decode(&head, body.as_bytes()).is_ok());
    }
}
