//! A CloudTrail record as rules read it. Reads only.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A record, by the names of
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
pub(in super::super) struct Event<'a>(pub &'a Value);

impl<'a> Event<'a> {
    pub(crate) fn text(&self, pointer: &str) -> Option<&'a str> {
        self.0.pointer(pointer)?.as_str()
    }

    pub(crate) fn name(&self) -> &'a str {
        self.text("/eventName").unwrap_or_default()
    }

    pub(crate) fn source(&self) -> &'a str {
        self.text("/eventSource").unwrap_or_default()
    }

    pub(crate) fn error(&self) -> Option<&'a str> {
        self.text("/errorCode")
    }

    pub(crate) fn at(&self) -> Timestamp {
        let time = self.text("/eventTime").and_then(|text| text.parse().ok());
        time.unwrap_or_else(Timestamp::now)
    }

    /// Access key that signed it.
    pub(crate) fn key(&self) -> Option<&'a str> {
        self.text("/userIdentity/accessKeyId")
    }

    /// Whether AWS itself called, on somebody's behalf.
    pub(crate) fn is_by_service(&self) -> bool {
        self.text("/userIdentity/invokedBy").is_some()
            || self.text("/userIdentity/type") == Some("AWSService")
    }

    /// The caller's address; all names of the lab's own host are one.
    pub(crate) fn address(&self) -> Option<&'a str> {
        let address = self.text("/sourceIPAddress")?;
        Some(if matches!(address, "::1" | "localhost") { "127.0.0.1" } else { address })
    }

    /// A parameter of the request, whichever way its first letter is written.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a Value> {
        let parameters = self.0.get("requestParameters")?.as_object()?;
        parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn parameter_text(&self, name: &str) -> Option<&'a str> {
        self.parameter(name)?.as_str()
    }

    /// Name of the user or role that called, as findings write it.
    pub(crate) fn user(&self) -> String {
        let session = self.text("/userIdentity/sessionContext/sessionIssuer/userName");
        let name = session.or_else(|| self.text("/userIdentity/userName"));
        let arn = || self.text("/userIdentity/arn").and_then(|arn| arn.rsplit(['/', ':']).next());
        name.or_else(arn).unwrap_or("unknown").to_owned()
    }

    /// `accessKeyDetails`.
    pub(crate) fn access_key_details(&self) -> Value {
        json!({
            "accessKeyId": self.key().unwrap_or_default(),
            "principalId": self.text("/userIdentity/principalId").unwrap_or_default(),
            "userType": self.text("/userIdentity/type").unwrap_or("IAMUser"),
            "userName": self.user(),
        })
    }

    /// `service.action` of a call; `affected` is the resource it changed.
    pub(crate) fn action(&self, affected: &[(&str, &str)]) -> Value {
        let address = self.address().unwrap_or_default();
        let member = if address.contains(':') { "ipAddressV6" } else { "ipAddressV4" };
        let affected: serde_json::Map<String, Value> =
            affected.iter().map(|(kind, name)| ((*kind).to_owned(), json!(name))).collect();
        let mut call = json!({
            "api": self.name(),
            "callerType": "Remote IP",
            "serviceName": self.source(),
            "userAgent": self.text("/userAgent").unwrap_or_default(),
            "remoteIpDetails": {
                member: address,
                "organization": {"asn": "0", "asnOrg": "loopback", "isp": "loopback", "org": "backburn lab"},
                "country": {"countryName": ""},
                "city": {"cityName": ""},
                "geoLocation": {"lat": 0.0, "lon": 0.0},
            },
            "affectedResources": affected,
        });
        if let Some(error) = self.error() {
            call["errorCode"] = json!(error);
        }
        json!({"actionType": "AWS_API_CALL", "awsApiCallAction": call})
    }
}

#[cfg(test)]
pub(in super::super) mod tests {
    use super::*;

    /// A record of a user's call.
    pub(crate) fn record(name: &str, source: &str, parameters: Value) -> Value {
        json!({
            "eventVersion": "1.11",
            "eventTime": "2026-11-24T11:00:00Z",
            "eventName": name,
            "eventSource": format!("{source}.amazonaws.com"),
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "127.0.0.1",
            "userAgent": "aws-cli",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDAEXAMPLE", "userName": "mallory",
                "arn": "arn:aws:iam::111122223333:user/mallory", "accountId": "111122223333",
                "accessKeyId": "AKIAEXAMPLE000000001",
            },
            "requestParameters": parameters,
            "recipientAccountId": "111122223333",
        })
    }

    #[test]
    fn an_action_names_the_call_and_its_address() {
        let record = record("StopLogging", "cloudtrail", json!({"name": "main"}));
        let event = Event(&record);
        let action = event.action(&[("AWS::CloudTrail::Trail", "main")]);
        let call = &action["awsApiCallAction"];
        assert_eq!(
            (&call["api"], &call["serviceName"]),
            (&json!("StopLogging"), &json!("cloudtrail.amazonaws.com"))
        );
        assert_eq!(call["remoteIpDetails"]["ipAddressV4"], "127.0.0.1");
        assert_eq!(call["affectedResources"]["AWS::CloudTrail::Trail"], "main");
        assert_eq!(event.access_key_details()["userName"], "mallory");
        assert_eq!(event.parameter_text("Name"), Some("main"));
    }
}
