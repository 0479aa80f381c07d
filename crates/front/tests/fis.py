"""FIS of the lab's front, through boto3: `fis.py FRONT UPSTREAM CONTROL [NAME ...]`.

FRONT must run with a clock of 60x or more; CONTROL is a directory in which `kill` asks whoever started the front to
kill -9 it and start it again, and is removed when it answers. Effects are read back from UPSTREAM, never through the
front. Each test has an account of its own. It owns its expectations and prints one line a test.
"""

import json
import os
import sys
import time
import traceback
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FRONT, UPSTREAM, CONTROL = sys.argv[1:4]
WANTED = sys.argv[4:]
REGION = "us-east-1"
OVER = {"completed", "stopped", "failed", "cancelled"}
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def early(function):
    """For tests that make moto look through all its accounts: while there are few."""
    TESTS.insert(0, function)
    return function


def client(endpoint, service, account, **session):
    keys = session or {"aws_access_key_id": account, "aws_secret_access_key": "test"}
    config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, config=config, **keys)


class Account:
    """One account: `fis` and `via_*` through the front, everything else at the upstream."""

    def __init__(self, number):
        self.number = f"{number:012d}"
        self.fis = client(FRONT, "fis", self.number)
        self.ec2 = client(UPSTREAM, "ec2", self.number)
        self.role = f"arn:aws:iam::{self.number}:role/fis-drill"

    def upstream(self, service):
        return client(UPSTREAM, service, self.number)

    def front(self, service):
        return client(FRONT, service, self.number)

    def instances(self, count, **tags):
        image = self.ec2.describe_images()["Images"][0]["ImageId"]
        spec = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        made = self.ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, TagSpecifications=spec)
        return [one["InstanceId"] for one in made["Instances"]]

    def state(self, instance):
        found = self.ec2.describe_instances(InstanceIds=[instance])
        return found["Reservations"][0]["Instances"][0]["State"]["Name"]

    def reaches(self, instance, state, seconds=90):
        deadline = time.monotonic() + seconds
        while self.state(instance) != state:
            assert time.monotonic() < deadline, f"{instance} is {self.state(instance)}, not {state}"
            time.sleep(0.05)

    def arn(self, instance):
        return f"arn:aws:ec2:{REGION}:{self.number}:instance/{instance}"

    def template(self, actions, targets=None, stops=None, **more):
        made = self.fis.create_experiment_template(
            clientToken=more.pop("clientToken", str(uuid.uuid4())),
            description="test",
            roleArn=self.role,
            stopConditions=stops or [{"source": "none"}],
            actions=actions,
            targets=targets or {},
            **more,
        )
        return made["experimentTemplate"]

    def start(self, template, **more):
        token = more.pop("clientToken", str(uuid.uuid4()))
        started = self.fis.start_experiment(clientToken=token, experimentTemplateId=template["id"], **more)
        return started["experiment"]

    def get(self, experiment):
        return self.fis.get_experiment(id=experiment["id"])["experiment"]

    def wait(self, experiment, statuses=OVER, action=None, seconds=90):
        """Until the experiment, or an action of it, has one of the statuses."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            now = self.get(experiment)
            state = now["actions"][action]["state"] if action else now["state"]
            if state["status"] in statuses:
                return now
            if now["state"]["status"] in OVER:
                raise AssertionError(f"over: {show(now)}")
            time.sleep(0.05)
        raise AssertionError(f"not {statuses} in {seconds} s: {show(now)}")

    def run(self, *arguments, **more):
        start = more.pop("start", {})
        return self.wait(self.start(self.template(*arguments, **more), **start))

    def alarm(self, name, state):
        cloudwatch = self.upstream("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=name, MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        )
        self.set_alarm(name, state)
        return f"arn:aws:cloudwatch:{REGION}:{self.number}:alarm:{name}"

    def set_alarm(self, name, state):
        self.upstream("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def show(experiment):
    actions = {name: action["state"] for name, action in experiment["actions"].items()}
    return json.dumps({"state": experiment["state"], "actions": actions})


def equal(found, wanted, context=""):
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r} {context}")


def refused(code, part, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] != code or part not in told["Message"]:
            raise AssertionError(f"{told} is not {code} with {part!r}") from error
        return
    raise AssertionError(f"{code} was expected")


def throttled(call, seconds=90):
    """Until it is: the new front answers a moment before it puts faults in force again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            call()
        except ClientError as error:
            return equal(error.response["Error"]["Code"], "RequestLimitExceeded")
        time.sleep(0.05)
    raise AssertionError("RequestLimitExceeded was expected")


def statuses(experiment):
    return {name: action["state"]["status"] for name, action in experiment["actions"].items()}


def wait_action(duration="PT1M", after=()):
    return {"actionId": "aws:fis:wait", "parameters": {"duration": duration}, "startAfter": list(after)}


def stop_action(target="t", **parameters):
    return {"actionId": "aws:ec2:stop-instances", "targets": {"Instances": target}, "parameters": parameters}


