//! What things refuse by their own state, to the root user too: keys, functions, buckets, objects, instances, tables.

use serde_json::json;

use super::enforce::{lab, run};

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
#[tokio::test]
async fn a_disabled_key_and_one_that_is_to_be_deleted_are_not_used() {
    let lab = lab().await;
    let script = "
kms = client('kms')
made = kms.create_key()['KeyMetadata']
key, arn = made['KeyId'], made['Arn']
kms.create_alias(AliasName='alias/lab', TargetKeyId=key)
blob = kms.encrypt(KeyId=key, Plaintext=b'x')['CiphertextBlob']
other = kms.create_key()['KeyMetadata']['KeyId']
def uses():
    return [tried(kms.encrypt, KeyId='alias/lab', Plaintext=b'x'), tried(kms.decrypt, CiphertextBlob=blob), tried(kms.decrypt, CiphertextBlob=blob, KeyId=arn),
        tried(kms.generate_data_key, KeyId=arn, KeySpec='AES_256'), tried(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=other)]
result = dict(arn=arn, enabled=uses())
kms.disable_key(KeyId=key)
result['disabled'] = uses()
result['words'] = told(kms.encrypt, KeyId=key, Plaintext=b'x')
result['other'] = [tried(kms.encrypt, KeyId=other, Plaintext=b'x'), tried(kms.describe_key, KeyId=key)]
key_of_bob = user('bob', allow('iam:ListUsers'))
result['first'] = tried(client('kms', key=key_of_bob).encrypt, KeyId=key, Plaintext=b'x')
kms.enable_key(KeyId=key)
result['again'] = uses()
result['cancel'] = told(kms.cancel_key_deletion, KeyId=key)
kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
result['pending'] = uses() + [tried(kms.enable_key, KeyId=key), tried(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=7)]
result['pending words'] = told(kms.encrypt, KeyId=key, Plaintext=b'x')
result['cancelled'] = tried(kms.cancel_key_deletion, KeyId=key)
result['still disabled'] = uses()
";
    let found = run(&lab, script).await;
    let all = |word: &str| json!(vec![word; 5]);
    let arn = found["arn"].as_str().expect("an ARN");
    assert_eq!((&found["enabled"], &found["again"]), (&all("answered"), &all("answered")));
    assert_eq!(found["disabled"], all("DisabledException"));
    assert_eq!(found["words"], json!(["DisabledException", 400, format!("{arn} is disabled.")]));
    assert_eq!(found["other"], json!(["answered", "answered"]));
    // Permissions come first.
    assert_eq!(found["first"], "AccessDeniedException");
    let code = "KMSInvalidStateException";
    assert_eq!(found["cancel"], json!([code, 400, format!("{arn} is not pending deletion.")]));
    assert_eq!(found["pending"], json!(vec![code; 7]));
    assert_eq!(found["pending words"], json!([code, 400, format!("{arn} is pending deletion.")]));
    assert_eq!(found["cancelled"], "answered");
    assert_eq!(found["still disabled"], all("DisabledException"));
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
#[tokio::test]
async fn a_function_with_no_concurrency_is_throttled_before_it_runs() {
    let lab = lab().await;
    let script = "
import io, zipfile
file = io.BytesIO()
with zipfile.ZipFile(file, 'w') as archive:
    archive.writestr('m.py', 'def h(event, context): return 1')
fn = client('lambda')
arn = fn.create_function(FunctionName='f', Runtime='python3.12', Role=role('fn'), Handler='m.h', Code={'ZipFile': file.getvalue()})['FunctionArn']
result = dict(before=tried(fn.invoke, FunctionName='f'))
fn.put_function_concurrency(FunctionName='f', ReservedConcurrentExecutions=0)
result['throttled'] = told(fn.invoke, FunctionName='f')
try:
    fn.invoke(FunctionName=arn)
except ClientError as error:
    result['reason'] = [error.response.get('Reason'), error.response.get('Type')]
result['qualified'] = tried(fn.invoke, FunctionName='f', Qualifier='$LATEST')
result['event'] = fn.invoke(FunctionName='f', InvocationType='Event')['StatusCode']
key = user('bob')
result['first'] = tried(client('lambda', key=key).invoke, FunctionName='f')
fn.put_function_concurrency(FunctionName='f', ReservedConcurrentExecutions=5)
result['some'] = tried(fn.invoke, FunctionName='f')
fn.delete_function_concurrency(FunctionName='f')
result['after'] = tried(fn.invoke, FunctionName='f')
";
    let found = run(&lab, script).await;
    let code = "TooManyRequestsException";
    assert_eq!(found["before"], "answered");
    assert_eq!(found["throttled"], json!([code, 429, "Rate Exceeded."]));
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded";
    assert_eq!(found["reason"], json!([reason, "User"]));
    assert_eq!((&found["qualified"], &found["event"]), (&json!(code), &json!(202)));
    assert_eq!(found["first"], "AccessDeniedException");
    assert_eq!((&found["some"], &found["after"]), (&json!("answered"), &json!("answered")));
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[tokio::test]
async fn a_bucket_that_blocks_public_access_is_not_made_public() {
    let lab = lab().await;
    let script = "
bucket = 'closed-' + ACCOUNT
s3.create_bucket(Bucket=bucket)
at = f'arn:aws:s3:::{bucket}'
control = client('s3control')
def to_address(request, **_):
    request.url = request.url.replace(f'//{ACCOUNT}.', '//')
control.meta.events.register('before-send.s3-control', to_address)
def blocks(*names):
    return {name: name in names for name in ('BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets')}
def block(*names):
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocks(*names))
open_to = lambda who, **more: policy({**allow('s3:GetObject', at + '/*', **more), 'Principal': who})
put = dict(Bucket=bucket, Key='k', Body=b'1')
def each():
    return [tried(s3.put_bucket_policy, Bucket=bucket, Policy=open_to('*')), tried(s3.put_bucket_acl, Bucket=bucket, ACL='public-read'),
        tried(s3.put_object, ACL='public-read', **put), tried(s3.put_object_acl, Bucket=bucket, Key='k', ACL='authenticated-read'),
        tried(s3.put_object_acl, Bucket=bucket, Key='k', GrantRead='uri=http://acs.amazonaws.com/groups/global/AllUsers'),
        tried(s3.put_object_acl, Bucket=bucket, Key='k', AccessControlPolicy=dict(Owner={'ID': '1'}, Grants=[dict(Permission='READ', Grantee=dict(Type='Group', URI='http://acs.amazonaws.com/groups/global/AllUsers'))]))]
result = dict(open=each())
block('BlockPublicPolicy')
result['policy'] = each()
result['words'] = told(s3.put_bucket_policy, Bucket=bucket, Policy=open_to('*'))
result['fixed'] = [tried(s3.put_bucket_policy, Bucket=bucket, Policy=open_to({'AWS': f'arn:aws:iam::{ACCOUNT}:root'})),
    tried(s3.put_bucket_policy, Bucket=bucket, Policy=open_to('*', Condition={'StringEquals': {'aws:PrincipalOrgID': 'o-1'}}))]
block('BlockPublicAcls')
result['lists'] = each()
result['list words'] = told(s3.put_object, ACL='public-read', **put)
result['private'] = [tried(s3.put_object, ACL='private', **put), tried(s3.put_bucket_acl, Bucket=bucket, ACL='private')]
s3.delete_public_access_block(Bucket=bucket)
control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=blocks('BlockPublicAcls', 'BlockPublicPolicy'))
result['account'] = each() + [tried(s3.create_bucket, Bucket=bucket + '-b', ACL='public-read')]
control.delete_public_access_block(AccountId=ACCOUNT)
result['lifted'] = each()
other = str(int(ACCOUNT) + 500000000000)
theirs = client('iam', key=other)
theirs.create_user(UserName='eve')
theirs.put_user_policy(UserName='eve', PolicyName='p', PolicyDocument=policy(allow('s3:*')))
eve = client('s3', key=theirs.create_access_key(UserName='eve')['AccessKey']['AccessKeyId'])
s3.put_object_acl(Bucket=bucket, Key='k', ACL='private')
s3.put_bucket_acl(Bucket=bucket, ACL='private')
own = client('s3', key=user('bob', allow('iam:ListUsers')))
read = dict(Bucket=bucket, Key='k')
result['by policy'] = [tried(eve.get_object, **read), tried(own.get_object, **read)]
block('RestrictPublicBuckets')
result['restricted'] = [tried(eve.get_object, **read), tried(own.get_object, **read)]
s3.delete_bucket_policy(Bucket=bucket)
s3.delete_public_access_block(Bucket=bucket)
result['abroad'] = [told(eve.get_object, **read)[:2], tried(eve.get_object, Bucket=bucket + '-none', Key='k')]
s3.put_object_acl(Bucket=bucket, Key='k', ACL='public-read')
result['by list'] = tried(own.get_object, **read)
block('IgnorePublicAcls')
result['ignored'] = tried(own.get_object, **read)
";
    let found = run(&lab, script).await;
    let (yes, no) = ("answered", "AccessDenied");
    assert_eq!((&found["open"], &found["lifted"]), (&json!(vec![yes; 6]), &json!(vec![yes; 6])));
    assert_eq!(found["policy"], json!([no, yes, yes, yes, yes, yes]));
    assert_eq!(found["fixed"], json!([yes, yes]));
    assert_eq!(found["lists"], json!([yes, no, no, no, no, no]));
    assert_eq!(found["private"], json!([yes, yes]));
    assert_eq!(found["account"], json!(vec![no; 7]));
    let account = &lab.account;
    let words = |action: &str, on: &str, because: &str| {
        let text = format!(
            "User: arn:aws:iam::{account}:root is not authorized to perform: s3:{action} on resource: \"arn:aws:s3:::closed-{account}{on}\" because {because} block public access setting."
        );
        json!([no, 403, text])
    };
    let of_policy = "public policies are blocked by the BlockPublicPolicy";
    let of_lists = "public access control lists (ACLs) are blocked by the BlockPublicAcls";
    assert_eq!(found["words"], words("PutBucketPolicy", "", of_policy));
    assert_eq!(found["list words"], words("PutObject", "/k", of_lists));
    assert_eq!(found["by policy"], json!([yes, yes]));
    assert_eq!(found["restricted"], json!([no, yes]));
    // Another account's bucket needs a policy; one that is nowhere is not refused for it.
    assert_eq!(found["abroad"], json!([[no, 403], "NoSuchBucket"]));
    assert_eq!((&found["by list"], &found["ignored"]), (&json!(yes), &json!(no)));
}

