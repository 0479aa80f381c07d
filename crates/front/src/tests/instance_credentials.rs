//! The credentials that an instance is handed: their form, their session, and when there are none.
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>

use serde_json::json;

use super::enforce::{lab, run};

const HELP: &str = "
import urllib.request, urllib.error
def handed(instance, account=ACCOUNT, **headers):
    url = f'{ENDPOINT}/_backburn/instance-credentials/{instance}?account={account}'
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code
def profile(name, *statements, service='ec2.amazonaws.com'):
    trust = {'Effect': 'Allow', 'Principal': {'Service': service}, 'Action': 'sts:AssumeRole'}
    made = role(name, *statements, trust=trust)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return made
image = ec2.describe_images()['Images'][0]['ImageId']
def instance(name=None, **more):
    given = dict(IamInstanceProfile={'Name': name}) if name else {}
    return ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **given, **more)['Instances'][0]
def of(document, name='ec2'):
    return boto3.client(name, endpoint_url=ENDPOINT, region_name='us-east-1', aws_access_key_id=document['AccessKeyId'],
        aws_secret_access_key=document['SecretAccessKey'], aws_session_token=document['Token'])
";

#[tokio::test]
async fn an_instance_is_handed_a_session_of_its_role() {
    let lab = lab().await;
    let script = "
made = profile('web', allow('ec2:DescribeVpcs'))
one = instance('web')
name = one['InstanceId']
first = handed(name)
result = dict(name=name, form=sorted(first), code=[first['Code'], first['Type']], same=handed(name) == first,
    who=of(first, 'sts').get_caller_identity()['Arn'], may=[tried(of(first).describe_vpcs), tried(of(first).describe_volumes)])
result['hours'] = round((botocore.utils.parse_timestamp(first['Expiration']) - botocore.utils.parse_timestamp(first['LastUpdated'])).total_seconds() / 3600)
seen = [json.loads(one['CloudTrailEvent']) for one in client('cloudtrail').lookup_events(LookupAttributes=[{'AttributeKey': 'EventName', 'AttributeValue': 'DescribeVolumes'}])['Events']]
result['trail'] = [[one['sessionContext'].get('ec2RoleDelivery'), one['sessionContext']['attributes']['creationDate'] == first['LastUpdated']] for one in (event['userIdentity'] for event in seen) if one['type'] == 'AssumedRole']
here = f'arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{name}'
iam.put_role_policy(RoleName='web', PolicyName='p', PolicyDocument=policy(allow('ec2:DescribeVpcs', Condition={
    'ArnEquals': {'ec2:SourceInstanceArn': here}, 'NumericEquals': {'ec2:RoleDelivery': '2.0'},
    'StringEquals': {'aws:Ec2InstanceSourceVpc': one['VpcId'], 'aws:Ec2InstanceSourcePrivateIPv4': one['PrivateIpAddress']}})))
other = handed(instance('web')['InstanceId'])
iam.update_assume_role_policy(RoleName='web', PolicyDocument=policy(
    {'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com', 'AWS': f'arn:aws:iam::{ACCOUNT}:root'}, 'Action': 'sts:AssumeRole'}))
assumed = sts.assume_role(RoleArn=made, RoleSessionName=name)['Credentials']['AccessKeyId']
result['keys'] = [tried(of(first).describe_vpcs), tried(of(other).describe_vpcs), tried(client('ec2', key=assumed).describe_vpcs)]
iam.put_role_policy(RoleName='web', PolicyName='cut', PolicyDocument=policy(deny('*', Condition={'DateLessThan': {'aws:TokenIssueTime': '2099-01-01T00:00:00Z'}})))
result['cut'] = tried(of(first).describe_vpcs)
";
    let found = run(&lab, &format!("{HELP}{script}")).await;
    let form =
        ["AccessKeyId", "Code", "Expiration", "LastUpdated", "SecretAccessKey", "Token", "Type"];
    assert_eq!(found["form"], json!(form));
    assert_eq!(found["code"], json!(["Success", "AWS-HMAC"]));
    assert_eq!((&found["same"], &found["hours"]), (&json!(true), &json!(6)));
    let name = found["name"].as_str().expect("an id");
    let who = format!("arn:aws:sts::{}:assumed-role/web/{name}", lab.account);
    assert_eq!(found["who"], json!(who));
    assert_eq!(found["trail"], json!([["2.0", true]]));
    let refused = "UnauthorizedOperation";
    assert_eq!(found["may"], json!(["answered", refused]));
    assert_eq!(found["keys"], json!(["answered", refused, refused]));
    assert_eq!(found["cut"], refused);
}

#[tokio::test]
async fn without_a_role_or_its_metadata_there_are_none_and_those_before_stay_good() {
    let lab = lab().await;
    let script = "
profile('web', allow('ec2:DescribeVpcs'))
profile('data', allow('ec2:DescribeVolumes'))
profile('shut', allow('*'), service='lambda.amazonaws.com')
name = instance('web')['InstanceId']
first = handed(name)
def associations(of=name):
    return ec2.describe_iam_instance_profile_associations(Filters=[{'Name': 'instance-id', 'Values': [of]}])['IamInstanceProfileAssociations']
ec2.disassociate_iam_instance_profile(AssociationId=associations()[0]['AssociationId'])
result = dict(gone=handed(name), still=tried(of(first).describe_vpcs))
ec2.associate_iam_instance_profile(InstanceId=name, IamInstanceProfile={'Name': 'data'})
second = handed(name)
result['other'] = [second['AccessKeyId'] != first['AccessKeyId'], tried(of(second).describe_volumes), tried(of(second).describe_vpcs), tried(of(first).describe_vpcs)]
iam.remove_role_from_instance_profile(InstanceProfileName='data', RoleName='data')
result['empty'] = handed(name)
iam.add_role_to_instance_profile(InstanceProfileName='data', RoleName='data')
result['optional'] = handed(name) == second
ec2.modify_instance_metadata_options(InstanceId=name, HttpEndpoint='disabled')
result['disabled'] = [handed(name), tried(of(second).describe_volumes)]
ec2.modify_instance_metadata_options(InstanceId=name, HttpEndpoint='enabled', HttpTokens='required')
result['required'] = handed(name) == second
ec2.stop_instances(InstanceIds=[name])
result['stopped'] = handed(name)
result['bare'] = handed(instance()['InstanceId'])
result['nobody'] = [handed('i-0123456789abcdef0'), handed('i-1%2F..'), handed(name, account='999999999999')]
result['page'] = handed(name, Origin='https://example.com')
shut = handed(instance('shut')['InstanceId'])
result['shut'] = [sorted(shut), shut['Code'], shut['Message'].split('.')[0]]
";
    let found = run(&lab, &format!("{HELP}{script}")).await;
    assert_eq!((&found["gone"], &found["still"]), (&json!(404), &json!("answered")));
    let refused = "UnauthorizedOperation";
    assert_eq!(found["other"], json!([true, "answered", refused, "answered"]));
    assert_eq!((&found["empty"], &found["optional"]), (&json!(404), &json!(true)));
    assert_eq!(found["disabled"], json!([403, "answered"]));
    assert_eq!((&found["required"], &found["stopped"]), (&json!(true), &json!(409)));
    assert_eq!((&found["bare"], &found["page"]), (&json!(404), &json!(403)));
    assert_eq!(found["nobody"], json!([404, 400, 404]));
    let form = ["Code", "LastUpdated", "Message"];
    let shut = json!([form, "AssumeRoleUnauthorizedAccess", "EC2 cannot assume the role shut"]);
    assert_eq!(found["shut"], shut);
}
