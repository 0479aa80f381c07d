//! Policies that stand above a resource or hold it: those of its owner's organization, vaults, file systems.

use serde_json::json;

use super::enforce::{lab, options, run};
use super::testing::served_with;
use crate::backup::Backup;

/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
#[tokio::test]
async fn resource_control_policies_limit_who_uses_the_resources_of_member_accounts() {
    let lab = lab().await;
    let script = "
org = client('organizations')
org.create_organization(FeatureSet='ALL')
top = org.list_roots()['Roots'][0]['Id']
member = org.create_account(AccountName='m', Email='m@lab.example')['CreateAccountStatus']['AccountId']
unit = org.create_organizational_unit(ParentId=top, Name='u')['OrganizationalUnit']['Id']
org.move_account(AccountId=member, SourceParentId=top, DestinationParentId=unit)
identity = org.describe_organization()['Organization']['Id']
outside = {'StringNotEqualsIfExists': {'aws:PrincipalOrgID': identity}}
rcp = org.create_policy(Content=policy({**deny(['s3:*', 'sts:AssumeRole', 'sqs:*'], Condition=outside), 'Principal': '*'}), Description='d', Name='edge', Type='RESOURCE_CONTROL_POLICY')['Policy']['PolicySummary']['Id']
def person(account, name):
    theirs = client('iam', key=account)
    theirs.create_user(UserName=name)
    theirs.put_user_policy(UserName=name, PolicyName='p', PolicyDocument=policy(allow('*')))
    return theirs.create_access_key(UserName=name)['AccessKey']['AccessKeyId']
stranger = str(int(ACCOUNT) + 500000000000)
eve, mary, ann = person(stranger, 'eve'), person(member, 'mary'), person(ACCOUNT, 'ann')
def bucket(account):
    name = 'edge-' + account
    client('s3', key=account).create_bucket(Bucket=name)
    client('s3', key=account).put_bucket_policy(Bucket=name, Policy=policy({**allow('s3:*', [f'arn:aws:s3:::{name}', f'arn:aws:s3:::{name}/*']), 'Principal': '*'}))
    return name
def open_role(account):
    trust = {'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': 'sts:AssumeRole'}
    return client('iam', key=account).create_role(RoleName='open', AssumeRolePolicyDocument=policy(trust))['Role']['Arn']
theirs, own = bucket(member), bucket(ACCOUNT)
role_of_member, role_of_own = open_role(member), open_role(ACCOUNT)
queue = client('sqs', key=member).create_queue(QueueName='q')['QueueUrl']
client('sqs', key=member).set_queue_attributes(QueueUrl=queue, Attributes={'Policy': policy({**allow('sqs:*'), 'Principal': '*'})})
session = dict(RoleSessionName='drill')
def tries(key):
    found = [told(client('s3', key=key).list_objects_v2, Bucket=theirs), told(client('sts', key=key).assume_role, RoleArn=role_of_member, **session),
        told(client('sqs', key=key).get_queue_attributes, QueueUrl=queue), told(client('s3', key=key).list_objects_v2, Bucket=own), told(client('sts', key=key).assume_role, RoleArn=role_of_own, **session)]
    return [one if one == 'answered' else one[2].split(' with ')[-1] for one in found]
result = dict(before=tries(eve))
org.enable_policy_type(RootId=top, PolicyType='RESOURCE_CONTROL_POLICY')
org.attach_policy(PolicyId=rcp, TargetId=unit)
result['attached'] = [tries(key) for key in (ann, mary)]
result['eve'] = tries(eve)
org.detach_policy(PolicyId=rcp, TargetId=unit)
result['detached'] = tries(eve)
";
    let found = run(&lab, script).await;
    // The upstream finds no queue of another account: the call has passed.
    let nowhere = "The specified queue does not exist.";
    let free = json!(["answered", "answered", nowhere, "answered", "answered"]);
    assert_eq!((&found["before"], &found["detached"]), (&free, &free));
    let own = json!(vec!["answered"; 5]);
    assert_eq!(found["attached"], json!([free, own]));
    let refused = "an explicit deny in a resource control policy";
    // A stranger's organization does not tell whose the bucket is: it passes, and is counted.
    assert_eq!(found["eve"], json!(["answered", refused, refused, "answered", "answered"]));
    let (_, status) = lab.control("GET", "/_backburn/status", "").await;
    let reasons = status["enforcement"]["reasons"].as_array().expect("a list");
    let why = "the resource control policies, which were not read";
    assert!(reasons.iter().any(|one| one["without"] == why), "{reasons:?}");
}

