//! Errors in answers, whatever protocol they came in. Reads; decides nothing.

use hyper::HeaderMap;
use serde_json::Value;

use crate::AwsError;
use crate::wire::Xml;

/// Code and message of an answer with a status of 400 or above.
pub(crate) fn error_of(status: u16, headers: &HeaderMap, body: &[u8]) -> AwsError {
    let text = String::from_utf8_lossy(body);
    let header = || Some(headers.get("x-amzn-errortype")?.to_str().ok()?.to_owned());
    let found = of_xml(&text).or_else(|| of_json(body, header()));
    let (code, message) = found.unwrap_or_else(|| {
        let start: String = text.chars().take(200).collect();
        // A page of markup says nothing to whoever reads the reason of a failed action.
        let said = match start.trim_start().starts_with('<') {
            true => format!(
                "The upstream answered HTTP status {status} with a page and no error of AWS."
            ),
            false => start,
        };
        (header().unwrap_or_else(|| format!("Http{status}")), said)
    });
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    AwsError::new(status, code, message)
}

fn of_xml(text: &str) -> Option<(String, String)> {
    let xml = Xml::parse(text)?;
    let error = xml.find("Error").unwrap_or(&xml);
    let code = error.get("Code")?.text.clone();
    Some((code, error.text("Message").to_owned()))
}

fn of_json(body: &[u8], header: Option<String>) -> Option<(String, String)> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    let code = text("__type").or(header).or_else(|| text("code"))?;
    Some((code, text("message").or_else(|| text("Message")).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_read() {
        let none = HeaderMap::new();
        let ec2 = b"<Response><Errors><Error><Code>A.B</Code><Message>m</Message></Error></Errors></Response>";
        assert_eq!(error_of(400, &none, ec2), AwsError::new(400, "A.B", "m"));
        let json = br#"{"__type":"com.amazonaws#NotFound","Message":"m"}"#;
        assert_eq!(error_of(404, &none, json), AwsError::new(404, "NotFound", "m"));
        let typed = HeaderMap::from_iter([(
            hyper::header::HeaderName::from_static("x-amzn-errortype"),
            "Bad:http://internal/".parse().expect("a header"),
        )]);
        assert_eq!(error_of(400, &typed, b"{\"message\":\"m\"}"), AwsError::new(400, "Bad", "m"));
        assert_eq!(error_of(502, &none, b"oops"), AwsError::new(502, "Http502", "oops"));
        let page = b"<!doctype html>\n<title>500 Internal Server Error</title>";
        let error = error_of(500, &none, page);
        assert_eq!(error.code, "Http500");
        assert!(!error.message.contains('<'), "{}", error.message);
    }
}
