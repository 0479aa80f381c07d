//! The shapes of injected errors, held against microburst: a fault proxy that others wrote from AWS's service models.

use std::process::{Child, Command};

use serde_json::{Value, json};

use super::testing::{boto3, moto, python, scratch, served, started};

const REQUIREMENTS: &str = include_str!("../../tests/microburst-requirements.txt");

/// Operation as boto3 has it, its parameters, and the errors that it is to give: status 0 is `throttle`.
const CASES: &str = "
CASES = [
    # query
    ('iam', 'list_users', {}, [('NoSuchEntity', 404), ('AccessDenied', 403), ('ServiceFailure', 500), ('Throttling', 0)]),
    ('autoscaling', 'describe_auto_scaling_groups', {}, [('InvalidNextToken', 400), ('Throttling', 0)]),
    # ec2
    ('ec2', 'describe_vpcs', {}, [('UnauthorizedOperation', 403), ('InvalidVpcID.NotFound', 400), ('RequestLimitExceeded', 0)]),
    # json 1.0 and 1.1
    ('dynamodb', 'list_tables', {}, [('InternalServerError', 500), ('ThrottlingException', 0)]),
    ('dynamodb', 'describe_table', {'TableName': 'table'}, [('ResourceNotFoundException', 400)]),
    ('ssm', 'describe_parameters', {}, [('InvalidFilterKey', 400), ('AccessDeniedException', 400), ('ThrottlingException', 0)]),
    # rest-json
    ('lambda', 'get_function', {'FunctionName': 'f'}, [('ResourceNotFoundException', 404), ('ServiceException', 500)]),
    ('lambda', 'list_functions', {}, [('TooManyRequestsException', 0)]),
    # rest-xml
    ('s3', 'list_buckets', {}, [('AccessDenied', 403), ('InternalError', 500), ('SlowDown', 0)]),
    ('s3', 'list_objects_v2', {'Bucket': 'b'}, [('NoSuchBucket', 404)]),
    ('route53', 'get_hosted_zone', {'Id': 'Z1'}, [('NoSuchHostedZone', 404), ('Throttling', 0)]),
    # cbor
    ('cloudwatch', 'describe_alarms', {}, [('InvalidNextToken', 400), ('ThrottlingException', 0)]),
]
import urllib.request
def send(method, url, value):
    data = json.dumps(value).encode() if value is not None else None
    return urllib.request.urlopen(urllib.request.Request(url, data, method=method)).read()
def met(endpoint, name, operation, parameters):
    config = botocore.config.Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}, read_timeout=300)
    one = boto3.client(name, endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id=ACCOUNT,
                       aws_secret_access_key='test', config=config)
    try:
        getattr(one, operation)(**parameters)
        return 'answered'
    except ClientError as error:
        meta = error.response['ResponseMetadata']
        return [type(error).__name__, error.response['Error']['Code'], error.response['Error']['Message'],
                meta['HTTPStatusCode'], bool(meta.get('RequestId'))]
result = []
for name, operation, parameters, errors in CASES:
    for code, status in errors:
        signing = {'cloudwatch': 'monitoring'}.get(name, name)
        message = 'told by the rule'
        effect = {'error': {'code': code, 'status': status, 'message': message}} if status else 'throttle'
        send('DELETE', OURS + '/_backburn/faults', None)
        send('POST', OURS + '/_backburn/faults', {'service': signing, 'effect': effect})
        ours = met(OURS, name, operation, parameters)
        # Its status is its own: the one in AWS's model of the code. EC2's model does not describe errors.
        error = {'code': code, 'message': message, **({'status': status} if name == 'ec2' and status else {})}
        send('POST', THEIRS + '/_microburst/rules', [{'service': '*', 'error': error}])
        theirs = met(THEIRS, name, operation, parameters)
        if not status:
            ours[2] = theirs[2] = 'its own'
        result.append(dict(call=f'{name} {operation} {code}', ours=ours, theirs=theirs))
";

/// Ends with the test, however it ends.
struct Microburst(Child, String);

impl Drop for Microburst {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn microburst() -> Microburst {
    let python = python("microburst", REQUIREMENTS);
    let folder = scratch("microburst");
    let (child, endpoint) = started("microburst", "/_microburst/health", |port| {
        let mut command = Command::new(&python);
        command.args(["-I", "-m", "microburst", "--host", "127.0.0.1"]).current_dir(&folder);
        command.args(["--port", &port.to_string(), "--upstream", &moto().endpoint]);
        command
    });
    Microburst(child, endpoint)
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_look_as_another_fault_proxy_makes_them() {
    let lab = served(|front| front).await;
    let Microburst(_child, theirs) = &microburst();
    let known =
        format!("OURS, THEIRS, ACCOUNT = '{}', '{theirs}', '{}'", lab.endpoint, lab.account);
    let found = boto3(&lab.endpoint, &lab.account, &format!("{known}\n{CASES}")).await;
    let found = found.as_array().expect("a list");
    assert!(found.len() > 20);
    let differ: Vec<&Value> = found.iter().filter(|one| one["ours"] != one["theirs"]).collect();
    assert_eq!(json!(differ), json!([]));
}
