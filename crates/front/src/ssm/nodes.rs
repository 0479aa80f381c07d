//! Which instances count as managed nodes: those with an instance profile. Reads EC2; sends nothing.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::wire::{Xml, time};
use crate::{AwsError, Call, Session};

/// An instance with a profile.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub id: String,
    pub state: String,
    pub name: String,
    pub profile: String,
    pub address: String,
    pub host: String,
    pub is_windows: bool,
    pub tags: Vec<(String, String)>,
}

impl Node {
    /// `None` without a profile, and once terminated.
    fn read(xml: &Xml) -> Option<Self> {
        let profile = xml.text("iamInstanceProfile/arn").rsplit('/').next()?.to_owned();
        let state = xml.text("instanceState/name").to_owned();
        if profile.is_empty()
            || matches!(state.as_str(), "terminated" | "shutting-down" | "pending")
        {
            return None;
        }
        let tag = |x: &&Xml| (x.text("key").to_owned(), x.text("value").to_owned());
        let tags: Vec<(String, String)> = xml.all("tagSet/item").iter().map(tag).collect();
        let name =
            tags.iter().find(|(key, _)| key == "Name").map(|(_, v)| v.clone()).unwrap_or_default();
        Some(Self {
            id: xml.text("instanceId").into(),
            state,
            name,
            profile,
            address: xml.text("privateIpAddress").into(),
            host: xml.text("privateDnsName").into(),
            is_windows: xml.text("platform").eq_ignore_ascii_case("windows"),
            tags,
        })
    }

    pub(super) fn is_online(&self) -> bool {
        self.state == "running"
    }

    fn ping(&self) -> &'static str {
        if self.is_online() { "Online" } else { "ConnectionLost" }
    }

    fn platform(&self) -> &'static str {
        if self.is_windows { "Windows" } else { "Linux" }
    }

    /// Whether a target or filter fits: `InstanceIds`, `tag:KEY`, `tag-key`, `PingStatus` and the like.
    /// `None` for keys that are not known.
    pub(super) fn fits(&self, key: &str, values: &[String]) -> Option<bool> {
        let is = |text: &str| values.iter().any(|value| value == text);
        if let Some(wanted) = key.strip_prefix("tag:") {
            return Some(self.tags.iter().any(|(tag, value)| tag == wanted && is(value)));
        }
        match key {
            "InstanceIds" | "instanceids" => Some(is(&self.id)),
            "tag-key" => Some(self.tags.iter().any(|(tag, _)| is(tag))),
            "PingStatus" => Some(is(self.ping())),
            "PlatformTypes" => Some(is(self.platform())),
            "ResourceType" => Some(is("EC2Instance")),
            "SourceTypes" => Some(is("AWS::EC2::Instance")),
            "SourceIds" => Some(is(&self.id)),
            "AgentVersion" => Some(is(AGENT)),
            "IamRole" | "ActivationIds" | "AssociationStatus" => Some(false),
            _ => None,
        }
    }

    /// An element of `InstanceInformationList`.
    fn shape(&self, now: Timestamp) -> Value {
        let (name, version) = if self.is_windows {
            ("Microsoft Windows Server", "10.0.20348")
        } else {
            ("Ubuntu", "22.04")
        };
        json!({
            "InstanceId": self.id,
            "PingStatus": self.ping(),
            "LastPingDateTime": time(now),
            "AgentVersion": AGENT,
            "IsLatestVersion": true,
            "PlatformType": self.platform(),
            "PlatformName": name,
            "PlatformVersion": version,
            "ResourceType": "EC2Instance",
            "IPAddress": self.address,
            "ComputerName": self.host,
            "SourceId": self.id,
            "SourceType": "AWS::EC2::Instance",
        })
    }
}

const AGENT: &str = "3.3.1611.0";

/// All of the account and Region.
pub(super) async fn all(session: &Session) -> Result<Vec<Node>, AwsError> {
    let xml = session.query("ec2", "DescribeInstances", json!({})).await?;
    let instances = xml.all("reservationSet/item/instancesSet/item");
    Ok(instances.into_iter().filter_map(Node::read).collect())
}

/// `DescribeInstanceInformation`.
pub(super) async fn describe(call: &Call, session: &Session) -> Result<Value, AwsError> {
    let filters = filters(&call.params)?;
    let mut shapes = Vec::new();
    let now = Timestamp::now();
    for node in all(session).await? {
        let mut fits = true;
        for (key, values) in &filters {
            let one = node.fits(key, values).ok_or_else(|| {
                AwsError::new(
                    400,
                    "InvalidFilterKey",
                    format!("The specified filter key {key} is not valid."),
                )
            })?;
            fits &= one;
        }
        if fits {
            shapes.push(node.shape(now));
        }
    }
    super::page::cut(call, shapes, "InstanceInformationList", 50)
}

/// Both ways to give filters; AWS takes one of them at a time.
fn filters(params: &Value) -> Result<Vec<(String, Vec<String>)>, AwsError> {
    let read = |list: &str, key: &str, values: &str| -> Vec<(String, Vec<String>)> {
        let each = params.get(list).and_then(Value::as_array).into_iter().flatten();
        each.map(|filter| (text(&filter[key]), texts(&filter[values]))).collect()
    };
    let (old, new) = (
        read("InstanceInformationFilterList", "key", "valueSet"),
        read("Filters", "Key", "Values"),
    );
    if !old.is_empty() && !new.is_empty() {
        return Err(AwsError::validation(
            "Use either Filters or InstanceInformationFilterList, not both",
        ));
    }
    Ok(if old.is_empty() { new } else { old })
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(state: &str, profile: &str) -> Option<Node> {
        let text = format!(
            "<item><instanceId>i-1</instanceId><instanceState><name>{state}</name></instanceState>\
             <iamInstanceProfile><arn>{profile}</arn></iamInstanceProfile>\
             <tagSet><item><key>Name</key><value>web-1</value></item></tagSet></item>"
        );
        Node::read(&Xml::parse(&text).expect("XML"))
    }

    #[test]
    fn an_instance_with_a_profile_is_managed() {
        let profile = "arn:aws:iam::111122223333:instance-profile/web";
        let running = node("running", profile).expect("managed");
        assert!(running.is_online());
        assert_eq!((running.name.as_str(), running.profile.as_str()), ("web-1", "web"));
        assert!(!node("stopped", profile).expect("known").is_online());
        assert_eq!((node("terminated", profile), node("running", "")), (None, None));
        assert_eq!(running.fits("tag:Name", &["x".into(), "web-1".into()]), Some(true));
        assert_eq!(running.fits("PingStatus", &["ConnectionLost".into()]), Some(false));
        assert_eq!(running.fits("nonsense", &[]), None);
    }

    #[test]
    fn filters_come_one_way_at_a_time() {
        let old = json!({"InstanceInformationFilterList": [{"key": "PingStatus", "valueSet": ["Online"]}]});
        assert_eq!(filters(&old), Ok(vec![("PingStatus".into(), vec!["Online".into()])]));
        let both =
            json!({"InstanceInformationFilterList": [{"key": "a"}], "Filters": [{"Key": "b"}]});
        assert!(filters(&both).is_err());
    }
}
