//! What a call needs beside its own action: to pass a role, to tag what it makes, what S3's headers ask for.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>

use serde_json::json;

use super::enforce::{lab, run};
use crate::enforce::PASSES;

#[tokio::test]
async fn a_role_is_passed_only_by_those_who_may() {
    let lab = lab().await;
    let script = "
import io, zipfile
file = io.BytesIO()
with zipfile.ZipFile(file, 'w') as archive:
    archive.writestr('m.py', 'def h(event, context): return 1')
made = role('web', Path='/p/')
iam.create_instance_profile(InstanceProfileName='web')
iam.add_role_to_instance_profile(InstanceProfileName='web', RoleName='web')
own = allow(['lambda:*', 'ec2:*', 'ecs:*', 'iam:Create*', 'iam:AddRoleToInstanceProfile', 'states:*'])
key = user('bob', own)
fn, mine = client('lambda', key=key), client('ec2', key=key)
image = ec2.describe_images()['Images'][0]['ImageId']
one = dict(ImageId=image, MinCount=1, MaxCount=1)
function = dict(Runtime='python3.12', Role=made, Handler='m.h', Code={'ZipFile': file.getvalue()})
result = {}
result['lambda'] = told(fn.create_function, FunctionName='a', **function)
result['ec2'] = told(mine.run_instances, IamInstanceProfile={'Name': 'web'}, **one)
result['plain'] = tried(mine.run_instances, **one)
result['profile'] = tried(client('iam', key=key).add_role_to_instance_profile, InstanceProfileName='none', RoleName='web')
template = ec2.create_launch_template(LaunchTemplateName='web', LaunchTemplateData={'IamInstanceProfile': {'Name': 'web'}})['LaunchTemplate']['LaunchTemplateId']
result['template'] = tried(mine.run_instances, LaunchTemplate={'LaunchTemplateId': template}, **one)
task = dict(family='t', containerDefinitions=[{'name': 'a', 'image': 'b', 'memory': 5}])
client('ecs').register_task_definition(taskRoleArn=made, **task)
result['task'] = [tried(client('ecs', key=key).register_task_definition, taskRoleArn=made, **task), tried(client('ecs', key=key).run_task, taskDefinition='t')]
def only(service):
    set_policy('bob', own, allow('iam:PassRole', made, Condition={'StringEquals': {'iam:PassedToService': service}}))
only('ec2.amazonaws.com')
result['to ec2'] = [tried(fn.create_function, FunctionName='b', **function), tried(mine.run_instances, IamInstanceProfile={'Name': 'web'}, **one),
    tried(mine.run_instances, LaunchTemplate={'LaunchTemplateId': template}, **one)]
only('lambda.amazonaws.com')
result['to lambda'] = [tried(fn.create_function, FunctionName='b', **function), tried(mine.run_instances, IamInstanceProfile={'Name': 'web'}, **one),
    tried(fn.update_function_configuration, FunctionName='b', Timeout=9), tried(fn.update_function_configuration, FunctionName='b', Role=made)]
set_policy('bob', own, allow('iam:PassRole', made, Condition={'StringLike': {'iam:AssociatedResourceArn': 'arn:aws:lambda:*'}}))
result['with'] = tried(fn.create_function, FunctionName='c', **function)
set_policy('bob', own, allow('iam:PassRole'))
result['abroad'] = told(fn.create_function, FunctionName='d', **{**function, 'Role': 'arn:aws:iam::999999999999:role/theirs'})
result['root'] = tried(client('lambda').create_function, FunctionName='e', **function)
";
    let found = run(&lab, script).await;
    let pass = format!(
        "User: arn:aws:iam::{0}:user/bob is not authorized to perform: iam:PassRole on resource: arn:aws:iam::{0}:role/p/web because no identity-based policy allows the iam:PassRole action",
        lab.account
    );
    assert_eq!(found["lambda"], json!(["AccessDeniedException", 403, pass]));
    let of_ec2 = format!("You are not authorized to perform this operation. {pass}");
    assert_eq!(found["ec2"], json!(["UnauthorizedOperation", 403, of_ec2]));
    assert_eq!((&found["plain"], &found["profile"]), (&json!("answered"), &json!("AccessDenied")));
    assert_eq!(found["template"], "UnauthorizedOperation");
    assert_eq!(found["task"], json!(["AccessDeniedException", "AccessDeniedException"]));
    assert_eq!(found["to ec2"], json!(["AccessDeniedException", "answered", "answered"]));
    let answered = json!("answered");
    assert_eq!(found["to lambda"], json!([answered, "UnauthorizedOperation", answered, answered]));
    // With what the role is associated, the call does not tell.
    assert_eq!(found["with"], answered);
    let abroad = "Cross-account pass role is not allowed.";
    assert_eq!(found["abroad"], json!(["AccessDeniedException", 403, abroad]));
    assert_eq!(found["root"], answered);
}