def by_tag(mode="ALL", kind="aws:ec2:instance", **more):
    return {"resourceType": kind, "resourceTags": {"drill": "yes"}, "selectionMode": mode, **more}


@test
def stop_and_start_again(a):
    one, other = a.instances(1, drill="yes"), a.instances(1, drill="no")
    template = a.template({"stop": stop_action(startInstancesAfterDuration="PT2M")}, {"t": by_tag()})
    experiment = a.start(template, tags={"who": "test"})
    equal(experiment["state"]["status"], "pending")
    equal(experiment["tags"], {"who": "test"})
    running = a.wait(experiment, {"running"}, action="stop")
    equal(running["state"]["status"], "running")
    equal(a.state(one[0]), "stopped")
    equal(a.state(other[0]), "running")
    done = a.wait(experiment)
    equal(done["state"], {"status": "completed", "reason": "Experiment completed."})
    equal(done["actions"]["stop"]["state"], {"status": "completed", "reason": "Action was completed."})
    equal(a.state(one[0]), "running")
    lasted = done["actions"]["stop"]["endTime"] - done["actions"]["stop"]["startTime"]
    assert lasted.total_seconds() >= 1.9, lasted
    resolved = a.fis.list_experiment_resolved_targets(experimentId=done["id"])["resolvedTargets"]
    equal([r["targetInformation"]["arn"] for r in resolved], [a.arn(one[0])])
    for name in ("StopInstances", "StartInstances"):
        attributes = [{"AttributeKey": "EventName", "AttributeValue": name}]
        found = a.front("cloudtrail").lookup_events(LookupAttributes=attributes)["Events"]
        who = json.loads(found[0]["CloudTrailEvent"])["userIdentity"]
        equal(who["invokedBy"], "fis.amazonaws.com", json.dumps(who))


@test
def stop_without_start_stays_stopped(a):
    [one] = a.instances(1, drill="yes")
    done = a.run({"stop": stop_action()}, {"t": by_tag()})
    equal(done["state"]["status"], "completed")
    equal(a.state(one), "stopped")


@test
def reboot_and_terminate(a):
    [one] = a.instances(1, drill="yes")
    actions = {
        "reboot": {"actionId": "aws:ec2:reboot-instances", "targets": {"Instances": "t"}},
        "end": {"actionId": "aws:ec2:terminate-instances", "targets": {"Instances": "t"}, "startAfter": ["reboot"]},
    }
    done = a.run(actions, {"t": by_tag()})
    equal(statuses(done), {"reboot": "completed", "end": "completed"})
    equal(a.state(one), "terminated")


@test
def selection_modes_and_filters(a):
    ids = a.instances(5, drill="yes")
    for mode, count in [("ALL", 5), ("COUNT(2)", 2), ("PERCENT(50)", 2), ("COUNT(9)", 5)]:
        done = a.run({"stop": stop_action()}, {"t": by_tag(mode)})
        equal(done["state"]["status"], "completed", show(done))
        equal(sum(a.state(i) == "stopped" for i in ids), count, mode)
        a.ec2.start_instances(InstanceIds=ids)
    a.ec2.stop_instances(InstanceIds=ids[:3])
    filters = [{"path": "State.Name", "values": ["running", "pending"]}]
    done = a.run({"stop": stop_action()}, {"t": by_tag(filters=filters)})
    resolved = a.fis.list_experiment_resolved_targets(experimentId=done["id"], targetName="t")["resolvedTargets"]
    found = {r["targetInformation"]["arn"] for r in resolved}
    equal(found, {a.arn(i) for i in ids[3:]})
    zone = a.ec2.describe_instances(InstanceIds=[ids[0]])["Reservations"][0]["Instances"][0]["Placement"]
    filters = [{"path": "Placement.AvailabilityZone", "values": [zone["AvailabilityZone"] + "x"]}]
    done = a.run({"stop": stop_action()}, {"t": by_tag(filters=filters)})
    equal(done["state"]["error"]["code"], "InvalidTarget")
    done = a.run({"stop": stop_action()}, {"t": by_tag("PERCENT(5)")})
    equal(done["state"]["status"], "failed")
    by_arn = {"resourceType": "aws:ec2:instance", "resourceArns": [a.arn(ids[0])], "selectionMode": "ALL"}
    done = a.run({"stop": stop_action()}, {"t": by_arn})
    equal(done["state"]["status"], "completed", show(done))


@test
def targets_are_frozen_at_the_start(a):
    [one] = a.instances(1, drill="yes")
    actions = {"wait": wait_action("PT2M"), "stop": {**stop_action(), "startAfter": ["wait"]}}
    experiment = a.start(a.template(actions, {"t": by_tag()}))
    a.wait(experiment, {"running"})
    [late] = a.instances(1, drill="yes")
    a.wait(experiment)
    equal((a.state(one), a.state(late)), ("stopped", "running"))


