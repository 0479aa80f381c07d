//! CloudTrail and EventBridge, seen by boto3: what was called is found, and rules hear of it.

use serde_json::{Value, json};

use super::testing::{moto, served, served_with};
use crate::Options;

#[tokio::test]
async fn calls_are_found_by_every_attribute() {
    let lab = served(|front| front).await;
    let script = "
import time
iam, ec2, s3, trail = client('iam'), client('ec2'), client('s3'), client('cloudtrail')
iam.create_user(UserName='bob')
key = iam.create_access_key(UserName='bob')['AccessKey']
iam.create_login_profile(UserName='bob', Password='Secret-1')
try:
    ec2.stop_instances(InstanceIds=['i-0123456789abcdef0'])
except ClientError:
    pass
s3.create_bucket(Bucket='front-' + str(time.time_ns()))
as_bob = client('ec2', key=key['AccessKeyId'])
as_bob.describe_instances()
def found(key, value):
    events = trail.lookup_events(LookupAttributes=[{'AttributeKey': key, 'AttributeValue': value}])['Events']
    return [event['EventName'] for event in events]
stop = trail.lookup_events(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'StopInstances'}])['Events'][0]
made = trail.lookup_events(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'CreateAccessKey'}])['Events'][0]
pages = []
token = {}
while True:
    page = trail.lookup_events(MaxResults=2, EndTime=stop['EventTime'] + __import__('datetime').timedelta(hours=1), **token)
    pages.append(len(page['Events']))
    if 'NextToken' not in page:
        break
    token = {'NextToken': page['NextToken']}
    if len(pages) > 20:
        break
try:
    trail.lookup_events(MaxResults=2, NextToken='x')
except ClientError as error:
    bad = error.response['Error']['Code']
result = dict(
    user=found('Username', 'bob'), key=found('AccessKeyId', key['AccessKeyId']),
    name=found('ResourceName', 'i-0123456789abcdef0'), kind=found('ResourceType', 'AWS::EC2::Instance'),
    source=found('EventSource', 'iam.amazonaws.com'), id=found('EventId', stop['EventId']),
    writes=found('ReadOnly', 'false'), stop=json.loads(stop['CloudTrailEvent']), made=json.loads(made['CloudTrailEvent']),
    pages=sum(pages) >= 8 and max(pages) == 2, bad=bad, secret=key['SecretAccessKey'],
)";
    let found = lab.boto3(script).await;
    assert_eq!(found["user"], json!(["DescribeInstances"]));
    assert_eq!(found["key"], json!(["DescribeInstances"]));
    assert_eq!(found["name"], json!(["StopInstances"]));
    assert_eq!(found["kind"], json!(["StopInstances"]));
    assert_eq!(found["source"], json!(["CreateLoginProfile", "CreateAccessKey", "CreateUser"]));
    assert_eq!(found["id"], json!(["StopInstances"]));
    let writes = json!([
        "CreateBucket",
        "StopInstances",
        "CreateLoginProfile",
        "CreateAccessKey",
        "CreateUser"
    ]);
    assert_eq!(found["writes"], writes);
    assert_eq!(found["pages"], true);
    assert_eq!(found["bad"], "InvalidNextTokenException");
    let stop = &found["stop"];
    assert_eq!(stop["errorCode"], "Client.InvalidInstanceID.NotFound");
    assert_eq!(
        stop["requestParameters"]["instancesSet"]["items"][0]["instanceId"],
        "i-0123456789abcdef0"
    );
    assert_eq!(stop["responseElements"], Value::Null);
    assert_eq!(stop["eventVersion"], "1.11");
    assert_eq!(stop["sourceIPAddress"], "127.0.0.1");
    assert!(stop["userAgent"].as_str().is_some_and(|agent| agent.starts_with("Boto3")), "{stop}");
    let made = found["made"].to_string();
    assert!(made.contains("\"accessKeyId\":\"AKIA"), "{made}");
    assert!(!made.contains(found["secret"].as_str().expect("a secret")), "{made}");
}

#[tokio::test]
async fn rules_hear_of_calls_and_of_instance_states() {
    let lab = served(|front| front).await;
    let script = "
import time
sqs, events, ec2, sns = client('sqs'), client('events'), client('ec2'), client('sns')
def queue(name):
    url = sqs.create_queue(QueueName=name)['QueueUrl']
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
calls, calls_arn = queue('calls')
states, states_arn = queue('states')
topics, topics_arn = queue('topics')
topic = sns.create_topic(Name='t')['TopicArn']
sns.subscribe(TopicArn=topic, Protocol='sqs', Endpoint=topics_arn)
def rule(name, pattern, *targets, **more):
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
    events.put_targets(Rule=name, Targets=[dict(Id=str(i), **t) for i, t in enumerate(targets)])
rule('calls', {'source': ['aws.ec2'], 'detail-type': ['AWS API Call via CloudTrail'], 'detail': {'eventName': [{'prefix': 'Stop'}]}}, {'Arn': calls_arn}, {'Arn': topic})
rule('states', {'source': ['aws.ec2'], 'detail': {'state': ['stopped', 'terminated']}}, {'Arn': states_arn, 'InputPath': '$.detail'})
rule('off', {'source': ['aws.ec2']}, {'Arn': states_arn}, State='DISABLED')
image = ec2.describe_images()['Images'][0]['ImageId']
instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
ec2.stop_instances(InstanceIds=[instance])
def receive(url):
    got = []
    for _ in range(40):
        got += [json.loads(m['Body']) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get('Messages', [])]
        if got:
            break
        time.sleep(0.1)
    return got
calls, states, topics = receive(calls), receive(states), receive(topics)
result = dict(instance=instance, calls=calls, states=states, topic=json.loads(topics[0]['Message'])['detail']['eventName'])";
    let found = lab.boto3(script).await;
    let instance = &found["instance"];
    assert_eq!(found["states"], json!([{"instance-id": instance, "state": "stopped"}]));
    assert_eq!(found["calls"].as_array().map(Vec::len), Some(1));
    let call = &found["calls"][0];
    assert_eq!(call["detail-type"], "AWS API Call via CloudTrail");
    assert_eq!(call["account"], lab.account);
    assert_eq!(
        &call["detail"]["requestParameters"]["instancesSet"]["items"][0]["instanceId"],
        instance
    );
    assert_eq!(found["topic"], "StopInstances");
}

