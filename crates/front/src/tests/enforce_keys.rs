//! The condition keys that policies ask for, as IAM lists them beside its simulator.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html>

use serde_json::json;

use super::enforce::{lab, run};

#[tokio::test]
async fn keys_of_principals_and_of_given_policies_are_listed() {
    let lab = lab().await;
    let script = "
key = user('sue', deny('s3:PutObject', 'arn:aws:s3:::b/${aws:username}/*', Condition={'StringEquals': {'aws:PrincipalTag/team': 'red'}}))
sue = f'arn:aws:iam::{ACCOUNT}:user/sue'
iam.create_group(GroupName='staff')
iam.put_group_policy(GroupName='staff', PolicyName='p', PolicyDocument=policy(allow('ec2:*', Condition={'Bool': {'aws:MultiFactorAuthPresent': True}})))
iam.add_user_to_group(GroupName='staff', UserName='sue')
def of(source=sue, **more):
    return iam.get_context_keys_for_principal_policy(PolicySourceArn=source, **more)['ContextKeyNames']
more = policy(allow('s3:*', Condition={'IpAddress': {'AWS:SourceIp': '192.0.2.0/24'}, 'StringLike': {'AWS:UserName': 'x'}}))
result = dict(user=of(), group=of(f'arn:aws:iam::{ACCOUNT}:group/staff'), more=of(PolicyInputList=[more]),
    given=iam.get_context_keys_for_custom_policy(PolicyInputList=[more])['ContextKeyNames'],
    none=iam.get_context_keys_for_custom_policy(PolicyInputList=[policy(allow('s3:*'))]).get('ContextKeyNames', []),
    nobody=tried(iam.get_context_keys_for_principal_policy, PolicySourceArn=sue + 'x'),
    bad=tried(iam.get_context_keys_for_custom_policy, PolicyInputList=['{']),
    refused=tried(client('iam', key=key).get_context_keys_for_principal_policy, PolicySourceArn=sue))
";
    let found = run(&lab, script).await;
    let user = ["aws:PrincipalTag/team", "aws:username", "aws:MultiFactorAuthPresent"];
    assert_eq!(found["user"], json!(user));
    assert_eq!(found["group"], json!(["aws:MultiFactorAuthPresent"]));
    assert_eq!(found["more"], json!([&user[..], &["AWS:SourceIp"]].concat()));
    assert_eq!(found["given"], json!(["AWS:SourceIp", "AWS:UserName"]));
    assert_eq!(found["none"], json!([]));
    assert_eq!((&found["nobody"], &found["bad"]), (&json!("NoSuchEntity"), &json!("InvalidInput")));
    assert_eq!(found["refused"], "AccessDenied");
}