@test
def empty_targets(a):
    done = a.run({"stop": stop_action(), "w": wait_action()}, {"t": by_tag()})
    equal(done["state"]["status"], "failed")
    equal(done["state"]["reason"], "Target resolution returned empty set.")
    equal(done["state"]["error"], {"accountId": a.number, "code": "InvalidTarget", "location": "targets/t"})
    equal(statuses(done), {"stop": "cancelled", "w": "cancelled"})
    options = {"emptyTargetResolutionMode": "skip"}
    done = a.run({"stop": stop_action(), "w": wait_action(after=["stop"])}, {"t": by_tag()}, experimentOptions=options)
    equal(done["state"]["status"], "completed")
    equal(statuses(done), {"stop": "skipped", "w": "completed"})
    named = {"resourceType": "aws:ec2:instance", "resourceArns": [a.arn("i-0")], "selectionMode": "ALL"}
    done = a.run({"stop": stop_action()}, {"t": named}, experimentOptions=options)
    equal(done["state"]["status"], "failed")


@test
def skip_all_previews_the_targets(a):
    [one] = a.instances(1, drill="yes")
    preview = {"experimentOptions": {"actionsMode": "skip-all"}}
    done = a.run({"stop": stop_action()}, {"t": by_tag()}, start=preview)
    equal(done["state"]["status"], "completed")
    equal(done["experimentOptions"]["actionsMode"], "skip-all")
    equal(statuses(done), {"stop": "skipped"})
    equal(a.state(one), "running")
    resolved = a.fis.list_experiment_resolved_targets(experimentId=done["id"])["resolvedTargets"]
    equal(len(resolved), 1)


@test
def actions_run_as_a_graph(a):
    actions = {"a": wait_action(), "b": wait_action(), "c": wait_action(after=["a", "b"])}
    done = a.run(actions)
    times = {name: (action["startTime"], action["endTime"]) for name, action in done["actions"].items()}
    assert times["a"][0] < times["b"][1] and times["b"][0] < times["a"][1], times
    assert times["c"][0] >= max(times["a"][1], times["b"][1]), times


@test
def a_user_stops_it(a):
    [one] = a.instances(1, drill="yes")
    actions = {
        "stop": stop_action(startInstancesAfterDuration="PT2H"),
        "later": wait_action(after=["stop"]),
    }
    experiment = a.start(a.template(actions, {"t": by_tag()}))
    a.wait(experiment, {"running"}, action="stop")
    equal(a.state(one), "stopped")
    stopping = a.fis.stop_experiment(id=experiment["id"])["experiment"]
    equal(stopping["state"]["status"], "stopping")
    done = a.wait(experiment)
    equal(done["state"], {"status": "stopped", "reason": "Experiment stopped by user."})
    equal(statuses(done), {"stop": "stopped", "later": "cancelled"})
    equal(a.state(one), "running")
    refused("ValidationException", "not running", a.fis.stop_experiment, id=experiment["id"])
    early = a.start(a.template({"w": wait_action()}))
    a.fis.stop_experiment(id=early["id"])
    equal(a.wait(early)["state"]["status"], "stopped")


@test
def an_action_that_fails_fails_the_experiment(a):
    [one] = a.instances(1, drill="yes")
    ok = a.alarm("ok", "OK")
    check = {"actionId": "aws:cloudwatch:assert-alarm-state", "startAfter": ["w"]}
    check["parameters"] = {"alarmArns": ok, "alarmStates": "ALARM"}
    actions = {
        "stop": stop_action(startInstancesAfterDuration="PT2H"),
        "w": wait_action(),
        "check": check,
        "later": wait_action(after=["check"]),
    }
    done = a.run(actions, {"t": by_tag()})
    equal(done["state"]["status"], "failed")
    equal(done["state"]["error"]["location"], "actions/check")
    assert "is in state OK" in done["state"]["reason"], show(done)
    equal(statuses(done), {"stop": "stopped", "w": "completed", "check": "failed", "later": "cancelled"})
    equal(a.state(one), "running")
    check = {"actionId": "aws:cloudwatch:assert-alarm-state"}
    check["parameters"] = {"alarmArns": ok, "alarmStates": "OK, INSUFFICIENT_DATA"}
    equal(a.run({"check": check})["state"]["status"], "completed")


@test
def a_terminated_instance_cannot_be_started(a):
    [one] = a.instances(1, drill="yes")
    experiment = a.start(a.template({"stop": stop_action(startInstancesAfterDuration="PT2M")}, {"t": by_tag()}))
    a.wait(experiment, {"running"}, action="stop")
    a.ec2.terminate_instances(InstanceIds=[one])
    done = a.wait(experiment)
    equal(done["state"]["status"], "failed", show(done))
    equal(done["state"]["error"]["code"], "InvalidTarget")
    [one] = a.instances(1, drill="yes")
    action = stop_action(startInstancesAfterDuration="PT2M", completeIfInstancesTerminated="true")
    experiment = a.start(a.template({"stop": action}, {"t": by_tag()}))
    a.wait(experiment, {"running"}, action="stop")
    a.ec2.terminate_instances(InstanceIds=[one])
    equal(a.wait(experiment)["state"]["status"], "completed")


