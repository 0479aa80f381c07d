"""Run Command as boto3 sees it. Runs after the prelude of `Served::boto3`; the clock is 10x."""

import time

ec2, iam, ssm = client("ec2"), client("iam"), client("ssm")
image = [i for i in ec2.describe_images(Owners=["amazon"])["Images"] if i.get("Platform") != "windows"][0]["ImageId"]


def instance(name, profile=None):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    more = {"IamInstanceProfile": {"Name": profile}} if profile else {}
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=tags, **more)
    return made["Instances"][0]["InstanceId"]


def refused(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response["Error"]
    raise AssertionError(f"not refused: {params}")


def send(**more):
    settings = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["uname -a"]}}
    return ssm.send_command(**{**settings, **more})["Command"]


def ended(command, instance):
    for _ in range(100):
        found = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=instance)
        if found["Status"] not in ("Pending", "InProgress"):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


iam.create_instance_profile(InstanceProfileName="web")
managed, other, bare = instance("web-1", "web"), instance("web-2", "web"), instance("bare")

# Managed nodes are the running instances with a profile.
nodes = ssm.describe_instance_information()["InstanceInformationList"]
assert {node["InstanceId"]: node["PingStatus"] for node in nodes} == {managed: "Online", other: "Online"}, nodes
filters = [{"Key": "InstanceIds", "Values": [managed]}]
assert len(ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]) == 1
bad = refused(ssm.describe_instance_information, Filters=[{"Key": "nonsense", "Values": ["x"]}])
assert bad["Code"] == "InvalidFilterKey", bad

# A command goes through its states and prints what the table says.
command = send(InstanceIds=[managed], Comment="drill")
assert (command["Status"], command["TargetCount"], command["CompletedCount"]) == ("Pending", 1, 0), command
early = ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=managed)
assert early["Status"] in ("Pending", "InProgress") and early["ResponseCode"] == -1, early
done = ended(command, managed)
assert done["Status"] == "Success" and done["StandardOutputContent"].startswith("Linux"), done
waiter = ssm.get_waiter("command_executed")
waiter.wait(CommandId=command["CommandId"], InstanceId=managed)
failed = ended(send(InstanceIds=[managed], Parameters={"commands": ["false"]}), managed)
assert (failed["Status"], failed["ResponseCode"]) == ("Failed", 1), failed
unknown = ended(send(InstanceIds=[managed], Parameters={"commands": ["rm -rf /"]}), managed)
assert unknown["Status"] == "Success" and unknown["StandardOutputContent"] == "", unknown
assert "nothing was run" in unknown["StandardErrorContent"], unknown

# Lists, filters and pages.
listed = ssm.list_commands(InstanceId=managed)["Commands"]
assert [c["Status"] for c in listed] == ["Success", "Failed", "Success"], listed
assert listed[-1]["Comment"] == "drill" and listed[-1]["CompletedCount"] == 1, listed
assert len(ssm.list_commands(Filters=[{"key": "Status", "value": "Failed"}])["Commands"]) == 1
page = ssm.list_commands(MaxResults=2)
assert len(page["Commands"]) == 2 and len(ssm.list_commands(NextToken=page["NextToken"])["Commands"]) == 1
pages = ssm.get_paginator("list_commands").paginate(PaginationConfig={"PageSize": 1})
assert sum(len(p["Commands"]) for p in pages) == 3
both = send(Targets=[{"Key": "tag:Name", "Values": ["web-1", "web-2", "bare"]}])
ended(both, other)
invocations = ssm.list_command_invocations(CommandId=both["CommandId"], Details=True)["CommandInvocations"]
assert {i["InstanceId"] for i in invocations} == {managed, other}, invocations
assert invocations[0]["CommandPlugins"][0]["Output"].startswith("Linux"), invocations
none = send(Targets=[{"Key": "tag:Name", "Values": ["nobody"]}])
assert (none["Status"], none["StatusDetails"]) == ("Success", "NoInstancesInTag"), none
slow = send(InstanceIds=[managed])
ssm.cancel_command(CommandId=slow["CommandId"])
assert ended(slow, managed)["Status"] == "Cancelled"

# What AWS refuses.
ec2.stop_instances(InstanceIds=[other])
for bad in ([bare], [other], ["i-0123456789abcdef0"]):
    error = refused(send, InstanceIds=bad)
    assert error["Code"] == "InvalidInstanceId" and "not in a valid state" in error["Message"], error
nodes = ssm.describe_instance_information()["InstanceInformationList"]
assert {node["InstanceId"]: node["PingStatus"] for node in nodes}[other] == "ConnectionLost", nodes
assert refused(send, InstanceIds=[managed], DocumentName="Nobody-Has-This")["Code"] == "InvalidDocument"
assert refused(send, InstanceIds=[managed], Parameters={})["Code"] == "InvalidParameters"
assert refused(send, InstanceIds=[managed, managed])["Code"] == "DuplicateInstanceId"
gone = refused(ssm.get_command_invocation, CommandId=command["CommandId"], InstanceId=bare)
assert gone["Code"] == "InvocationDoesNotExist", gone
content = json.dumps({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runShellScript", "name": "a", "inputs": {"runCommand": ["id"]}}]})
ssm.create_document(Name="mine", Content=content, DocumentType="Command")
assert ended(send(InstanceIds=[managed], DocumentName="mine", Parameters={}), managed)["Status"] == "Success"
result = "done"
