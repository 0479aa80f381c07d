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

/// Policies of others are what these operations read. Each is answered, within a time, and the front goes on.
#[tokio::test]
async fn a_hostile_corpus_is_answered_in_bounded_time() {
    let lab = lab().await;
    let script = "
one = lambda **more: json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*', **more}]})
corpus = dict(
    nothing='{}', list='[]', null='null', cut='{\"Version\"', twice='{\"Statement\":[],\"Statement\":[]}',
    deep='{\"Statement\":' + '[' * 20000 + ']' * 20000 + '}',
    deep_condition=one(Condition={'StringEquals': json.loads('{\"a\":' * 90 + '1' + '}' * 90)}),
    stars=one(Action='s3:' + '*a' * 4000 + 'b', Resource='arn:aws:s3:::' + '*a' * 4000 + 'b'),
    questions=one(Resource='arn:aws:s3:::' + '?*' * 4000),
    colons=one(Resource=':' * 20000), variables=one(Resource='arn:aws:s3:::' + '${' * 20000), open=one(Resource='${aws:username' * 2000),
    names=one(Resource='arn:aws:s3:::' + ''.join('${aws:PrincipalTag/k%d}' % n for n in range(1500))),
    values=one(Condition={'ForAllValues:StringLike': {'aws:TagKeys': ['*' * 50 + str(n) for n in range(1500)]}}),
    keys=one(Condition={'StringEquals': {'aws:RequestTag/k%d' % n: 'x' for n in range(1500)}}),
    statements=json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Deny', 'NotAction': 'a:b', 'NotResource': '*x*y*z' + str(n)} for n in range(800)]}),
    wide=one(Resource=['arn:aws:s3:::' + '*a*b*c*' + str(n) for n in range(2000)]),
    odd=one(Condition={'NumericEquals': {'s3:max-keys': ['1e999', 'NaN', '-0', '9' * 5000]}, 'IpAddress': {'aws:SourceIp': ['::/999', '1.2.3.4/' + '9' * 50]}}),
    letters=one(Resource='arn:aws:s3:::\\u0000\\ud83d\\ude00\\u202e' * 1000), no_list=one(Action=7, Resource={'a': 1}))
resource = 'arn:aws:s3:::' + 'a' * 500
asks = dict(ContextEntries=[dict(ContextKeyName='aws:TagKeys', ContextKeyType='stringList', ContextKeyValues=['a' * 50] * 50), dict(ContextKeyName='s3:max-keys', ContextKeyType='numeric', ContextKeyValues=['1'])])
result, slow = {}, []
for name, text in corpus.items():
    began = time.time()
    result[name] = [tried(iam.get_context_keys_for_custom_policy, PolicyInputList=[text]),
        tried(iam.simulate_custom_policy, PolicyInputList=[text], ActionNames=['s3:GetObject'], ResourceArns=[resource], **asks)]
    slow += [name] if time.time() - began > 20 else []
result['slow'] = slow
result['alive'] = tried(iam.get_context_keys_for_custom_policy, PolicyInputList=[one()])
";
    let found = run(&lab, script).await;
    assert_eq!((&found["slow"], &found["alive"]), (&json!([]), &json!("answered")));
    for (name, codes) in found.as_object().expect("an object") {
        let told = ["answered", "InvalidInput", "PolicyEvaluation"];
        let codes = codes.as_array().into_iter().flatten();
        assert!(codes.clone().all(|code| told.iter().any(|one| code == one)), "{name}: {found}");
    }
    // What AWS would not take has no keys; what cannot be judged in time is no answer.
    for name in ["nothing", "cut", "twice", "deep", "deep_condition", "no_list"] {
        assert_eq!(found[name], json!(["InvalidInput", "PolicyEvaluation"]), "{name}");
    }
    for name in ["variables", "names", "values", "keys"] {
        assert_eq!(found[name][0], "answered", "{name}");
    }
}