@test
def stop_conditions(a):
    [one] = a.instances(1, drill="yes")
    arn = a.alarm("guard", "OK")
    stops = [{"source": "aws:cloudwatch:alarm", "value": arn}]
    actions = {"stop": stop_action(startInstancesAfterDuration="PT2H")}
    experiment = a.start(a.template(actions, {"t": by_tag()}, stops))
    a.wait(experiment, {"running"}, action="stop")
    equal(a.state(one), "stopped")
    a.set_alarm("guard", "ALARM")
    done = a.wait(experiment)
    equal(done["state"], {"status": "stopped", "reason": "Experiment halted by stop condition."})
    equal(statuses(done), {"stop": "stopped"})
    equal(a.state(one), "running")
    done = a.run(actions, {"t": by_tag()}, stops)
    equal(done["state"], {"status": "stopped", "reason": "Experiment halted by stop condition."})
    equal(statuses(done), {"stop": "cancelled"})
    equal(a.state(one), "running")
    missing = [{"source": "aws:cloudwatch:alarm", "value": arn + "x"}]
    done = a.run(actions, {"t": by_tag()}, missing)
    equal(done["state"]["error"]["code"], "ConfigurationFailure")


@test
def the_safety_lever(a):
    lever = a.fis.get_safety_lever(id="default")["safetyLever"]
    equal(lever["state"]["status"], "disengaged")
    [one] = a.instances(1, drill="yes")
    template = a.template({"stop": stop_action(startInstancesAfterDuration="PT2H")}, {"t": by_tag()})
    experiment = a.start(template)
    a.wait(experiment, {"running"}, action="stop")
    state = {"status": "engaged", "reason": "too hot"}
    lever = a.fis.update_safety_lever_state(id="default", state=state)["safetyLever"]
    assert lever["state"]["status"] in ("engaging", "engaged"), lever
    done = a.wait(experiment)
    equal(done["state"]["status"], "stopped")
    equal(a.state(one), "running")
    equal(a.fis.get_safety_lever(id="default")["safetyLever"]["state"], state)
    new = a.start(template)
    equal(new["state"]["status"], "cancelled")
    equal(statuses(a.get(new)), {"stop": "cancelled"})
    state = {"status": "disengaged", "reason": "cool"}
    a.fis.update_safety_lever_state(id=lever["arn"].rsplit("/")[-1], state=state)
    equal(a.wait(a.start(template), {"running"}, action="stop")["state"]["status"], "running")
    refused("ResourceNotFoundException", "not found", a.fis.get_safety_lever, id="other")


@test
def disrupt_connectivity(a):
    zones = [z["ZoneName"] for z in a.ec2.describe_availability_zones()["AvailabilityZones"]]
    vpc = a.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = []
    for number, zone in enumerate([zones[0], zones[1]]):
        made = a.ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=zone)
        subnets.append(made["Subnet"]["SubnetId"])
    a.ec2.create_tags(Resources=[subnets[0]], Tags=[{"Key": "drill", "Value": "yes"}])

    def acl():
        found = a.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnets[0]]}])
        return found["NetworkAcls"][0]

    def count():
        return len(a.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"])

    before = acl()
    prefixes = a.ec2.create_managed_prefix_list(
        PrefixListName="mine", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]
    denied = {"all": "0.0.0.0/0", "vpc": "0.0.0.0/0", "availability-zone": "10.9.1.0/24", "prefix-list": "192.0.2.0/24"}
    for scope, cidr in denied.items():
        parameters = {"duration": "PT2M", "scope": scope}
        if scope == "prefix-list":
            parameters["prefixListIdentifier"] = prefixes["PrefixListArn"]
        action = {"actionId": "aws:network:disrupt-connectivity", "targets": {"Subnets": "s"}, "parameters": parameters}
        target = by_tag(kind="aws:ec2:subnet", parameters={"vpc": vpc})
        experiment = a.start(a.template({"cut": action}, {"s": target}))
        a.wait(experiment, {"running"}, action="cut")
        during = acl()
        assert during["NetworkAclId"] != before["NetworkAclId"], scope
        assert {"Key": "managedByFIS", "Value": "true"} in during["Tags"], during["Tags"]
        for egress in (True, False):
            entries = [e for e in during["Entries"] if e["Egress"] == egress and e["RuleNumber"] < 32767]
            rules = {e.get("CidrBlock"): e["RuleAction"] for e in sorted(entries, key=lambda e: -e["RuleNumber"])}
            equal(rules[cidr], "deny", f"{scope} {entries}")
            if scope == "all":
                equal(rules["10.9.0.0/24"], "allow")
            if scope == "vpc":
                equal(rules["10.9.0.0/16"], "allow")
        equal(count(), 2)
        done = a.wait(experiment)
        equal(done["state"]["status"], "completed", show(done))
        equal(acl()["NetworkAclId"], before["NetworkAclId"])
        equal(count(), 1)
    own = a.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    experiment = a.start(a.template({"cut": action}, {"s": target}))
    a.wait(experiment, {"running"}, action="cut")
    association = next(x for x in acl()["Associations"] if x["SubnetId"] == subnets[0])
    a.ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=own
    )
    done = a.wait(experiment)
    equal(done["state"]["status"], "failed", show(done))
    equal(acl()["NetworkAclId"], own)
    equal(count(), 2)
    action["parameters"] = {"duration": "PT2M", "scope": "s3"}
    done = a.run({"cut": action}, {"s": target})
    assert done["state"]["status"] == "completed" or "Prefix list" in done["state"]["reason"], show(done)