/// Most of it is the upstream's own; what it lacks the front or `serve.py` adds.
#[tokio::test]
async fn what_is_locked_or_protected_is_not_deleted() {
    let lab = lab().await;
    let script = "
bucket = 'locked-' + ACCOUNT
s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
def kept(name, **more):
    return s3.put_object(Bucket=bucket, Key=name, Body=b'1', **more)['VersionId']
late = '2099-01-01T00:00:00Z'
held, fixed, soft = kept('a', ObjectLockLegalHoldStatus='ON'), kept('b', ObjectLockMode='COMPLIANCE', ObjectLockRetainUntilDate=late), kept('c', ObjectLockMode='GOVERNANCE', ObjectLockRetainUntilDate=late)
def gone(name, version, **more):
    return tried(s3.delete_object, Bucket=bucket, Key=name, VersionId=version, **more)
def keeps(name, version, mode, year, **more):
    return told(s3.put_object_retention, Bucket=bucket, Key=name, VersionId=version, Retention=dict(Mode=mode, RetainUntilDate=f'{year}-01-01T00:00:00Z'), **more)
result = dict(objects=[gone('a', held), gone('b', fixed), gone('c', soft), gone('b', fixed, BypassGovernanceRetention=True)])
result['shorter'] = [keeps('b', fixed, 'COMPLIANCE', 2030), keeps('b', fixed, 'COMPLIANCE', 2030, BypassGovernanceRetention=True)[0], keeps('b', fixed, 'GOVERNANCE', 2099)[0], keeps('c', soft, 'GOVERNANCE', 2030)[0]]
result['longer'] = [keeps('b', fixed, 'COMPLIANCE', 2100), keeps('c', soft, 'GOVERNANCE', 2030, BypassGovernanceRetention=True)]
result['bypassed'] = gone('c', soft, BypassGovernanceRetention=True)
image = ec2.describe_images()['Images'][0]['ImageId']
one = dict(ImageId=image, MinCount=1, MaxCount=1)
from_start = ec2.run_instances(DisableApiTermination=True, DisableApiStop=True, **one)['Instances'][0]['InstanceId']
later = ec2.run_instances(**one)['Instances'][0]['InstanceId']
ec2.modify_instance_attribute(InstanceId=later, DisableApiTermination={'Value': True})
result['ids'] = [from_start, later]
result['instances'] = [told(ec2.terminate_instances, InstanceIds=[from_start]), told(ec2.stop_instances, InstanceIds=[from_start]), told(ec2.terminate_instances, InstanceIds=[later])]
ec2.modify_instance_attribute(InstanceId=from_start, DisableApiTermination={'Value': False})
result['lifted'] = tried(ec2.terminate_instances, InstanceIds=[from_start])
client('dynamodb').create_table(TableName='t', KeySchema=[{'AttributeName': 'a', 'KeyType': 'HASH'}], AttributeDefinitions=[{'AttributeName': 'a', 'AttributeType': 'S'}], BillingMode='PAY_PER_REQUEST', DeletionProtectionEnabled=True)
db = client('rds')
named = dict(MasterUsername='someone', MasterUserPassword='not-a-secret', DeletionProtection=True)
db.create_db_instance(DBInstanceIdentifier='d', DBInstanceClass='db.t3.micro', Engine='postgres', AllocatedStorage=5, **named)
db.create_db_cluster(DBClusterIdentifier='c', Engine='aurora-postgresql', **named)
result['data'] = [tried(client('dynamodb').delete_table, TableName='t'), tried(db.delete_db_instance, DBInstanceIdentifier='d', SkipFinalSnapshot=True), tried(db.delete_db_cluster, DBClusterIdentifier='c', SkipFinalSnapshot=True)]
";
    let found = run(&lab, script).await;
    let no = "AccessDenied";
    assert_eq!(found["objects"], json!(vec![no; 4]));
    let words = json!([no, 403, "Access Denied because object protected by object lock."]);
    assert_eq!(found["shorter"], json!([words, no, no, no]));
    assert_eq!(found["longer"], json!(["answered", "answered"]));
    assert_eq!(found["bypassed"], "answered");
    let id = |at: usize| found["ids"][at].as_str().expect("an id");
    let refused = |id: &str, done: &str, attribute: &str| {
        let text = format!(
            "The instance '{id}' may not be {done}. Modify its '{attribute}' instance attribute and try again."
        );
        json!(["OperationNotPermitted", 400, text])
    };
    let instances = json!([
        refused(id(0), "terminated", "disableApiTermination"),
        refused(id(0), "stopped", "disableApiStop"),
        refused(id(1), "terminated", "disableApiTermination"),
    ]);
    assert_eq!(found["instances"], instances);
    assert_eq!(found["lifted"], "answered");
    let codes =
        ["ValidationException", "InvalidParameterCombination", "InvalidParameterCombination"];
    assert_eq!(found["data"], json!(codes));
}
