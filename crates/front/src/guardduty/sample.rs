//! `CreateSampleFindings`: findings that prove the plumbing only, marked as AWS marks them: `[SAMPLE]` in the title
//! and `sample: true` in `service.additionalInfo`.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/ug/sample_findings.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bad::invalid;
use super::finding::Signal;
use super::{detector, raise};
use crate::{AwsError, Call, Front};

/// Type, severity and title of the samples that the lab has.
const SAMPLES: &[(&str, f64, &str)] = &[
    (
        "Backdoor:EC2/C&CActivity.B!DNS",
        8.0,
        "The EC2 instance {i} is querying a domain name associated with a known Command & Control server.",
    ),
    (
        "Backdoor:EC2/DenialOfService.Tcp",
        8.0,
        "The EC2 instance {i} is behaving in a manner that may indicate it is being used to perform a Denial of Service (DoS) attack using TCP protocol.",
    ),
    (
        "Behavior:EC2/NetworkPortUnusual",
        5.0,
        "The EC2 instance {i} is communicating with a remote host on an unusual server port.",
    ),
    (
        "CryptoCurrency:EC2/BitcoinTool.B",
        8.0,
        "The EC2 instance {i} is communicating with an IP address associated with Bitcoin-related activity.",
    ),
    (
        "CryptoCurrency:EC2/BitcoinTool.B!DNS",
        8.0,
        "The EC2 instance {i} is querying a domain name associated with Bitcoin-related activity.",
    ),
    (
        "Impact:EC2/PortSweep",
        8.0,
        "The EC2 instance {i} is probing a port on a large number of IP addresses.",
    ),
    (
        "Recon:EC2/PortProbeUnprotectedPort",
        2.0,
        "The EC2 instance {i} has an unprotected port that is being probed by a known malicious host.",
    ),
    (
        "Trojan:EC2/DNSDataExfiltration",
        8.0,
        "The EC2 instance {i} is attempting to query domain names that resemble exfiltrated data.",
    ),
    (
        "UnauthorizedAccess:EC2/MaliciousIPCaller.Custom",
        5.0,
        "The EC2 instance {i} is communicating with an IP address on a custom threat list.",
    ),
    (
        "UnauthorizedAccess:EC2/SSHBruteForce",
        2.0,
        "The EC2 instance {i} is being probed by SSH brute force attacks.",
    ),
    (
        "CredentialAccess:IAMUser/AnomalousBehavior",
        5.0,
        "User {u} is anomalously invoking APIs commonly used in CredentialAccess tactics.",
    ),
    (
        "CredentialAccess:IAMUser/CompromisedCredentials",
        8.0,
        "Credentials of {u} that are potentially compromised were used to invoke an API.",
    ),
    (
        "DefenseEvasion:IAMUser/AnomalousBehavior",
        5.0,
        "User {u} is anomalously invoking APIs commonly used in DefenseEvasion tactics.",
    ),
    (
        "Discovery:IAMUser/AnomalousBehavior",
        2.0,
        "User {u} is anomalously invoking APIs commonly used in Discovery tactics.",
    ),
    (
        "Exfiltration:IAMUser/AnomalousBehavior",
        8.0,
        "User {u} is anomalously invoking APIs commonly used in Exfiltration tactics.",
    ),
    (
        "Impact:IAMUser/AnomalousBehavior",
        8.0,
        "User {u} is anomalously invoking APIs commonly used in Impact tactics.",
    ),
    (
        "InitialAccess:IAMUser/AnomalousBehavior",
        5.0,
        "User {u} is anomalously invoking APIs commonly used in InitialAccess tactics.",
    ),
    (
        "Persistence:IAMUser/AnomalousBehavior",
        5.0,
        "User {u} is anomalously invoking APIs commonly used in Persistence tactics.",
    ),
    ("Policy:IAMUser/RootCredentialUsage", 2.0, "API {a} was invoked using root credentials."),
    (
        "PrivilegeEscalation:IAMUser/AnomalousBehavior",
        5.0,
        "User {u} is anomalously invoking APIs commonly used in PrivilegeEscalation tactics.",
    ),
    (
        "Recon:IAMUser/MaliciousIPCaller",
        5.0,
        "Reconnaissance API {a} was invoked from a known malicious IP address.",
    ),
    ("Recon:IAMUser/TorIPCaller", 5.0, "Reconnaissance API {a} was invoked from a Tor exit node."),
    ("Stealth:IAMUser/CloudTrailLoggingDisabled", 2.0, "AWS CloudTrail trail {t} was disabled."),
    (
        "Stealth:IAMUser/PasswordPolicyChange",
        2.0,
        "Account password policy was weakened by calling {a}.",
    ),
    (
        "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B",
        5.0,
        "Successful console logins were observed from multiple locations.",
    ),
    (
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        8.0,
        "Credentials for the EC2 instance role {u} were used from an external IP address.",
    ),
    (
        "UnauthorizedAccess:IAMUser/MaliciousIPCaller",
        5.0,
        "API {a} was invoked from a known malicious IP address.",
    ),
    ("UnauthorizedAccess:IAMUser/TorIPCaller", 5.0, "API {a} was invoked from a Tor exit node."),
    (
        "Exfiltration:S3/AnomalousBehavior",
        8.0,
        "User {u} is anomalously invoking APIs commonly used in Exfiltration tactics on S3 bucket {b}.",
    ),
    (
        "Impact:S3/AnomalousBehavior.Delete",
        8.0,
        "User {u} is anomalously invoking APIs commonly used in Impact tactics on S3 bucket {b}.",
    ),
    (
        "Policy:S3/AccountBlockPublicAccessDisabled",
        2.0,
        "Amazon S3 Block Public Access was disabled for the account.",
    ),
    (
        "Policy:S3/BucketAnonymousAccessGranted",
        8.0,
        "Amazon S3 public anonymous access was granted for S3 bucket {b}.",
    ),
    (
        "Policy:S3/BucketBlockPublicAccessDisabled",
        2.0,
        "Amazon S3 Block Public Access was disabled for S3 bucket {b}.",
    ),
    (
        "Policy:S3/BucketPublicAccessGranted",
        8.0,
        "Amazon S3 public access was granted for S3 bucket {b}.",
    ),
    (
        "Stealth:S3/ServerAccessLoggingDisabled",
        2.0,
        "Amazon S3 server access logging was disabled for S3 bucket {b}.",
    ),
    (
        "UnauthorizedAccess:S3/TorIPCaller",
        8.0,
        "API {a} was invoked from a Tor exit node on S3 bucket {b}.",
    ),
];
const INSTANCE: &str = "i-99999999";
const USER: &str = "GeneratedFindingUserName";
const BUCKET: &str = "bucketName";