#[tokio::test]
async fn events_outlive_the_front() {
    let home = tempfile::tempdir().expect("a directory");
    let options =
        || Options { home: Some(home.path().into()), ..Options::new(moto().endpoint.clone()) };
    let lab = served_with(options(), |front| front).await;
    lab.client.query("iam", "CreateUser", json!({"UserName": "ann"})).await.expect("made");
    lab.front.stop().await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = std::fs::metadata(home.path().join("trail.jsonl")).expect("a file");
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "calls carry secrets");
    }
    std::fs::OpenOptions::new()
        .append(true)
        .open(home.path().join("trail.jsonl"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"cut"))
        .expect("written");
    let again = served_with(options(), |front| front).await;
    let names: Vec<_> =
        again.front.trail().before(&lab.scope(), u64::MAX).iter().map(|r| r.name.clone()).collect();
    assert_eq!(names, ["CreateUser"]);
    assert!(again.front.lost()[0].contains("1 CloudTrail event that"), "{:?}", again.front.lost());
}

#[tokio::test]
async fn a_service_that_acts_is_recorded_as_itself() {
    let lab = served(|front| front).await;
    let role = format!("arn:aws:iam::{}:role/chaos", lab.account);
    let session = lab.front.as_service(&lab.scope());
    session.query("ec2", "DescribeVpcs", json!({})).await.expect("answered");
    let acting = session.on_behalf_of("fis.amazonaws.com", &role, "EXP1");
    acting.query("ec2", "DescribeSubnets", json!({})).await.expect("answered");
    let records = lab.front.trail().before(&lab.scope(), u64::MAX);
    assert_eq!(records.len(), 1);
    let event = records[0].event();
    assert_eq!(event["userIdentity"]["invokedBy"], "fis.amazonaws.com");
    assert_eq!(event["sourceIPAddress"], "fis.amazonaws.com");
    assert_eq!(records[0].user_name, "EXP1");
}

/// Their operations have no name in the request, and no stand-in knows their paths.
#[tokio::test]
async fn calls_of_rest_services_are_recorded_and_can_be_made_to_fail() {
    let lab = served(|front| front).await;
    let rule = r#"{"service": "route53", "operation": "ListHostedZones", "effect": "throttle"}"#;
    assert_eq!(lab.control("POST", "/_backburn/faults", rule).await.0, 201);
    let script = "
def tried(call, **parameters):
    try:
        call(**parameters)
        return 'answered'
    except ClientError as error:
        return error.response['Error']['Code']
zone = tried(client('route53').create_hosted_zone, Name='lab.example', CallerReference='one')
throttled = tried(client('route53').list_hosted_zones)
# What the upstream makes of these is its matter.
tried(client('eks').create_cluster, name='web', roleArn='arn:aws:iam::123456789012:role/eks', resourcesVpcConfig={})
tried(client('apigateway').create_rest_api, name='shop')
tried(client('apigatewayv2').get_apis)
tried(client('lambda').delete_function, FunctionName='gone')
tried(client('efs').create_file_system, CreationToken='t')
events = client('cloudtrail').lookup_events()['Events']
told = [json.loads(event['CloudTrailEvent']) for event in events]
deleted = [one for one in told if one['eventName'] == 'DeleteFunction20150331'][0]
result = dict(
    zone=zone, throttled=throttled, deleted=deleted['requestParameters'],
    names=[one['eventSource'].split('.')[0] + ':' + one['eventName'] for one in told],
)";
    let found = lab.boto3(script).await;
    assert_eq!((&found["zone"], &found["throttled"]), (&json!("answered"), &json!("Throttling")));
    assert_eq!(found["deleted"], json!({ "functionName": "gone" }));
    let names = json!([
        "elasticfilesystem:CreateFileSystem",
        "lambda:DeleteFunction20150331",
        "apigateway:GetApis",
        "apigateway:CreateRestApi",
        "eks:CreateCluster",
        "route53:ListHostedZones",
        "route53:CreateHostedZone",
    ]);
    assert_eq!(found["names"], names);
}

/// What the lab knows of those services is what AWS's own models say.
#[tokio::test]
async fn the_table_of_rest_operations_is_up_to_date() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rest_operations.py");
    let run = tokio::process::Command::new(&moto().python).args(["-I", script]).output().await;
    let printed = String::from_utf8(run.expect("python starts").stdout).expect("UTF-8");
    assert_eq!(printed, include_str!("../wire/operations.txt"));
}
