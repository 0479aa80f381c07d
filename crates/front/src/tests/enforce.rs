//! Whom AWS would refuse is refused, before a moto that refuses nobody: identities, sessions, organizations.
//! The wording: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.

use serde_json::{Value, json};

use super::testing::{Served, moto, served_with};
use crate::Options;

/// What every script here begins with.
const HELP: &str = "
iam, sts, s3, ec2 = client('iam'), client('sts'), client('s3'), client('ec2')
def policy(*statements):
    return json.dumps({'Version': '2012-10-17', 'Statement': list(statements)})
def says(effect, action, resource='*', **more):
    return {'Effect': effect, 'Action': action, 'Resource': resource, **more}
def allow(action, resource='*', **more):
    return says('Allow', action, resource, **more)
def deny(action, resource='*', **more):
    return says('Deny', action, resource, **more)
def user(name, *statements):
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName='p', PolicyDocument=policy(*statements))
    return iam.create_access_key(UserName=name)['AccessKey']['AccessKeyId']
def set_policy(name, *statements):
    iam.put_user_policy(UserName=name, PolicyName='p', PolicyDocument=policy(*statements))
def tried(call, **parameters):
    try:
        call(**parameters)
        return 'answered'
    except ClientError as error:
        return error.response['Error']['Code']
def told(call, **parameters):
    try:
        call(**parameters)
        return 'answered'
    except ClientError as error:
        found = error.response
        return [found['Error']['Code'], found['ResponseMetadata']['HTTPStatusCode'], found['Error']['Message']]
def role(name, *statements, trust=None, **more):
    who = {'Effect': 'Allow', 'Principal': {'AWS': f'arn:aws:iam::{ACCOUNT}:root'}, 'Action': ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust or who), **more)['Role']['Arn']
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName='p', PolicyDocument=policy(*statements))
    return made
";

pub(super) fn options() -> Options {
    Options { enforces: true, ..Options::new(moto().endpoint.clone()) }
}

pub(super) async fn lab() -> Served {
    served_with(options(), |front| front).await
}

pub(super) async fn run(lab: &Served, script: &str) -> Value {
    lab.boto3(&format!("{HELP}{script}")).await
}