@test
def commands(a):
    [one] = a.instances(1, drill="yes")
    document = f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript"
    parameters = {"documentArn": document, "duration": "PT5M", "documentParameters": json.dumps({"commands": "true"})}
    action = {"actionId": "aws:ssm:send-command", "targets": {"Instances": "t"}, "parameters": parameters}
    done = a.run({"run": action}, {"t": by_tag()})
    equal(done["state"]["status"], "completed", show(done))
    sent = a.upstream("ssm").list_commands()["Commands"]
    equal([(c["DocumentName"], c["InstanceIds"]) for c in sent], [("AWS-RunShellScript", [one])])


@test
def automations_are_refused_and_not_listed(a):
    listed = {action["id"] for page in a.fis.get_paginator("list_actions").paginate() for action in page["actions"]}
    action = {
        "actionId": "aws:ssm:start-automation-execution",
        "parameters": {
            "documentArn": f"arn:aws:ssm:{REGION}::automation-definition/AWS-StopEC2Instance", "maxDuration": "PT5M",
        },
    }
    assert action["actionId"] not in listed, show(sorted(listed))
    refused("ValidationException", "is not supported in the lab", lambda: a.template({"run": action}))


@test
def databases(a):
    rds = a.upstream("rds")
    tags = [{"Key": "drill", "Value": "yes"}]
    rds.create_db_instance(
        DBInstanceIdentifier="main", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
        MasterUsername="u", MasterUserPassword="password1", Tags=tags,
    )
    rds.create_db_cluster(
        DBClusterIdentifier="aurora", Engine="aurora-mysql", MasterUsername="u", MasterUserPassword="password1", Tags=tags
    )
    for number in (1, 2):
        rds.create_db_instance(
            DBInstanceIdentifier=f"aurora-{number}", DBInstanceClass="db.r5.large", Engine="aurora-mysql",
            DBClusterIdentifier="aurora",
        )

    def writer():
        members = rds.describe_db_clusters(DBClusterIdentifier="aurora")["DBClusters"][0]["DBClusterMembers"]
        return next(m["DBInstanceIdentifier"] for m in members if m["IsClusterWriter"])

    before = writer()
    actions = {
        "reboot": {"actionId": "aws:rds:reboot-db-instances", "targets": {"DBInstances": "d"}},
        "over": {"actionId": "aws:rds:failover-db-cluster", "targets": {"Clusters": "c"}},
    }
    targets = {"d": by_tag(kind="aws:rds:db"), "c": by_tag(kind="aws:rds:cluster")}
    targets["c"]["filters"] = [{"path": "Engine", "values": ["aurora-mysql"]}]
    for name in actions:
        part = next(iter(actions[name]["targets"].values()))
        done = a.run({name: actions[name]}, {part: targets[part]})
        equal(done["state"]["status"], "completed", show(done))
    assert writer() != before