/// One call of each protocol and form; what the upstream makes of one that passes is its own matter.
#[tokio::test]
async fn every_service_is_passed_a_role_by_its_own_name() {
    let lab = lab().await;
    let script = "
made = role('web', Path='/p/')
iam.create_instance_profile(InstanceProfileName='web')
iam.add_role_to_instance_profile(InstanceProfileName='web', RoleName='web')
s3.create_bucket(Bucket='from-' + ACCOUNT)
s3.put_bucket_versioning(Bucket='from-' + ACCOUNT, VersioningConfiguration={'Status': 'Enabled'})
rule = dict(ID='r', Status='Enabled', Filter={}, Priority=1, DeleteMarkerReplication={'Status': 'Disabled'}, Destination={'Bucket': 'arn:aws:s3:::to'})
point = f'arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0'
calls = [
    ('backup', 'start_backup_job', 'backup', dict(BackupVaultName='vault', ResourceArn=point, IamRoleArn=made)),
    ('backup', 'start_restore_job', 'backup', dict(RecoveryPointArn=point, Metadata={}, IamRoleArn=made)),
    ('backup', 'create_backup_selection', 'backup', dict(BackupPlanId='p', BackupSelection=dict(SelectionName='s', IamRoleArn=made))),
    ('fis', 'create_experiment_template', 'fis', dict(clientToken='c', description='d', stopConditions=[{'source': 'none'}], actions={}, roleArn=made)),
    ('stepfunctions', 'create_state_machine', 'states', dict(name='s', definition='{}', roleArn=made)),
    ('ssm', 'send_command', 'ssm', dict(DocumentName='AWS-RunShellScript', InstanceIds=['i-0123456789abcdef0'], ServiceRoleArn=made)),
    ('ssm', 'start_automation_execution', 'ssm', dict(DocumentName='d-document', Parameters={'AutomationAssumeRole': [made]})),
    ('cloudformation', 'create_stack', 'cloudformation', dict(StackName='s', TemplateBody='{}', RoleARN=made)),
    ('glue', 'create_job', 'glue', dict(Name='j', Role='web', Command={})),
    ('events', 'put_targets', 'events', dict(Rule='r', Targets=[dict(Id='1', Arn=point), dict(Id='2', Arn=point, RoleArn=made)])),
    ('ec2', 'associate_iam_instance_profile', 'ec2', dict(InstanceId='i-0123456789abcdef0', IamInstanceProfile={'Name': 'web'})),
    ('ec2', 'replace_iam_instance_profile_association', 'ec2', dict(AssociationId='iip-assoc-1', IamInstanceProfile={'Arn': f'arn:aws:iam::{ACCOUNT}:instance-profile/web'})),
    ('autoscaling', 'create_launch_configuration', 'ec2', dict(LaunchConfigurationName='l', ImageId='ami-1', InstanceType='t3.micro', IamInstanceProfile='web')),
    ('rds', 'create_db_instance', 'monitoring.rds', dict(DBInstanceIdentifier='d', DBInstanceClass='db.t3.micro', Engine='postgres', MonitoringRoleArn=made)),
    ('s3', 'put_bucket_replication', 's3', dict(Bucket='from-' + ACCOUNT, ReplicationConfiguration=dict(Role=made, Rules=[rule]))),
]
own = allow([name + ':*' for name in ('backup', 'fis', 'states', 'ssm', 'cloudformation', 'glue', 'events', 'ec2', 'autoscaling', 'rds', 's3')])
key = user('bob', own)
def refused():
    found = []
    for name, call, _, parameters in calls:
        # The upstream fails at some of them.
        try:
            said = str(getattr(client(name, key=key), call)(**parameters))
        except Exception as error:
            said = str(error)
        found.append('to perform: iam:PassRole on resource' in said and made in said)
    return found
result = dict(without=refused())
services = sorted({to + '.amazonaws.com' for _, _, to, _ in calls})
for left_out in (None, 'ssm.amazonaws.com'):
    to = [name for name in services if name != left_out]
    set_policy('bob', own, allow('iam:PassRole', made, Condition={'StringEquals': {'iam:PassedToService': to}}))
    result[left_out or 'with'] = refused()
result['ssm'] = [to == 'ssm' for _, _, to, _ in calls]
";
    let found = run(&lab, script).await;
    assert_eq!(found["without"], json!(vec![true; 15]));
    assert_eq!(found["with"], json!(vec![false; 15]));
    assert_eq!(found["ssm.amazonaws.com"], found["ssm"]);
}