/// The samples asked for; all of them when none is named.
pub(super) fn create(call: &Call, front: &Front) -> Result<Value, AwsError> {
    let detector = detector::named(call, front)?;
    let wanted: Option<Vec<&str>> = match call.params.get("findingTypes").and_then(Value::as_array)
    {
        Some(kinds) if !kinds.is_empty() => {
            let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            if !kinds.iter().all(|kind| SAMPLES.iter().any(|(name, ..)| name == kind)) {
                return Err(invalid("findingTypes"));
            }
            Some(kinds)
        }
        _ => None,
    };
    let info = json!({"sample": true, "type": "default", "value": "{\"sample\":true}"});
    for sample in
        SAMPLES.iter().filter(|(kind, ..)| wanted.as_ref().is_none_or(|kinds| kinds.contains(kind)))
    {
        raise::raise(front, &call.scope, &detector, &signal(sample), &info, Timestamp::now());
    }
    Ok(json!({}))
}

fn signal((kind, severity, title): &(&'static str, f64, &str)) -> Signal {
    let replaced = [
        ("{i}", INSTANCE),
        ("{u}", USER),
        ("{b}", BUCKET),
        ("{a}", "GeneratedFindingAPIName"),
        ("{t}", "GeneratedFindingTrailName"),
    ];
    let title =
        replaced.iter().fold((*title).to_owned(), |title, (from, to)| title.replace(from, to));
    let is_instance = kind.contains(":EC2/");
    let remote = json!({
        "ipAddressV4": "198.51.100.0",
        "organization": {"asn": "-1", "asnOrg": "GeneratedFindingASNOrg", "isp": "GeneratedFindingISP", "org": "GeneratedFindingORG"},
        "country": {"countryName": "GeneratedFindingCountryName"},
        "city": {"cityName": "GeneratedFindingCityName"},
        "geoLocation": {"lat": 0.0, "lon": 0.0},
    });
    let action = if kind.ends_with("!DNS") {
        json!({"actionType": "DNS_REQUEST", "dnsRequestAction": {"domain": "GeneratedFindingDomainName", "protocol": "UDP", "blocked": false}})
    } else if is_instance {
        json!({"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {
            "blocked": false, "connectionDirection": "OUTBOUND", "protocol": "TCP",
            "localPortDetails": {"port": 39677, "portName": "Unknown"},
            "remotePortDetails": {"port": 80, "portName": "HTTP"}, "remoteIpDetails": remote,
        }})
    } else {
        json!({"actionType": "AWS_API_CALL", "awsApiCallAction": {
            "api": "GeneratedFindingAPIName", "callerType": "Remote IP",
            "serviceName": "GeneratedFindingAPIServiceName", "remoteIpDetails": remote, "affectedResources": {},
        }})
    };
    Signal {
        kind,
        severity: *severity,
        description: title.clone(),
        title: format!("[SAMPLE] {title}"),
        resource: resource(kind),
        action,
        role: if is_instance && !kind.contains("BruteForce") && !kind.contains("PortProbe") {
            "ACTOR"
        } else {
            "TARGET"
        },
        key: "sample".into(),
    }
}