@early
def api_errors_for_a_role(a):
    iam, sts = a.upstream("iam"), a.upstream("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
    sessions = {}
    for name in ("app", "other"):
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Path="/svc/")["Role"]["Arn"]
        found = sts.assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
        keys = {
            "aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        }
        sessions[name] = (arn, client(FRONT, "ec2", a.number, **keys))
    role, app = sessions["app"]
    _, other = sessions["other"]
    # The first look-up of a session's identity takes moto a second for each account that it has.
    app.describe_subnets()
    other.describe_subnets()
    target = {"resourceType": "aws:iam:role", "resourceArns": [role], "selectionMode": "ALL"}
    kinds = {
        "internal": ("InternalError", 500), "throttle": ("RequestLimitExceeded", 503), "unavailable": ("Unavailable", 503)
    }
    for kind, (code, status) in kinds.items():
        parameters = {
            "duration": "PT3M", "service": "ec2", "percentage": "100", "operations": "DescribeInstances, DescribeVpcs"
        }
        action = {"actionId": f"aws:fis:inject-api-{kind}-error", "targets": {"Roles": "r"}, "parameters": parameters}
        experiment = a.start(a.template({"inject": action}, {"r": target}))
        a.wait(experiment, {"running"}, action="inject")
        refused(code, "", app.describe_instances)
        try:
            app.describe_vpcs()
        except ClientError as error:
            equal(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
        app.describe_subnets()
        other.describe_instances()
        a.front("ec2").describe_instances()
        equal(a.wait(experiment)["state"]["status"], "completed")
        app.describe_instances()
    parameters["percentage"] = "50"
    experiment = a.start(a.template({"inject": action}, {"r": target}))
    a.wait(experiment, {"running"}, action="inject")
    failed = 0
    for _ in range(60):
        try:
            app.describe_instances()
        except ClientError:
            failed += 1
    a.fis.stop_experiment(id=experiment["id"])
    a.wait(experiment)
    app.describe_instances()
    assert 10 <= failed <= 50, failed


@test
def paused_volumes_are_recorded_only(a):
    zone = a.ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    spec = [{"ResourceType": "volume", "Tags": [{"Key": "drill", "Value": "yes"}]}]
    a.ec2.create_volume(AvailabilityZone=zone, Size=1, TagSpecifications=spec)
    action = {"actionId": "aws:ebs:pause-volume-io", "targets": {"Volumes": "v"}, "parameters": {"duration": "PT5S"}}
    target = by_tag(kind="aws:ec2:ebs-volume", parameters={"availabilityZoneIdentifier": zone})
    done = a.run({"pause": action}, {"v": target})
    equal(done["actions"]["pause"]["state"]["status"], "completed")
    assert "No effect in the lab" in done["actions"]["pause"]["state"]["reason"], show(done)


@test
def templates_are_kept(a):
    token = str(uuid.uuid4())
    made = a.template({"w": wait_action()}, clientToken=token, tags={"a": "b"})
    equal(a.template({"w": wait_action()}, clientToken=token, tags={"a": "b"})["id"], made["id"])
    refused(
        "ConflictException", "client token", a.template, actions={"w": wait_action("PT2M")}, clientToken=token
    )
    got = a.fis.get_experiment_template(id=made["id"])["experimentTemplate"]
    equal(got, made)
    equal(got["experimentOptions"], {"accountTargeting": "single-account", "emptyTargetResolutionMode": "fail"})
    updated = a.fis.update_experiment_template(
        id=made["id"], description="new", actions={"w": wait_action("PT3M")},
        experimentOptions={"emptyTargetResolutionMode": "skip"},
    )["experimentTemplate"]
    equal((updated["description"], updated["roleArn"]), ("new", a.role))
    equal(updated["experimentOptions"]["emptyTargetResolutionMode"], "skip")
    assert updated["lastUpdateTime"] >= made["lastUpdateTime"]
    refused(
        "ValidationException", "stop condition", a.fis.update_experiment_template, id=made["id"], stopConditions=[]
    )
    for _ in range(4):
        a.template({"w": wait_action()})
    pages = a.fis.get_paginator("list_experiment_templates").paginate(PaginationConfig={"PageSize": 2})
    sizes = [len(page["experimentTemplates"]) for page in pages]
    equal(sizes, [2, 2, 1])
    refused("ValidationException", "maxResults", a.fis.list_experiment_templates, maxResults=101)
    refused("ValidationException", "next token", a.fis.list_experiment_templates, nextToken="x")
    equal(a.fis.list_tags_for_resource(resourceArn=made["arn"])["tags"], {"a": "b"})
    a.fis.tag_resource(resourceArn=made["arn"], tags={"c": "d"})
    a.fis.untag_resource(resourceArn=made["arn"], tagKeys=["a"])
    equal(a.fis.get_experiment_template(id=made["id"])["experimentTemplate"]["tags"], {"c": "d"})
    a.fis.delete_experiment_template(id=made["id"])
    refused("ResourceNotFoundException", "not found", a.fis.get_experiment_template, id=made["id"])
    refused("ResourceNotFoundException", "not found", a.fis.list_tags_for_resource, resourceArn=made["arn"])
    refused("ResourceNotFoundException", "not found", a.start, template=made)


@test
def bad_templates_are_refused(a):
    def bad(part, actions=None, code="ValidationException", **more):
        refused(code, part, a.template, actions={"w": wait_action()} if actions is None else actions, **more)

    bad("is not valid", {"x": {"actionId": "aws:ec2:explode"}})
    bad("not supported in the lab", {"x": {"actionId": "aws:dynamodb:global-table-pause-replication"}})
    bad("is not defined", {"x": stop_action("nobody")})
    bad('Unexpected target "Volumes" found', {"x": {**stop_action(), "targets": {"Volumes": "t"}}}, targets={"t": by_tag()})
    bad("the action takes", {"x": stop_action()}, targets={"t": by_tag(kind="aws:ec2:subnet")})
    bad("Missing required parameter", {"x": {"actionId": "aws:fis:wait"}})
    bad("must be a duration", {"x": wait_action("5 minutes")})
    bad("must be a duration from one minute", {"x": wait_action("PT5S")})
    bad("x -> y -> x", {"x": wait_action(after=["y"]), "y": wait_action(after=["x"])})
    bad("is no action", {"x": wait_action(after=["z"])})
    bad("at least one action", {})
    bad("requires a value", stops=[{"source": "aws:cloudwatch:alarm"}])
    bad("is not valid", stops=[{"source": "aws:x"}])
    bad("selection mode", targets={"t": by_tag("SOME")})
    bad("enum value set", experimentOptions={"accountTargeting": "all"})
    quota = "ServiceQuotaExceededException"
    bad("limit is 20", {f"w{n}": wait_action() for n in range(21)}, quota)
    bad("limit is 10", {f"w{n}": wait_action() for n in range(11)}, quota)
    bad("12 hours", {"a": wait_action("PT12H"), "b": wait_action(after=["a"])}, quota)
    alarm = {"source": "aws:cloudwatch:alarm", "value": f"arn:aws:cloudwatch:{REGION}:{a.number}:alarm:x"}
    bad("limit is 5", code=quota, stops=[alarm] * 6)
    a.role = "arn:aws:iam::123456789012:user/someone"
    bad("IAM role")


@test
def starts_are_idempotent_and_limited(a):
    template = a.template({"w": wait_action("PT2H")})
    token = str(uuid.uuid4())
    first = a.start(template, clientToken=token)
    equal(a.start(template, clientToken=token)["id"], first["id"])
    other = a.template({"w": wait_action()})
    refused("ConflictException", "client token", a.start, template=other, clientToken=token)
    more = [a.start(template) for _ in range(4)]
    refused("ServiceQuotaExceededException", "5 active experiments", a.start, template=template)
    listed = a.fis.list_experiments(experimentTemplateId=template["id"])["experiments"]
    equal([e["id"] for e in listed], [e["id"] for e in [first, *more]])
    for experiment in [first, *more]:
        a.fis.stop_experiment(id=experiment["id"])
        a.wait(experiment)
    a.fis.stop_experiment(id=a.start(template)["id"])
    refused("ResourceNotFoundException", "not found", a.fis.get_experiment, id="EXP0")
    refused("ValidationException", "enum", a.start, template=template, experimentOptions={"actionsMode": "none"})


@test
def other_accounts(a):
    other = Account(int(a.number) + 500)
    [mine], [theirs] = a.instances(1, drill="yes"), other.instances(1, drill="yes")
    template = a.template({"stop": stop_action(startInstancesAfterDuration="PT1M")}, {"t": by_tag()},
                          experimentOptions={"accountTargeting": "multi-account"})
    refused("ValidationException", "at least one target account", a.start, template=template)
    arguments = {"experimentTemplateId": template["id"], "accountId": other.number}
    a.fis.create_target_account_configuration(roleArn=other.role, description="d", **arguments)
    refused("ConflictException", "exists already", a.fis.create_target_account_configuration, roleArn=a.role, **arguments)
    a.fis.update_target_account_configuration(description="e", **arguments)
    got = a.fis.get_target_account_configuration(**arguments)["targetAccountConfiguration"]
    equal(got, {"roleArn": other.role, "accountId": other.number, "description": "e"})
    equal(len(a.fis.list_target_account_configurations(experimentTemplateId=template["id"])["targetAccountConfigurations"]), 1)
    experiment = a.start(template)
    equal(experiment["targetAccountConfigurationsCount"], 1)
    a.wait(experiment, {"running"}, action="stop")
    equal((a.state(mine), other.state(theirs)), ("running", "stopped"))
    equal(a.wait(experiment)["state"]["status"], "completed")
    equal(other.state(theirs), "running")
    of_experiment = {"experimentId": experiment["id"]}
    equal(len(a.fis.list_experiment_target_account_configurations(**of_experiment)["targetAccountConfigurations"]), 1)
    a.fis.get_experiment_target_account_configuration(accountId=other.number, **of_experiment)
    a.fis.delete_target_account_configuration(**arguments)
    refused("ResourceNotFoundException", "not found", a.fis.get_target_account_configuration, **arguments)


@test
def the_catalogue(a):
    actions = [action["id"] for action in a.fis.list_actions()["actions"]]
    assert "aws:ec2:stop-instances" in actions and "aws:ecs:stop-task" not in actions, actions
    for action in actions:
        got = a.fis.get_action(id=action)["action"]
        equal(got["id"], action)
        for target in got["targets"].values():
            a.fis.get_target_resource_type(resourceType=target["resourceType"])
    types = a.fis.list_target_resource_types(maxResults=2)
    equal(len(types["targetResourceTypes"]), 2)
    assert types["nextToken"]
    refused("ResourceNotFoundException", "not found", a.fis.get_action, id="aws:x:y")


@test
def state_changes_are_events(a):
    sqs, events = a.upstream("sqs"), a.upstream("events")
    url = sqs.create_queue(QueueName="fis")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="fis", EventPattern=json.dumps({"source": ["aws.fis"], "detail-type": ["FIS Experiment State Change"]}))
    events.put_targets(Rule="fis", Targets=[{"Id": "q", "Arn": arn}])
    done = a.run({"w": wait_action()})
    seen, deadline = [], time.monotonic() + 60
    while time.monotonic() < deadline and len(seen) < 3:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    steps = [(e["detail"]["old-state"]["status"], e["detail"]["new-state"]["status"]) for e in seen]
    equal(sorted(steps), sorted([("pending", "initiating"), ("initiating", "running"), ("running", "completed")]))
    for event in seen:
        equal(event["detail-type"], "FIS Experiment State Change")
        equal(event["resources"], [done["arn"]])
        equal(event["detail"]["experiment-template-id"], done["experimentTemplateId"])


def kill():
    flag = os.path.join(CONTROL, "kill")
    open(flag, "w").close()
    deadline = time.monotonic() + 90
    while os.path.exists(flag):
        assert time.monotonic() < deadline, "nobody restarts the front"
        time.sleep(0.05)


@test
def a_killed_front_carries_on(a):
    [one] = a.instances(1, drill="yes")
    vpc = a.ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    spec = [{"ResourceType": "subnet", "Tags": [{"Key": "drill", "Value": "yes"}]}]
    subnet = a.ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24", TagSpecifications=spec)["Subnet"]["SubnetId"]

    def acl():
        found = a.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        return found["NetworkAcls"][0]["NetworkAclId"]

    before = acl()
    cut = {"actionId": "aws:network:disrupt-connectivity", "targets": {"Subnets": "s"}}
    cut["parameters"] = {"duration": "PT10M", "scope": "all"}
    actions = {
        "stop": stop_action(startInstancesAfterDuration="PT15M"),
        "cut": cut,
        "after": wait_action(after=["stop", "cut"]),
    }
    targets = {"t": by_tag(), "s": by_tag(kind="aws:ec2:subnet")}
    experiment = a.start(a.template(actions, targets))
    a.wait(experiment, {"running"}, action="stop")
    a.wait(experiment, {"running"}, action="cut")
    kill()
    # An answer may be ahead of the disk: then the new front starts the instance, and stops it once more.
    a.reaches(one, "stopped")
    now = a.get(experiment)
    equal(now["state"]["status"], "running", show(now))
    done = a.wait(experiment)
    equal(done["state"]["status"], "completed", show(done))
    equal(statuses(done), {"stop": "completed", "cut": "completed", "after": "completed"})
    equal((a.state(one), acl()), ("running", before))
    experiment = a.start(a.template(actions, targets))
    a.wait(experiment, {"running"}, action="cut")
    a.fis.stop_experiment(id=experiment["id"])
    kill()
    done = a.wait(experiment)
    equal(done["state"]["status"], "stopped", show(done))
    equal((a.state(one), acl()), ("running", before))


@test
def a_kill_at_any_moment_leaves_nothing_behind(a):
    [one] = a.instances(1, drill="yes")
    vpc = a.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    spec = [{"ResourceType": "subnet", "Tags": [{"Key": "drill", "Value": "yes"}]}]
    a.ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24", TagSpecifications=spec)
    cut = {"actionId": "aws:network:disrupt-connectivity", "targets": {"Subnets": "s"}}
    cut["parameters"] = {"duration": "PT1M", "scope": "all"}
    actions = {"stop": stop_action(startInstancesAfterDuration="PT1M"), "cut": cut}
    template = a.template(actions, {"t": by_tag(), "s": by_tag(kind="aws:ec2:subnet")})
    for delay in (0.0, 0.03, 0.06, 0.09, 0.12, 0.15, 0.2, 0.3, 1.0, 1.2):
        experiment = a.start(template)
        time.sleep(delay)
        kill()
        done = a.wait(experiment)
        equal(done["state"]["status"], "completed", f"{delay} {show(done)}")
        equal(a.state(one), "running", f"{delay} {show(done)}")
        acls = a.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
        equal(len(acls), 1, f"{delay} {show(done)}")


@early
def faults_are_in_force_again_after_a_kill(a):
    iam, sts = a.upstream("iam"), a.upstream("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    found = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    app = client(
        FRONT, "ec2", a.number, aws_access_key_id=found["AccessKeyId"], aws_secret_access_key=found["SecretAccessKey"],
        aws_session_token=found["SessionToken"],
    )
    app.describe_subnets()
    parameters = {"duration": "PT10M", "service": "ec2", "percentage": "100", "operations": "DescribeInstances"}
    action = {"actionId": "aws:fis:inject-api-throttle-error", "targets": {"Roles": "r"}, "parameters": parameters}
    target = {"resourceType": "aws:iam:role", "resourceArns": [role], "selectionMode": "ALL"}
    experiment = a.start(a.template({"inject": action}, {"r": target}))
    a.wait(experiment, {"running"}, action="inject")
    kill()
    a.wait(experiment, {"running"}, action="inject")
    throttled(app.describe_instances)
    a.fis.stop_experiment(id=experiment["id"])
    equal(a.wait(experiment)["state"]["status"], "stopped")
    app.describe_instances()


def main():
    failures = 0
    for number, function in enumerate(TESTS):
        if WANTED and function.__name__ not in WANTED:
            continue
        base = int(os.environ.get("FIRST_ACCOUNT", "777000000000"))
        began = time.monotonic()
        try:
            function(Account(base + number))
            print(f"ok   {function.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            failures += 1
            print(f"FAIL {function.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
            traceback.print_exc()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