#[tokio::test]
async fn what_is_tagged_as_it_is_made_asks_for_the_tagging_too() {
    let lab = lab().await;
    let script = "
at = f'arn:aws:ec2:us-east-1:{ACCOUNT}:'
own = allow(['ec2:RunInstances', 'ec2:CreateVolume', 'sqs:CreateQueue', 'iam:CreateUser', 's3:CreateBucket', 's3:PutObject', 's3:DeleteObject*'])
key = user('bob', own)
mine = client('ec2', key=key)
image = ec2.describe_images()['Images'][0]['ImageId']
one = dict(ImageId=image, MinCount=1, MaxCount=1)
def tags(kind, value='red'):
    return {'ResourceType': kind, 'Tags': [{'Key': 'team', 'Value': value}]}
def made(*kinds):
    return tried(mine.run_instances, TagSpecifications=list(kinds), **one)
result = dict(none=told(mine.run_instances, TagSpecifications=[tags('instance')], **one), without=made())
by = {'StringEquals': {'ec2:CreateAction': 'RunInstances', 'aws:RequestTag/team': 'red'}}
set_policy('bob', own, allow('ec2:CreateTags', at + 'instance/*', Condition=by))
result['some'] = [made(tags('instance')), made(tags('instance', 'blue')), made(tags('instance'), tags('volume')),
    tried(mine.create_volume, Size=1, AvailabilityZone='us-east-1a', TagSpecifications=[tags('volume')])]
queues = client('sqs', key=key)
result['queue'] = [tried(queues.create_queue, QueueName='a'), tried(queues.create_queue, QueueName='b', tags={'team': 'red'})]
users = client('iam', key=key)
result['user'] = [tried(users.create_user, UserName='a'), tried(users.create_user, UserName='b', Tags=[{'Key': 'team', 'Value': 'red'}])]
bucket = 'tagged-' + ACCOUNT
theirs = client('s3', key=key)
result['bucket'] = [tried(theirs.create_bucket, Bucket=bucket), tried(theirs.create_bucket, Bucket=bucket + 'x', ACL='public-read')]
put = dict(Bucket=bucket, Key='k', Body=b'1')
result['object'] = [tried(theirs.put_object, **put), tried(theirs.put_object, Tagging='a=b', **put), tried(theirs.put_object, ACL='public-read', **put),
    tried(theirs.put_object, ACL='private', **put), tried(theirs.delete_object, Bucket=bucket, Key='k', BypassGovernanceRetention=True),
    tried(theirs.delete_object, Bucket=bucket, Key='k')]
";
    let found = run(&lab, script).await;
    let (refused, answered) = ("UnauthorizedOperation", "answered");
    assert_eq!(found["none"][0], refused);
    let why = found["none"][2].as_str().expect("a message");
    let on =
        format!("ec2:CreateTags on resource: arn:aws:ec2:us-east-1:{}:instance/*", lab.account);
    assert!(why.contains(&on), "{why}");
    assert_eq!(found["without"], answered);
    assert_eq!(found["some"], json!([answered, refused, refused, refused]));
    assert_eq!(found["queue"], json!([answered, "AccessDeniedException"]));
    let pair = json!([answered, "AccessDenied"]);
    assert_eq!((&found["user"], &found["bucket"]), (&pair, &pair));
    let (no, yes) = ("AccessDenied", answered);
    assert_eq!(found["object"], json!([yes, no, no, yes, no, yes]));
}

/// Names of parameters as they are on the wire: a name that no call has would judge nothing.
#[tokio::test]
async fn every_parameter_that_passes_a_role_is_one_of_the_service_model() {
    let lab = lab().await;
    let script = format!(
        "
import botocore.session
session = botocore.session.get_session()
names = {{'states': 'stepfunctions', 'elasticmapreduce': 'emr'}}
def wire(name, shape, protocol):
    of = shape.serialization
    if protocol == 'ec2':
        plain = of.get('name', name)
        return of.get('queryName') or plain[0].upper() + plain[1:]
    return of.get('name', name)
def is_there(service, operation, path):
    model = session.get_service_model(names.get(service, service))
    shape = model.operation_model(operation).input_shape
    for part in path.split('.'):
        while shape.type_name == 'list':
            shape = shape.member
        if shape.type_name == 'map':
            shape = shape.value
            continue
        found = [inner for name, inner in shape.members.items() if wire(name, inner, model.metadata['protocol']) == part]
        if not found:
            return False
        shape = found[0]
    return model.signing_name == service
result = [line for line in '''{PASSES}'''.splitlines() if not line.startswith('#') and not is_there(*line.replace('profile:', '').split()[:3])]
"
    );
    assert_eq!(run(&lab, &script).await, json!([]));
}