/// The whole organization's buckets are known from within it.
#[tokio::test]
async fn a_resource_control_policy_reaches_a_member_from_a_member() {
    let lab = lab().await;
    let script = "
org = client('organizations')
org.create_organization(FeatureSet='ALL')
top = org.list_roots()['Roots'][0]['Id']
def member(name):
    account = org.create_account(AccountName=name, Email=name + '@lab.example')['CreateAccountStatus']['AccountId']
    theirs = client('iam', key=account)
    theirs.create_user(UserName=name)
    theirs.put_user_policy(UserName=name, PolicyName='p', PolicyDocument=policy(allow('*')))
    return account, theirs.create_access_key(UserName=name)['AccessKey']['AccessKeyId']
(one, mary), (two, tom) = member('mary'), member('tom')
bucket = 'inner-' + one
client('s3', key=one).create_bucket(Bucket=bucket)
client('s3', key=one).put_bucket_policy(Bucket=bucket, Policy=policy({**allow('s3:*', [f'arn:aws:s3:::{bucket}']), 'Principal': '*'}))
org.enable_policy_type(RootId=top, PolicyType='RESOURCE_CONTROL_POLICY')
rcp = org.create_policy(Content=policy({**deny('s3:ListBucket', Condition={'StringNotEquals': {'aws:PrincipalAccount': '${aws:ResourceAccount}'}}), 'Principal': '*'}), Description='d', Name='own', Type='RESOURCE_CONTROL_POLICY')['Policy']['PolicySummary']['Id']
result = [tried(client('s3', key=tom).list_objects_v2, Bucket=bucket)]
org.attach_policy(PolicyId=rcp, TargetId=one)
result += [tried(client('s3', key=key).list_objects_v2, Bucket=bucket) for key in (mary, tom)]
";
    assert_eq!(run(&lab, script).await, json!(["answered", "answered", "AccessDenied"]));
}

/// <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>,
/// <https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html>
#[tokio::test]
async fn policies_of_vaults_and_file_systems_decide() {
    let lab = served_with(options(), |front| front.with(Backup)).await;
    let script = "
backup, efs = client('backup'), client('efs')
arn = f'arn:aws:iam::{ACCOUNT}:user/'
bob, ann = user('bob', allow(['backup:*', 'elasticfilesystem:*'])), user('ann')
def given(effect, name, action, resource='*'):
    return {**says(effect, action, resource), 'Principal': {'AWS': arn + name}}
backup.create_backup_vault(BackupVaultName='vault')
volume = ec2.create_volume(Size=1, AvailabilityZone='us-east-1a')['VolumeId']
job = backup.start_backup_job(BackupVaultName='vault', ResourceArn=f'arn:aws:ec2:us-east-1:{ACCOUNT}:volume/{volume}', IamRoleArn=role('backup'))['BackupJobId']
until(lambda: backup.describe_backup_job(BackupJobId=job)['State'] == 'COMPLETED')
point = backup.describe_backup_job(BackupJobId=job)['RecoveryPointArn']
def tries(key):
    mine = client('backup', key=key)
    return [tried(mine.describe_backup_vault, BackupVaultName='vault'), tried(mine.describe_recovery_point, BackupVaultName='vault', RecoveryPointArn=point), tried(mine.list_backup_plans)]
result = dict(none=[tries(bob), tries(ann)])
backup.put_backup_vault_access_policy(BackupVaultName='vault', Policy=policy(given('Allow', 'ann', 'backup:DescribeBackupVault'), given('Deny', 'bob', ['backup:DeleteRecoveryPoint', 'backup:DescribeRecoveryPoint'])))
result['some'] = [tries(bob), tries(ann)]
result['delete'] = told(client('backup', key=bob).delete_recovery_point, BackupVaultName='vault', RecoveryPointArn=point)
backup.delete_backup_vault_access_policy(BackupVaultName='vault')
result['gone'] = tries(bob)
system = efs.create_file_system(CreationToken='x')['FileSystemId']
def shares(key):
    mine = client('efs', key=key)
    return [tried(mine.describe_file_system_policy, FileSystemId=system), tried(mine.describe_lifecycle_configuration, FileSystemId=system)]
open_to_ann = policy(given('Allow', 'ann', 'elasticfilesystem:Describe*'), given('Deny', 'bob', 'elasticfilesystem:DescribeFileSystemPolicy'))
result['system'] = [shares(ann)]
efs.put_file_system_policy(FileSystemId=system, Policy=open_to_ann)
result['system'] += [shares(ann), shares(bob)]
";
    let found = run(&lab, script).await;
    let (yes, no) = ("answered", "AccessDeniedException");
    assert_eq!(found["none"], json!([[yes, yes, yes], [no, no, no]]));
    assert_eq!(found["some"], json!([[yes, no, yes], [yes, no, no]]));
    assert_eq!(found["gone"], json!([yes, yes, yes]));
    let words = found["delete"][2].as_str().expect("a message");
    assert!(words.ends_with("with an explicit deny in a resource-based policy"), "{words}");
    assert_eq!(found["system"], json!([[no, no], [yes, yes], [no, yes]]));
}
