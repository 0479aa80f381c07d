//! Resources that say themselves who may: buckets, keys, queues, topics, functions, secrets. And what passes, because
//! nobody can say what AWS would answer.

use std::time::{Duration, Instant};

use serde_json::json;

use super::enforce::{lab, run};

#[tokio::test]
async fn bucket_policies_decide_over_streamed_calls_too() {
    let lab = lab().await;
    let script = "
bucket = 'enforce-' + ACCOUNT
s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=bucket, Key='open/a', Body=b'1')
s3.put_object(Bucket=bucket, Key='shut/a', Body=b'1')
at = f'arn:aws:s3:::{bucket}'
key = user('bob', allow('s3:*'), deny('s3:GetObject', at + '/shut/*'))
ann = user('ann')
bob, ann = client('s3', key=key), client('s3', key=ann)
get = dict(Bucket=bucket, Key='open/a')
result = dict(
    open=tried(bob.get_object, **get), shut=told(bob.get_object, Bucket=bucket, Key='shut/a'),
    head=tried(bob.head_object, Bucket=bucket, Key='shut/a'), put=tried(bob.put_object, Body=b'2', **get),
    copy=tried(bob.copy_object, Bucket=bucket, Key='open/b', CopySource={'Bucket': bucket, 'Key': 'shut/a'}),
    ann=[tried(ann.get_object, **get), tried(ann.list_objects_v2, Bucket=bucket)],
)
iam_arn = f'arn:aws:iam::{ACCOUNT}:user/'
s3.put_bucket_policy(Bucket=bucket, Policy=policy(
    {**allow('s3:ListBucket', at), 'Principal': {'AWS': iam_arn + 'ann'}, 'Condition': {'StringEquals': {'s3:prefix': 'open/'}}},
    {**allow('s3:GetObject', at + '/open/*'), 'Principal': {'AWS': iam_arn + 'ann'}},
    {**deny('s3:DeleteObject', at + '/open/a'), 'Principal': '*'}))
keys = lambda *names: dict(Bucket=bucket, Delete={'Objects': [{'Key': name} for name in names]})
result['by bucket'] = [tried(ann.get_object, **get), tried(ann.get_object, Bucket=bucket, Key='shut/a'),
    tried(ann.list_objects_v2, Bucket=bucket, Prefix='open/'), tried(ann.list_objects_v2, Bucket=bucket, Prefix='shut/')]
result['deletes'] = [told(bob.delete_object, **get), tried(bob.delete_objects, **keys('open/b', 'open/a')), tried(bob.delete_objects, **keys('open/b', 'open/c'))]
s3.delete_bucket_policy(Bucket=bucket)
result['without'] = [tried(ann.get_object, **get), tried(ann.put_object, Body=b'3', **get)]
s3.put_object_acl(ACL='authenticated-read', **get)
result['list'] = [tried(ann.get_object, **get), tried(ann.get_object, Bucket=bucket, Key='shut/a')]
result['last'] = tried(bob.delete_object, **get)
";
    let found = run(&lab, script).await;
    let bob = format!("arn:aws:iam::{}:user/bob", lab.account);
    let at = format!("arn:aws:s3:::enforce-{}", lab.account);
    assert_eq!((&found["open"], &found["put"]), (&json!("answered"), &json!("answered")));
    assert_eq!(
        found["shut"],
        json!([
            "AccessDenied",
            403,
            format!(
                "User: {bob} is not authorized to perform: s3:GetObject on resource: \"{at}/shut/a\" with an explicit deny in an identity-based policy"
            )
        ])
    );
    // A HEAD answer has no body, so no code.
    assert_eq!((&found["head"], &found["copy"]), (&json!("403"), &json!("AccessDenied")));
    assert_eq!(found["ann"], json!(["AccessDenied", "AccessDenied"]));
    let by_bucket = json!(["answered", "AccessDenied", "answered", "AccessDenied"]);
    assert_eq!(found["by bucket"], by_bucket);
    assert_eq!(
        found["deletes"][0],
        json!([
            "AccessDenied",
            403,
            format!(
                "User: {bob} is not authorized to perform: s3:DeleteObject on resource: \"{at}/open/a\" with an explicit deny in a resource-based policy"
            )
        ])
    );
    assert_eq!(
        (&found["deletes"][1], &found["deletes"][2]),
        (&json!("AccessDenied"), &json!("answered"))
    );
    assert_eq!(found["without"], json!(["AccessDenied", "AccessDenied"]));
    assert_eq!(found["list"], json!(["answered", "AccessDenied"]));
    assert_eq!(found["last"], "answered");
}