#[tokio::test]
async fn identity_policies_decide_and_a_change_is_seen_by_the_next_call() {
    let lab = lab().await;
    let script = "
key = user('bob', allow('s3:ListAllMyBuckets'))
mine, my_iam, my_ec2 = client('s3', key=key), client('iam', key=key), client('ec2', key=key)
result = {}
result['allowed'] = tried(mine.list_buckets)
result['implicit'] = told(my_iam.list_users)
result['ec2'] = told(my_ec2.describe_instances)
set_policy('bob', allow('*'), deny('iam:CreateUser'))
result['all'] = [tried(my_ec2.describe_instances), tried(my_iam.list_users)]
result['explicit'] = told(my_iam.create_user, UserName='eve')
iam.delete_user_policy(UserName='bob', PolicyName='p')
result['gone'] = tried(my_ec2.describe_instances)
iam.create_group(GroupName='staff')
iam.put_group_policy(GroupName='staff', PolicyName='p', PolicyDocument=policy(allow('ec2:*')))
iam.add_user_to_group(GroupName='staff', UserName='bob')
result['group'] = [tried(my_ec2.describe_instances), tried(mine.list_buckets)]
iam.remove_user_from_group(GroupName='staff', UserName='bob')
made = iam.create_policy(PolicyName='own', PolicyDocument=policy(allow('ec2:*')))['Policy']['Arn']
iam.attach_user_policy(UserName='bob', PolicyArn=made)
result['managed'] = tried(my_ec2.describe_instances)
iam.create_policy_version(PolicyArn=made, PolicyDocument=policy(allow('s3:*')), SetAsDefault=True)
result['version'] = [tried(my_ec2.describe_instances), tried(mine.list_buckets)]
iam.attach_user_policy(UserName='bob', PolicyArn='arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess')
result['aws managed'] = [tried(my_ec2.describe_instances), tried(my_ec2.create_vpc, CidrBlock='10.9.0.0/16')]
iam.attach_user_policy(UserName='bob', PolicyArn='arn:aws:iam::aws:policy/AWSDenyAll')
result['deny all'] = [tried(my_ec2.describe_instances), tried(mine.list_buckets), tried(client('glue', key=key).get_databases), tried(client('sts', key=key).get_caller_identity)]
set_policy('bob', allow('s3:ListAllMyBuckets', 'arn:aws:s3:::*'), allow('iam:ListUsers', f'arn:aws:iam::{ACCOUNT}:user/*'))
for arn in ('arn:aws:iam::aws:policy/AWSDenyAll', 'arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess', made):
    iam.detach_user_policy(UserName='bob', PolicyArn=arn)
result['named'] = [tried(mine.list_buckets), tried(my_iam.list_users), tried(my_iam.list_roles)]
result['root'] = tried(iam.list_users)
";
    let found = run(&lab, script).await;
    let bob = format!("arn:aws:iam::{}:user/bob", lab.account);
    let answered = json!("answered");
    assert_eq!(found["allowed"], answered);
    assert_eq!(
        found["implicit"],
        json!([
            "AccessDenied",
            403,
            format!(
                "User: {bob} is not authorized to perform: iam:ListUsers because no identity-based policy allows the iam:ListUsers action"
            )
        ])
    );
    assert_eq!(
        found["ec2"],
        json!([
            "UnauthorizedOperation",
            403,
            format!(
                "You are not authorized to perform this operation. User: {bob} is not authorized to perform: ec2:DescribeInstances because no identity-based policy allows the ec2:DescribeInstances action"
            )
        ])
    );
    assert_eq!(found["all"], json!(["answered", "answered"]));
    assert_eq!(
        found["explicit"],
        json!([
            "AccessDenied",
            403,
            format!(
                "User: {bob} is not authorized to perform: iam:CreateUser on resource: arn:aws:iam::{}:user/eve with an explicit deny in an identity-based policy",
                lab.account
            )
        ])
    );
    assert_eq!(found["gone"], "UnauthorizedOperation");
    assert_eq!(found["group"], json!(["answered", "AccessDenied"]));
    assert_eq!(found["managed"], answered);
    assert_eq!(found["version"], json!(["UnauthorizedOperation", "answered"]));
    assert_eq!(found["aws managed"], json!(["answered", "UnauthorizedOperation"]));
    let refused =
        json!(["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "answered"]);
    assert_eq!(found["deny all"], refused);
    // What AWS names some resource for is not refused for the name of it.
    assert_eq!(found["named"], json!(["answered", "answered", "AccessDenied"]));
    assert_eq!(found["root"], answered);
}

#[tokio::test]
async fn credentials_that_are_not_good_are_refused_in_each_protocol() {
    let lab = lab().await;
    let script = "
key = user('bob', allow('*'))
def each():
    calls = [client('iam', key=key).list_users, client('ec2', key=key).describe_vpcs, client('s3', key=key).list_buckets,
        client('kms', key=key).list_keys, client('lambda', key=key).list_functions, client('sts', key=key).get_caller_identity]
    found = [told(call) for call in calls]
    return [one if one == 'answered' else one[:2] for one in found]
result = dict(active=each())
iam.update_access_key(UserName='bob', AccessKeyId=key, Status='Inactive')
result['inactive'] = each()
iam.update_access_key(UserName='bob', AccessKeyId=key, Status='Active')
result['again'] = each()
iam.delete_access_key(UserName='bob', AccessKeyId=key)
result['deleted'] = each()
key = 'AKIANOSUCHKEY0000000'
result['unknown'] = each()
body = client('s3', key=key)
result['object'] = tried(body.get_object, Bucket='any', Key='any')
result['message'] = told(client('iam', key=key).list_users)[2]
";
    let found = run(&lab, script).await;
    let bad = json!([
        ["InvalidClientTokenId", 403],
        ["AuthFailure", 401],
        ["InvalidAccessKeyId", 403],
        ["UnrecognizedClientException", 400],
        ["UnrecognizedClientException", 403],
        ["InvalidClientTokenId", 403],
    ]);
    let good = json!(vec!["answered"; 6]);
    assert_eq!((&found["active"], &found["again"]), (&good, &good));
    for kind in ["inactive", "deleted", "unknown"] {
        assert_eq!(found[kind], bad, "{kind}");
    }
    assert_eq!(found["object"], "InvalidAccessKeyId");
    assert_eq!(found["message"], "The security token included in the request is invalid.");
}

#[tokio::test]
async fn roles_are_assumed_by_those_whom_they_trust() {
    let lab = lab().await;
    let script = "
key = user('bob', allow('sts:*'))
eve = user('eve')
bob, eve = client('sts', key=key), client('sts', key=eve)
def named(name):
    return {'Effect': 'Allow', 'Principal': {'AWS': f'arn:aws:iam::{ACCOUNT}:user/{name}'}, 'Action': 'sts:AssumeRole'}
of_account = role('account', allow('ec2:*'))
of_eve = role('eve', trust=named('eve'))
outer = role('outer', trust={**named('bob'), 'Condition': {'StringEquals': {'sts:ExternalId': 'x1'}}}, Path='/p/')
go = dict(RoleSessionName='drill')
result = dict(
    account=[tried(bob.assume_role, RoleArn=of_account, **go), tried(eve.assume_role, RoleArn=of_account, **go)],
    eve=[told(bob.assume_role, RoleArn=of_eve, **go), tried(eve.assume_role, RoleArn=of_eve, **go)],
    outer=[tried(bob.assume_role, RoleArn=outer, **go), tried(bob.assume_role, RoleArn=outer, ExternalId='x1', **go)],
    tags=tried(bob.assume_role, RoleArn=outer, ExternalId='x1', Tags=[{'Key': 'a', 'Value': 'b'}], **go),
    missing=tried(bob.assume_role, RoleArn=f'arn:aws:iam::{ACCOUNT}:role/nobody', **go),
)
iam.update_assume_role_policy(RoleName='eve', PolicyDocument=policy(named('bob')))
result['now'] = [tried(bob.assume_role, RoleArn=of_eve, **go), tried(eve.assume_role, RoleArn=of_eve, **go)]
";
    let found = run(&lab, script).await;
    assert_eq!(found["account"], json!(["answered", "AccessDenied"]));
    let refused = json!([
        "AccessDenied",
        403,
        format!(
            "User: arn:aws:iam::{0}:user/bob is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::{0}:role/eve",
            lab.account
        )
    ]);
    assert_eq!(found["eve"], json!([refused, "answered"]));
    assert_eq!(found["outer"], json!(["AccessDenied", "answered"]));
    assert_eq!(found["tags"], "AccessDenied");
    assert_eq!(found["missing"], "AccessDenied");
    assert_eq!(found["now"], json!(["answered", "AccessDenied"]));
}

/// What a containment step writes into a role: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html>
#[tokio::test]
async fn sessions_before_the_cut_are_refused_and_those_after_it_are_not() {
    let lab = lab().await;
    let script = "
import datetime
key = user('bob', allow('sts:*'))
bob = client('sts', key=key)
made = role('web', allow('ec2:*'), allow('s3:ListAllMyBuckets'))
def session(**more):
    return bob.assume_role(RoleArn=made, RoleSessionName='drill', **more)['Credentials']['AccessKeyId']
old = session()
result = dict(before=tried(client('ec2', key=old).describe_vpcs), who=client('sts', key=old).get_caller_identity()['Arn'])
time.sleep(1.1)
cut = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
iam.put_role_policy(RoleName='web', PolicyName='cut', PolicyDocument=policy(deny('*', Condition={'DateLessThan': {'aws:TokenIssueTime': cut}})))
result['old'] = told(client('ec2', key=old).describe_vpcs)
result['new'] = tried(client('ec2', key=session()).describe_vpcs)
iam.delete_role_policy(RoleName='web', PolicyName='cut')
result['released'] = tried(client('ec2', key=old).describe_vpcs)
small = session(Policy=policy(allow('s3:*')))
result['session policy'] = [tried(client('s3', key=small).list_buckets), told(client('ec2', key=small).describe_vpcs)]
managed = session(Policy=policy(allow('s3:*')), PolicyArns=[{'arn': 'arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess'}])
result['both'] = [tried(client('ec2', key=managed).describe_vpcs), tried(client('ec2', key=managed).create_vpc, CidrBlock='10.9.0.0/16')]
tagged = session(Tags=[{'Key': 'team', 'Value': 'red'}], SourceIdentity='bob')
iam.put_role_policy(RoleName='web', PolicyName='p', PolicyDocument=policy(
    allow('ec2:*', Condition={'StringEquals': {'aws:PrincipalTag/team': 'red', 'aws:SourceIdentity': 'bob'}})))
result['tags'] = [tried(client('ec2', key=tagged).describe_vpcs), tried(client('ec2', key=old).describe_vpcs)]
bare = boto3.client('ec2', endpoint_url=ENDPOINT, region_name='us-east-1', aws_access_key_id=tagged, aws_secret_access_key='x')
result['no token'] = tried(bare.describe_vpcs)
bound = iam.create_policy(PolicyName='bound', PolicyDocument=policy(allow('s3:*')))['Policy']['Arn']
iam.put_role_permissions_boundary(RoleName='web', PermissionsBoundary=bound)
result['boundary'] = told(client('ec2', key=tagged).describe_vpcs)[2].split(' because ')[1]
iam.delete_role_policy(RoleName='web', PolicyName='p')
iam.delete_role(RoleName='web')
result['deleted'] = tried(client('ec2', key=tagged).describe_vpcs)
";
    let found = run(&lab, script).await;
    let account = &lab.account;
    let drill = format!("arn:aws:sts::{account}:assumed-role/web/drill");
    assert_eq!((&found["before"], &found["who"]), (&json!("answered"), &json!(drill)));
    assert_eq!(
        found["old"],
        json!([
            "UnauthorizedOperation",
            403,
            format!(
                "You are not authorized to perform this operation. User: {drill} is not authorized to perform: ec2:DescribeVpcs with an explicit deny in an identity-based policy"
            )
        ])
    );
    assert_eq!((&found["new"], &found["released"]), (&json!("answered"), &json!("answered")));
    assert_eq!(found["session policy"][0], "answered");
    let why = found["session policy"][1][2].as_str().expect("a message");
    assert!(why.ends_with("because no session policy allows the ec2:DescribeVpcs action"), "{why}");
    assert_eq!(found["both"], json!(["answered", "UnauthorizedOperation"]));
    assert_eq!(found["tags"], json!(["answered", "UnauthorizedOperation"]));
    assert_eq!(found["no token"], "AuthFailure");
    assert_eq!(found["boundary"], "no permissions boundary allows the ec2:DescribeVpcs action");
    assert_eq!(found["deleted"], "UnauthorizedOperation");
}

/// Such a call is not signed: another's token vouches for it.
#[tokio::test]
async fn sessions_by_a_token_of_another_are_remembered_too() {
    let lab = lab().await;
    let script = "
made = role('ci', allow('ec2:*'), trust={'Effect': 'Allow', 'Principal': {'Federated': 'accounts.google.com'}, 'Action': 'sts:AssumeRoleWithWebIdentity'})
key = sts.assume_role_with_web_identity(RoleArn=made, RoleSessionName='build', WebIdentityToken='x' * 20, ProviderId='accounts.google.com')['Credentials']['AccessKeyId']
result = dict(before=tried(client('ec2', key=key).describe_vpcs))
iam.put_role_policy(RoleName='ci', PolicyName='cut', PolicyDocument=policy(deny('*', Condition={'DateGreaterThan': {'aws:TokenIssueTime': '2020-01-01T00:00:00Z'}})))
result['after'] = tried(client('ec2', key=key).describe_vpcs)
";
    let found = run(&lab, script).await;
    assert_eq!(found, json!({ "before": "answered", "after": "UnauthorizedOperation" }));
}

/// moto gives the same key to each of them; the front gives each its own.
#[tokio::test]
async fn sessions_of_users_have_the_users_permissions() {
    let lab = lab().await;
    let script = "
key = user('bob', allow(['ec2:*', 'sts:*']))
bob = client('sts', key=key)
token = bob.get_session_token()['Credentials']['AccessKeyId']
fed = bob.get_federation_token(Name='guest', Policy=policy(allow('ec2:Describe*')))['Credentials']['AccessKeyId']
bare = bob.get_federation_token(Name='bare')['Credentials']['AccessKeyId']
def each():
    return [tried(client('ec2', key=one).describe_vpcs) for one in (token, fed, bare)]
result = dict(apart=len({token, fed, bare, 'AKIAIOSFODNN7EXAMPLE'}), can=each(),
    makes=[tried(client('ec2', key=one).create_vpc, CidrBlock='10.8.0.0/16') for one in (token, fed)],
    who=[client('sts', key=one).get_caller_identity()['Arn'] for one in (token, fed)],
    same=len(client('ec2', key=token).describe_vpcs()['Vpcs']) == len(ec2.describe_vpcs()['Vpcs']))
set_policy('bob', allow('*'), deny('*', Condition={'DateGreaterThan': {'aws:TokenIssueTime': '2020-01-01T00:00:00Z'}}))
result['cut'] = each() + [tried(client('ec2', key=key).describe_vpcs)]
result['again'] = [tried(client('sts', key=token).get_session_token), tried(client('sts', key=token).get_federation_token, Name='guest')]
worker = sts.assume_role(RoleArn=role('worker', allow('*')), RoleSessionName='worker')['Credentials']['AccessKeyId']
result['again'].append(tried(client('sts', key=worker).get_session_token))
";
    let found = run(&lab, script).await;
    assert_eq!(found["apart"], 4);
    let refused = "UnauthorizedOperation";
    assert_eq!(found["can"], json!(["answered", "answered", refused]));
    assert_eq!(found["makes"], json!(["answered", refused]));
    let arns = json!([
        format!("arn:aws:iam::{}:user/bob", lab.account),
        format!("arn:aws:sts::{}:federated-user/guest", lab.account)
    ]);
    assert_eq!((&found["who"], &found["same"]), (&arns, &json!(true)));
    assert_eq!(found["cut"], json!([refused, refused, refused, "answered"]));
    assert_eq!(found["again"], json!(["AccessDenied", "AccessDenied", "AccessDenied"]));
}

#[tokio::test]
async fn sessions_outlive_the_front_and_end_when_they_expire() {
    let home = tempfile::tempdir().expect("a directory");
    let with_home = || Options { home: Some(home.path().into()), ..options() };
    let first = served_with(with_home(), |front| front).await;
    let script = "
made = role('web', allow('ec2:*'))
key = sts.assume_role(RoleArn=made, RoleSessionName='drill', Policy=policy(allow('s3:*')))['Credentials']['AccessKeyId']
result = [key, tried(client('ec2', key=key).describe_vpcs)]
";
    let found = run(&first, script).await;
    assert_eq!(found[1], "UnauthorizedOperation");
    first.front.stop().await;
    let file = home.path().join("front.json");
    let second = served_with(with_home(), |front| front).await;
    let key = found[0].as_str().expect("a key");
    let script = format!(
        "result = [told(client(name, key='{key}').{call}) for name, call in ()] or [told(client('ec2', key='{key}').describe_vpcs), told(client('iam', key='{key}').list_users)]",
        call = "x"
    );
    let again = run(&second, &script).await;
    assert_eq!(again[0][0], "UnauthorizedOperation");
    assert!(again[0][2].as_str().is_some_and(|why| why.contains("session policy")), "{again}");
    second.front.stop().await;
    let text = std::fs::read_to_string(&file).expect("written");
    let mut kept: Value = serde_json::from_str(&text).expect("JSON");
    kept["scopes"]["sessions/all"]["enforce.session"][key]["until"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&file, kept.to_string()).expect("written");
    let third = served_with(with_home(), |front| front).await;
    let expired = run(&third, &script).await;
    assert_eq!(expired[0][0], "RequestExpired");
    let expected =
        json!(["ExpiredToken", 403, "The security token included in the request is expired"]);
    assert_eq!(expired[1], expected);
}

#[tokio::test]
async fn service_control_policies_limit_member_accounts_and_not_the_management_account() {
    let lab = lab().await;
    let script = "
org = client('organizations')
org.create_organization(FeatureSet='ALL')
top = org.list_roots()['Roots'][0]['Id']
member = org.create_account(AccountName='m', Email='m@lab.example')['CreateAccountStatus']['AccountId']
unit = org.create_organizational_unit(ParentId=top, Name='u')['OrganizationalUnit']['Id']
org.move_account(AccountId=member, SourceParentId=top, DestinationParentId=unit)
scp = org.create_policy(Content=policy(deny('ec2:CreateVpc')), Description='d', Name='cut', Type='SERVICE_CONTROL_POLICY')['Policy']['PolicySummary']['Id']
theirs = client('iam', key=member)
theirs.create_user(UserName='bob')
theirs.put_user_policy(UserName='bob', PolicyName='p', PolicyDocument=policy(allow('*')))
key = theirs.create_access_key(UserName='bob')['AccessKey']['AccessKeyId']
own = user('ann', allow('*'))
def both():
    found = [told(client('ec2', key=one).create_vpc, CidrBlock='10.7.0.0/16') for one in (key, own)]
    return [one if one == 'answered' else one[2].split(' with ')[-1] for one in found]
result = dict(before=both())
for target in (unit, ACCOUNT):
    org.attach_policy(PolicyId=scp, TargetId=target)
result['not enabled'] = both()
org.enable_policy_type(RootId=top, PolicyType='SERVICE_CONTROL_POLICY')
result['attached'] = both()
org.detach_policy(PolicyId=scp, TargetId=unit)
result['detached'] = both()
";
    let found = run(&lab, script).await;
    assert_eq!(found["before"], json!(["answered", "answered"]));
    assert_eq!(
        found["attached"],
        json!(["an explicit deny in a service control policy", "answered"])
    );
    assert_eq!(found["detached"], json!(["answered", "answered"]));
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
#[tokio::test]
async fn the_simulator_answers_by_the_policies_that_are_enforced() {
    let lab = lab().await;
    let script = "
user('sue', allow('s3:*'), deny('s3:DeleteBucket'), deny('s3:PutObject', Condition={'StringEquals': {'aws:userid': 'AIDA1'}}))
sue = f'arn:aws:iam::{ACCOUNT}:user/sue'
def asked(*actions, source=sue, **more):
    pages = iam.get_paginator('simulate_principal_policy').paginate(PolicySourceArn=source, ActionNames=list(actions), **more)
    return [[one['EvalActionName'], one['EvalDecision'], one['MissingContextValues']] for page in pages for one in page['EvaluationResults']]
result = {}
result['plain'] = asked('s3:GetObject', 's3:DeleteBucket', 'ec2:RunInstances', 's3:PutObject')
result['key'] = asked('s3:PutObject', ContextEntries=[{'ContextKeyName': 'aws:userid', 'ContextKeyValues': ['AIDA1'], 'ContextKeyType': 'string'}])
result['pages'] = asked('s3:GetObject', 's3:GetBucketAcl', 's3:ListBucket', PaginationConfig={'PageSize': 2})
result['more'] = asked('ec2:RunInstances', PolicyInputList=[policy(allow('ec2:*'))])
result['boundary'] = asked('s3:GetObject', PermissionsBoundaryPolicyInputList=[policy(allow('ec2:*'))])
arn = role('worker', allow('ec2:*'))
result['role'] = asked('ec2:RunInstances', 's3:GetObject', source=arn)
result['nobody'] = tried(iam.simulate_principal_policy, PolicySourceArn=sue + 'x', ActionNames=['s3:GetObject'])
result['custom'] = [one['EvalDecision'] for one in iam.simulate_custom_policy(PolicyInputList=[policy(allow('s3:*'))], ActionNames=['s3:GetObject', 'ec2:RunInstances'])['EvaluationResults']]
me = client('sts').get_caller_identity()['Arn']
result['root'] = asked('s3:GetObject', source=me)
key = user('tom')
result['refused'] = tried(client('iam', key=key).simulate_principal_policy, PolicySourceArn=sue, ActionNames=['s3:GetObject'])
";
    let found = run(&lab, script).await;
    let none: [&str; 0] = [];
    let userid = ["aws:userid"];
    assert_eq!(
        found["plain"],
        json!([
            ["s3:GetObject", "allowed", none],
            ["s3:DeleteBucket", "explicitDeny", none],
            ["ec2:RunInstances", "implicitDeny", none],
            ["s3:PutObject", "allowed", userid],
        ])
    );
    assert_eq!(found["key"], json!([["s3:PutObject", "explicitDeny", none]]));
    assert_eq!(found["pages"].as_array().map(Vec::len), Some(3), "{found}");
    assert_eq!(found["more"], json!([["ec2:RunInstances", "allowed", none]]));
    assert_eq!(found["boundary"], json!([["s3:GetObject", "implicitDeny", none]]));
    assert_eq!(
        found["role"],
        json!([["ec2:RunInstances", "allowed", none], ["s3:GetObject", "implicitDeny", none]])
    );
    assert_eq!(found["nobody"], json!("NoSuchEntity"));
    assert_eq!(found["root"], json!([["s3:GetObject", "allowed", none]]));
    assert_eq!(found["custom"], json!(["allowed", "implicitDeny"]));
    assert_eq!(found["refused"], json!("AccessDenied"));
}

/// Whose such a request is cannot be told, so no policy could refuse it.
#[tokio::test]
async fn credentials_in_another_form_than_signature_version_4_are_refused() {
    let lab = lab().await;
    let script = "
import urllib.request, urllib.error
s3.create_bucket(Bucket='kept-' + ACCOUNT)
s3.put_object(Bucket='kept-' + ACCOUNT, Key='k', Body=b'x')
key = user('bob')
iam.update_access_key(UserName='bob', AccessKeyId=key, Status='Inactive')
url = s3.meta.endpoint_url + '/kept-' + ACCOUNT + '/k'
def got(query='', **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url + query, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code
scope = key + '%2F20261201%2Fus-east-1%2Fs3%2Faws4_request'
result = [
    got(Authorization=f'AWS {key}:c2ln'),
    got(f'?AWSAccessKeyId={key}&Signature=c2ln&Expires=99999999999'),
    got(f'?x-amz-credential={scope}&X-Amz-Signature=x'),
    got(f'?X%2DAmz%2DCredential={scope}&X-Amz-Signature=x'),
]
";
    assert_eq!(run(&lab, script).await, json!([400, 400, 400, 400]));
}
