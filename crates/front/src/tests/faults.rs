//! Fault rules through the control pages, felt by boto3 and by plain connections.

use serde_json::{Value, json};

use super::testing::{served, served_with};
use super::upstream::{Fixed, exchange, signed};
use crate::Options;

#[tokio::test]
async fn boto3_gets_each_services_own_throttling() {
    let lab = served(|front| front).await;
    let rule = json!({"service": "*", "account": lab.account, "effect": "throttle"}).to_string();
    let (status, made) = lab.control("POST", "/_backburn/faults", &rule).await;
    assert_eq!(status, 201, "{made}");
    let script = "
def refused(name, operation, **params):
    try:
        getattr(client(name), operation)(**params)
    except ClientError as error:
        return [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode']]
result = [
    refused('ec2', 'describe_vpcs'), refused('iam', 'list_users'), refused('ssm', 'describe_parameters'),
    refused('s3', 'list_buckets'), refused('lambda', 'list_functions'), refused('dynamodb', 'get_item', TableName='t', Key={}),
    refused('cloudwatch', 'describe_alarms'),
]";
    let wanted = json!([
        ["RequestLimitExceeded", 503],
        ["Throttling", 400],
        ["ThrottlingException", 400],
        ["SlowDown", 503],
        ["TooManyRequestsException", 429],
        ["ThrottlingException", 400],
        ["ThrottlingException", 400],
    ]);
    assert_eq!(lab.boto3(script).await, wanted);
    let (_, told) = lab.control("GET", "/_backburn/faults", "").await;
    assert_eq!(told["fired"].as_array().map(Vec::len), Some(7));
    assert_eq!(told["rules"][0]["fired"], 7);
    let path = format!("/_backburn/faults/{}", made["id"].as_str().unwrap_or_default());
    assert_eq!(lab.control("DELETE", &path, "").await.0, 200);
    assert_eq!(lab.boto3("result = len(client('ec2').describe_vpcs()['Vpcs'])").await, json!(1));
}

#[tokio::test]
async fn boto3_retries_a_reset_and_the_call_took_effect_once_or_twice() {
    let lab = served(|front| front).await;
    for (effect, keys) in [("reset-before", 1), ("reset-after", 2)] {
        let rule =
            json!({"service": "ec2", "operation": "CreateVolume", "times": 1, "effect": effect});
        lab.control("POST", "/_backburn/faults", &rule.to_string()).await;
        let zone = format!("us-east-1{}", if keys == 1 { "a" } else { "b" });
        let script = format!(
            "ec2 = client('ec2', attempts=3)\n\
             ec2.create_volume(AvailabilityZone='{zone}', Size=1)\n\
             found = ec2.describe_volumes(Filters=[{{'Name': 'availability-zone', 'Values': ['{zone}']}}])\n\
             result = len(found['Volumes'])"
        );
        assert_eq!(lab.boto3(&script).await, json!(keys), "{effect}");
    }
}

#[tokio::test]
async fn an_error_and_latency_go_together() {
    let upstream = Fixed::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let front = served_with(Options::new(upstream.endpoint.clone()), |front| front).await;
    let add =
        async |rule: Value| front.control("POST", "/_backburn/faults", &rule.to_string()).await;
    add(json!({"service": "s3", "operation": "Put*", "effect": {"latency": {"ms": 120}}})).await;
    add(json!({"service": "s3", "nth": 2, "effect": {"error": {"code": "InternalError", "status": 500, "message": "We encountered an internal error."}}})).await;
    let request = format!(
        "PUT /b/k HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: 1\r\n\r\nx",
        signed("s3")
    );
    let start = std::time::Instant::now();
    let first = exchange(&front.endpoint, &request).await.expect("answered");
    let second = exchange(&front.endpoint, &request).await.expect("answered");
    assert!(start.elapsed().as_millis() >= 240);
    assert!(first.starts_with("HTTP/1.1 200 ") && second.starts_with("HTTP/1.1 500 "), "{second}");
    assert!(second.contains("<Code>InternalError</Code>"));
    assert_eq!(upstream.requests().len(), 1);
    let (status, why) = add(json!({"service": "s3", "nth": 0, "effect": "throttle"})).await;
    assert_eq!((status, why["error"].as_str()), (400, Some("`nth` and `every` count from 1")));
}

#[tokio::test]
async fn quotas_refuse_at_awss_sizes() {
    let lab = {
        let moto = super::testing::moto();
        let options = Options { has_quotas: true, ..Options::new(moto.endpoint.clone()) };
        served_with(options, |front| front).await
    };
    let script = "
ec2 = client('ec2')
taken = 0
code = None
for _ in range(12):
    try:
        ec2.start_instances(InstanceIds=['i-0123456789abcdef0'])
    except ClientError as error:
        code = error.response['Error']['Code']
        if code == 'RequestLimitExceeded':
            break
        taken += 1
result = [code, 5 <= taken <= 7]";
    assert_eq!(lab.boto3(script).await, json!(["RequestLimitExceeded", true]));
}

#[tokio::test]
async fn a_role_is_hit_and_its_neighbour_is_not() {
    let lab = served(|front| front).await;
    let rule = json!({
        "service": "ec2", "operation": "Describe*", "role": format!("arn:aws:iam::{}:role/hit", lab.account),
        "effect": {"error": {"code": "InternalError", "status": 500}},
    });
    assert_eq!(lab.control("POST", "/_backburn/faults", &rule.to_string()).await.0, 201);
    let script = "
def by_role(name):
    trust = json.dumps({'Version': '2012-10-17', 'Statement': []})
    arn = client('iam').create_role(RoleName=name, AssumeRolePolicyDocument=trust)['Role']['Arn']
    return client('sts').assume_role(RoleArn=arn, RoleSessionName='session')['Credentials']['AccessKeyId']
def outcome(key):
    try:
        client('ec2', key=key).describe_vpcs()
        return 'ok'
    except ClientError as error:
        return error.response['Error']['Code']
trail = client('cloudtrail')
result = [outcome(by_role('hit')), outcome(by_role('spared'))]
event = trail.lookup_events(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'DescribeVpcs'}])['Events'][1]
record = json.loads(event['CloudTrailEvent'])
result += [event['Username'], record['errorCode'], record['userIdentity']['sessionContext']['sessionIssuer']['userName']]";
    let wanted = json!(["InternalError", "ok", "session", "Server.InternalError", "hit"]);
    assert_eq!(lab.boto3(script).await, wanted);
}