#[tokio::test]
async fn policies_of_other_resources_decide() {
    let lab = lab().await;
    let script = "
kms, sqs, sns, fn, secrets = client('kms'), client('sqs'), client('sns'), client('lambda'), client('secretsmanager')
ann_key = user('ann')
ann = f'arn:aws:iam::{ACCOUNT}:user/ann'
def mine(name):
    return client(name, key=ann_key)
def given(action, resource='*'):
    return {**allow(action, resource), 'Principal': {'AWS': ann}}
root_too = {**allow('kms:*'), 'Principal': {'AWS': f'arn:aws:iam::{ACCOUNT}:root'}}
key = kms.create_key(Policy=policy(root_too))['KeyMetadata']['KeyId']
kms.create_alias(AliasName='alias/lab', TargetKeyId=key)
result = dict(kms=[tried(mine('kms').encrypt, KeyId='alias/lab', Plaintext=b'1')])
kms.put_key_policy(KeyId=key, PolicyName='default', Policy=policy(root_too, given('kms:Encrypt')))
result['kms'] += [tried(mine('kms').encrypt, KeyId='alias/lab', Plaintext=b'1'), tried(mine('kms').disable_key, KeyId=key)]
url = sqs.create_queue(QueueName='q')['QueueUrl']
send = dict(QueueUrl=url, MessageBody='x')
result['sqs'] = [tried(mine('sqs').send_message, **send)]
sqs.set_queue_attributes(QueueUrl=url, Attributes={'Policy': policy(given('sqs:SendMessage', f'arn:aws:sqs:us-east-1:{ACCOUNT}:q'))})
result['sqs'] += [tried(mine('sqs').send_message, **send), tried(mine('sqs').purge_queue, QueueUrl=url)]
topic = sns.create_topic(Name='t')['TopicArn']
sns.set_topic_attributes(TopicArn=topic, AttributeName='Policy', AttributeValue=policy(given('sns:GetTopicAttributes', topic)))
result['sns'] = [tried(mine('sns').publish, TopicArn=topic, Message='x'), tried(mine('sns').get_topic_attributes, TopicArn=topic)]
secret = secrets.create_secret(Name='s', SecretString='x')['ARN']
result['secret'] = [tried(mine('secretsmanager').get_secret_value, SecretId='s')]
secrets.put_resource_policy(SecretId='s', ResourcePolicy=policy(given('secretsmanager:GetSecretValue')))
result['secret'] += [tried(mine('secretsmanager').get_secret_value, SecretId='s'), tried(mine('secretsmanager').delete_secret, SecretId=secret)]
made = role('fn')
import io, zipfile
file = io.BytesIO()
with zipfile.ZipFile(file, 'w') as archive:
    archive.writestr('m.py', 'def h(event, context): return 1')
fn.create_function(FunctionName='f', Runtime='python3.12', Role=made, Handler='m.h', Code={'ZipFile': file.getvalue()})
result['lambda'] = [tried(mine('lambda').get_function, FunctionName='f')]
fn.add_permission(FunctionName='f', StatementId='s', Action='lambda:GetFunction', Principal=ann)
result['lambda'] += [tried(mine('lambda').get_function, FunctionName='f'), tried(mine('lambda').delete_function, FunctionName='f')]
table = client('dynamodb').create_table(TableName='t', KeySchema=[{'AttributeName': 'a', 'KeyType': 'HASH'}],
    AttributeDefinitions=[{'AttributeName': 'a', 'AttributeType': 'S'}], BillingMode='PAY_PER_REQUEST')['TableDescription']['TableArn']
item = dict(TableName='t', Item={'a': {'S': 'x'}})
result['table'] = [tried(mine('dynamodb').put_item, **item)]
client('dynamodb').put_resource_policy(ResourceArn=table, Policy=policy(given('dynamodb:PutItem', table)))
result['table'] += [tried(mine('dynamodb').put_item, **item), tried(mine('dynamodb').scan, TableName='t')]
result['bus'] = tried(mine('events').put_events, Entries=[{'Source': 's', 'DetailType': 'd', 'Detail': '{}'}])
result['invoke'] = told(mine('lambda').invoke, FunctionName='f')
";
    let found = run(&lab, script).await;
    let (denied, answered) = ("AccessDeniedException", "answered");
    assert_eq!(found["kms"], json!([denied, answered, denied]));
    assert_eq!(found["sqs"], json!([denied, answered, denied]));
    assert_eq!(found["sns"], json!(["AuthorizationError", answered]));
    assert_eq!(found["secret"], json!([denied, answered, denied]));
    assert_eq!(found["lambda"], json!([denied, answered, denied]));
    assert_eq!(found["table"], json!([denied, answered, denied]));
    assert_eq!(found["bus"], denied);
    let (account, denied) = (&lab.account, json!([denied, 403]));
    assert_eq!((&found["invoke"][0], &found["invoke"][1]), (&denied[0], &denied[1]));
    let invoke = format!(
        "User: arn:aws:iam::{account}:user/ann is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:{account}:function:f because no identity-based policy allows the lambda:InvokeFunction action"
    );
    assert_eq!(found["invoke"][2], invoke);
}

