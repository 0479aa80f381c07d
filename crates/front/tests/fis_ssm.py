"""`aws:ssm:send-command` where Run Command stands in too. Runs after the prelude of `Served::boto3`; the clock is 60x."""

import time

ec2, iam, ssm, fis = client("ec2"), client("iam"), client("ssm"), client("fis")
image = [i for i in ec2.describe_images(Owners=["amazon"])["Images"] if i.get("Platform") != "windows"][0]["ImageId"]


def instance(name, **more):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "drill", "Value": name}]}]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags, **more)
    return made["Instances"][0]["InstanceId"]


def run(target, commands):
    parameters = {
        "documentArn": "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "duration": "PT5M",
        "documentParameters": json.dumps({"commands": commands}),
    }
    template = fis.create_experiment_template(
        description="d", roleArn="arn:aws:iam::123456789012:role/fis", stopConditions=[{"source": "none"}],
        targets={"t": {"resourceType": "aws:ec2:instance", "resourceTags": {"drill": target}, "selectionMode": "ALL"}},
        actions={"run": {"actionId": "aws:ssm:send-command", "targets": {"Instances": "t"}, "parameters": parameters}},
    )["experimentTemplate"]["id"]
    experiment = fis.start_experiment(experimentTemplateId=template)["experiment"]["id"]
    for _ in range(200):
        found = fis.get_experiment(id=experiment)["experiment"]
        if found["state"]["status"] in ("completed", "failed", "stopped"):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


iam.create_instance_profile(InstanceProfileName="web")
managed, bare = instance("managed", IamInstanceProfile={"Name": "web"}), instance("bare")

# What the experiment sent is a command like any other.
done = run("managed", ["id"])
assert done["state"]["status"] == "completed", done
[command] = ssm.list_commands()["Commands"]
assert (command["InstanceIds"], command["Status"]) == ([managed], "Success"), command
told = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=managed)
assert told["StandardOutputContent"].startswith("uid=0(root)"), told

# A command that fails fails the action, and an instance that is no managed node cannot get one.
failed = run("managed", ["false"])
assert failed["state"]["status"] == "failed", failed
refused = run("bare", ["id"])
assert refused["state"]["status"] == "failed", refused
assert len(ssm.list_commands()["Commands"]) == 2

# CloudTrail shows who sent it.
attributes = [{"AttributeKey": "EventName", "AttributeValue": "SendCommand"}]
events = client("cloudtrail").lookup_events(LookupAttributes=attributes)["Events"]
sent = [json.loads(event["CloudTrailEvent"]) for event in events]
assert {one["userIdentity"].get("invokedBy") for one in sent} == {"fis.amazonaws.com"}, sent
assert [one.get("errorCode") for one in sent] == ["InvalidInstanceId", None, None], sent
result = "done"