fn resource(kind: &str) -> Value {
    let key = json!({"accessKeyId": "GeneratedFindingAccessKeyId", "principalId": "GeneratedFindingPrincipalId", "userType": "IAMUser", "userName": USER});
    if kind.contains(":EC2/") {
        return json!({"resourceType": "Instance", "instanceDetails": {
            "instanceId": INSTANCE, "instanceType": "m3.xlarge", "launchTime": "2016-08-02T02:05:06.000Z",
            "availabilityZone": "GeneratedFindingInstaceAvailabilityZone", "imageId": "ami-99999999",
            "imageDescription": "GeneratedFindingInstaceImageDescription", "instanceState": "running", "platform": null,
            "iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:example/instance/profile", "id": "GeneratedFindingInstanceProfileId"},
            "networkInterfaces": [{
                "networkInterfaceId": "eni-bfcffe88", "privateDnsName": "GeneratedFindingPrivateDnsName", "privateIpAddress": "10.0.0.1",
                "privateIpAddresses": [{"privateDnsName": "GeneratedFindingPrivateName", "privateIpAddress": "10.0.0.1"}],
                "publicDnsName": "GeneratedFindingPublicDNSName", "publicIp": "198.51.100.0", "ipv6Addresses": [],
                "securityGroups": [{"groupId": "GeneratedFindingSecurityId", "groupName": "GeneratedFindingSecurityGroupName"}],
                "subnetId": "GeneratedFindingSubnetId", "vpcId": "GeneratedFindingVPCId",
            }],
            "productCodes": [{}], "tags": [{"key": "GeneratedFindingInstaceTag1", "value": "GeneratedFindingInstaceValue1"}],
        }});
    }
    if kind.contains(":S3/Bucket")
        || kind.contains("S3/Server")
        || kind.contains("S3/Anomalous")
        || kind.contains("S3/Tor")
    {
        return json!({"resourceType": "S3Bucket", "accessKeyDetails": key, "s3BucketDetails": [{
            "arn": format!("arn:aws:s3:::{BUCKET}"), "name": BUCKET, "type": "Destination",
            "owner": {"id": "CanonicalId of Owner"}, "tags": [{"key": "foo", "value": "bar"}],
            "defaultServerSideEncryption": {"encryptionType": "SSEAlgorithm", "kmsMasterKeyArn": "arn:aws:kms:region:123456789012:key/key-id"},
            "publicAccess": {"effectivePermission": "NOT_PUBLIC"},
        }]});
    }
    json!({"resourceType": "AccessKey", "accessKeyDetails": key})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_marked_and_of_known_shape() {
        for sample in SAMPLES {
            let signal = signal(sample);
            assert!(
                signal.title.starts_with("[SAMPLE] ") && !signal.title.contains('{'),
                "{}",
                signal.title
            );
            assert!([2.0, 5.0, 8.0].contains(&signal.severity));
            let kind = signal.resource["resourceType"].as_str().unwrap_or_default();
            assert_eq!(kind == "Instance", signal.kind.contains(":EC2/"));
        }
    }
}