#[tokio::test]
async fn what_cannot_be_known_passes_and_is_counted() {
    let lab = lab().await;
    let script = "
at = f'arn:aws:ec2:us-east-1:{ACCOUNT}:'
key = user('bob', allow('ec2:RunInstances', at + 'subnet/*'), allow('ec2:StopInstances', Condition={'StringEquals': {'aws:ResourceTag/team': 'red'}}))
mine = client('ec2', key=key)
image = [one for one in ec2.describe_images()['Images']][0]['ImageId']
made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
result = dict(
    tag=tried(mine.stop_instances, InstanceIds=[made]),
    sure=tried(mine.terminate_instances, InstanceIds=[made]),
    part=tried(mine.copy_snapshot, SourceRegion='us-east-1', SourceSnapshotId='snap-0123456789abcdef0'),
)
set_policy('bob', allow('*'), deny('ec2:StopInstances', at + f'instance/{made}'))
other = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
result['one'] = [tried(mine.stop_instances, InstanceIds=[other]), tried(mine.stop_instances, InstanceIds=[other, made])]
trail = client('cloudtrail').lookup_events(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'TerminateInstances'}])['Events'][0]
result['trail'] = json.loads(trail['CloudTrailEvent'])
";
    let found = run(&lab, script).await;
    let refused = json!("UnauthorizedOperation");
    assert_eq!(
        (&found["tag"], &found["sure"], &found["part"]),
        (&json!("answered"), &refused, &refused)
    );
    assert_eq!(found["one"], json!(["answered", "UnauthorizedOperation"]));
    let event = &found["trail"];
    assert_eq!(event["errorCode"], "Client.UnauthorizedOperation");
    assert_eq!(event["userIdentity"]["userName"], "bob");
    let message = event["errorMessage"].as_str().expect("a message");
    assert!(
        message.contains("no identity-based policy allows the ec2:TerminateInstances action"),
        "{message}"
    );
    let (_, status) = lab.control("GET", "/_backburn/status", "").await;
    let told = &status["enforcement"];
    assert!(told["refused"].as_u64() >= Some(3) && told["judged"].as_u64() >= Some(4), "{told}");
    let tag =
        json!({ "service": "ec2", "without": "the value of `aws:ResourceTag/team`", "calls": 1 });
    assert!(told["reasons"].as_array().expect("a list").contains(&tag), "{told}");
}

/// Policies that AWS would not take, and such as nobody could read in time.
#[tokio::test]
async fn hostile_policies_pass_in_bounded_time() {
    let lab = lab().await;
    let script = "
key = user('bob', allow('ec2:Nothing'))
made = role('r')
deep = '{\"Version\":\"2012-10-17\",\"Statement\":[' + '[' * 3000 + ']' * 3000 + ']}'
huge = policy(*[allow(['ec2:' + '*a' * 60 + 'b'] * 40, ['arn:aws:ec2:' + '*a' * 100] * 40) for _ in range(12)])
texts = ['{}', '[]', 'null', policy({'Effect': 'Maybe', 'Action': '*', 'Resource': '*'}), policy({'Effect': 'Deny', 'Action': '*', 'Resource': '*', 'Condition': {'Odd': {'a': 'b'}}}), deep, huge]
found = []
for text in texts:
    try:
        iam.create_policy(PolicyName='p' + str(len(found)), PolicyDocument=text)
        found.append('kept')
    except Exception as error:
        found.append(type(error).__name__)
session = [sts.assume_role(RoleArn=made, RoleSessionName='drill', Policy=text)['Credentials']['AccessKeyId'] for text in texts]
began = time.time()
result = dict(found=found, calls=[tried(client('ec2', key=one).describe_vpcs) for one in session], took=time.time() - began)
iam.put_role_policy(RoleName='r', PolicyName='p', PolicyDocument=policy(allow('*')))
result['allowed'] = [tried(client('ec2', key=one).describe_vpcs) for one in session]
";
    let began = Instant::now();
    let found = run(&lab, script).await;
    // A role without permissions is refused whatever its session's policy says.
    let refused = json!(vec!["UnauthorizedOperation"; 7]);
    assert_eq!(found["calls"], refused, "{found}");
    // Nobody knows what those say that AWS would not take, nor what the last says within the time. A statement that denies
    // allows nothing, whatever its conditions mean.
    let mut passes = vec!["answered"; 7];
    passes[4] = "UnauthorizedOperation";
    assert_eq!(found["allowed"], json!(passes), "{found}");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}
