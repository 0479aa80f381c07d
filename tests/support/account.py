"""Reads an account of the lab with another client than the code under test: `account.py ENDPOINT ACCESS_KEY_ID REGION`.
Without arguments it reads one account for each line of stdin, `ENDPOINT ACCESS_KEY_ID REGION`, until stdin ends. A fourth
word, `drills`, reads what a drill could leave as well.

Prints everything that a playbook could touch as canonical JSON: two reads are equal exactly when nothing of it has
changed. It has no times, no request ids, no list whose order means nothing. It owns no expectations: tests compare.
"""

import hashlib
import json
import sys
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def tags(listed):
    return {tag["Key"]: tag["Value"] for tag in listed or []}


def pick(one, *names):
    return {name: one[name] for name in names if one.get(name) is not None}


def canonical(value):
    """Lists sorted, so that their order never counts."""
    if isinstance(value, dict):
        return {key: canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((canonical(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value


def pages(client, call, key, **arguments):
    if client.can_paginate(call):
        answers = client.get_paginator(call).paginate(**arguments)
    else:
        answers = [getattr(client, call)(**arguments)]
    return [one for answer in answers for one in answer.get(key, [])]


def absent(call, *codes, **arguments):
    """The answer, or None if the service reports that there is none."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


class Ec2:
    def __init__(self, client, account):
        self.client, self.account = client, account

    def read(self):
        return {
            name: getattr(self, name)()
            for name in (
                "instances",
                "interfaces",
                "groups",
                "volumes",
                "snapshots",
                "images",
                "addresses",
                "acls",
                "profile_associations",
            )
        }

    def instances(self):
        found = {}
        for reservation in pages(self.client, "describe_instances", "Reservations"):
            for one in reservation["Instances"]:
                found[one["InstanceId"]] = self.instance(one)
        return found

    def instance(self, one):
        read = pick(one, "InstanceType", "ImageId", "SubnetId", "VpcId", "PrivateIpAddress", "PublicIpAddress")
        read["state"] = one["State"]["Name"]
        read["tags"] = tags(one.get("Tags"))
        read["groups"] = [group["GroupId"] for group in one.get("SecurityGroups", [])]
        read["profile"] = (one.get("IamInstanceProfile") or {}).get("Arn")
        read["metadata"] = {key: value for key, value in one.get("MetadataOptions", {}).items() if key != "State"}
        read["interfaces"] = [
            {"id": eni["NetworkInterfaceId"], "groups": [group["GroupId"] for group in eni["Groups"]]}
            for eni in one.get("NetworkInterfaces", [])
        ]
        read["devices"] = {
            device["DeviceName"]: pick(device.get("Ebs", {}), "VolumeId", "DeleteOnTermination")
            for device in one.get("BlockDeviceMappings", [])
        }
        if read["state"] != "terminated":
            read["attributes"] = self.attributes(one["InstanceId"])
        return read

    def attributes(self, instance):
        def attribute(name, key):
            answer = self.client.describe_instance_attribute(InstanceId=instance, Attribute=name)
            return answer.get(key, {}).get("Value")

        data = attribute("userData", "UserData")
        return {
            "termination-protection": attribute("disableApiTermination", "DisableApiTermination"),
            "shutdown-behaviour": attribute("instanceInitiatedShutdownBehavior", "InstanceInitiatedShutdownBehavior"),
            "user-data": hashlib.sha256(data.encode()).hexdigest() if data else None,
        }

    def interfaces(self):
        found = {}
        for one in pages(self.client, "describe_network_interfaces", "NetworkInterfaces"):
            read = pick(one, "Status", "Description", "SubnetId", "VpcId", "SourceDestCheck", "PrivateIpAddress")
            read["groups"] = [group["GroupId"] for group in one.get("Groups", [])]
            read["addresses"] = [pick(ip, "PrivateIpAddress", "Primary") for ip in one.get("PrivateIpAddresses", [])]
            read["addresses6"] = [ip["Ipv6Address"] for ip in one.get("Ipv6Addresses", [])]
            read["association"] = pick(one.get("Association", {}), "AllocationId", "PublicIp")
            read["attachment"] = pick(
                one.get("Attachment", {}), "InstanceId", "DeviceIndex", "Status", "DeleteOnTermination"
            )
            read["tags"] = tags(one.get("TagSet"))
            found[one["NetworkInterfaceId"]] = read
        return found

    def groups(self):
        found = {}
        for one in pages(self.client, "describe_security_groups", "SecurityGroups"):
            read = pick(one, "GroupName", "Description", "VpcId")
            read["inbound"] = [self.rule(rule) for rule in one.get("IpPermissions", [])]
            read["outbound"] = [self.rule(rule) for rule in one.get("IpPermissionsEgress", [])]
            read["tags"] = tags(one.get("Tags"))
            found[one["GroupId"]] = read
        return found

    @staticmethod
    def rule(rule):
        read = pick(rule, "IpProtocol", "FromPort", "ToPort")
        read["sources"] = (
            [pick(source, "CidrIp", "Description") for source in rule.get("IpRanges", [])]
            + [pick(source, "CidrIpv6", "Description") for source in rule.get("Ipv6Ranges", [])]
            + [pick(source, "GroupId", "Description") for source in rule.get("UserIdGroupPairs", [])]
            + [pick(source, "PrefixListId", "Description") for source in rule.get("PrefixListIds", [])]
        )
        return read

    def volumes(self):
        found = {}
        for one in pages(self.client, "describe_volumes", "Volumes"):
            read = pick(one, "Size", "State", "Encrypted", "KmsKeyId", "VolumeType", "SnapshotId", "AvailabilityZone")
            read["attachments"] = [
                pick(place, "InstanceId", "Device", "DeleteOnTermination") for place in one.get("Attachments", [])
            ]
            read["tags"] = tags(one.get("Tags"))
            found[one["VolumeId"]] = read
        return found

    def snapshots(self):
        found = {}
        for one in pages(self.client, "describe_snapshots", "Snapshots", OwnerIds=[self.account]):
            # Of the upstream's public images: on AWS they belong to others.
            if one.get("Description", "").startswith("Auto-created snapshot for AMI"):
                continue
            read = pick(one, "VolumeId", "VolumeSize", "State", "Encrypted", "KmsKeyId", "Description")
            read["tags"] = tags(one.get("Tags"))
            shared = self.client.describe_snapshot_attribute(
                SnapshotId=one["SnapshotId"], Attribute="createVolumePermission"
            )
            read["shared-with"] = shared.get("CreateVolumePermissions", [])
            found[one["SnapshotId"]] = read
        return found

    def images(self):
        found = {}
        for one in pages(self.client, "describe_images", "Images", Owners=["self"]):
            read = pick(one, "Name", "State", "Public", "Description", "RootDeviceName")
            read["snapshots"] = [
                device["Ebs"]["SnapshotId"]
                for device in one.get("BlockDeviceMappings", [])
                if device.get("Ebs", {}).get("SnapshotId")
            ]
            read["tags"] = tags(one.get("Tags"))
            found[one["ImageId"]] = read
        return found

    def addresses(self):
        found = {}
        for one in pages(self.client, "describe_addresses", "Addresses"):
            # Not the association's id: giving an address back makes a new association, as on AWS.
            read = pick(one, "PublicIp", "NetworkInterfaceId", "PrivateIpAddress")
            read["associated"] = bool(one.get("AssociationId"))
            read["tags"] = tags(one.get("Tags"))
            found[one["AllocationId"]] = read
        return found

    def acls(self):
        found = {}
        for one in pages(self.client, "describe_network_acls", "NetworkAcls"):
            read = pick(one, "VpcId", "IsDefault")
            read["entries"] = one.get("Entries", [])
            read["subnets"] = [place["SubnetId"] for place in one.get("Associations", [])]
            read["tags"] = tags(one.get("Tags"))
            found[one["NetworkAclId"]] = read
        return found

    def profile_associations(self):
        found = {}
        for one in pages(
            self.client, "describe_iam_instance_profile_associations", "IamInstanceProfileAssociations"
        ):
            found.setdefault(one["InstanceId"], []).append(
                {"profile": one["IamInstanceProfile"].get("Arn"), "state": one["State"]}
            )
        return found


class Iam:
    def __init__(self, client):
        self.client = client

    def read(self):
        return {
            "users": {one["UserName"]: self.user(one) for one in pages(self.client, "list_users", "Users")},
            "roles": {
                one["RoleName"]: self.role(one)
                for one in pages(self.client, "list_roles", "Roles")
                if not one["Path"].startswith("/aws-service-role/")
            },
            "profiles": {
                one["InstanceProfileName"]: {
                    "roles": [role["RoleName"] for role in one["Roles"]],
                    "tags": tags(one.get("Tags")),
                }
                for one in pages(self.client, "list_instance_profiles", "InstanceProfiles")
            },
            "policies": {
                one["PolicyName"]: self.policy(one)
                for one in pages(self.client, "list_policies", "Policies", Scope="Local")
            },
        }

    def user(self, one):
        name = one["UserName"]
        inline = pages(self.client, "list_user_policies", "PolicyNames", UserName=name)
        login = absent(self.client.get_login_profile, "NoSuchEntity", UserName=name)
        whole = self.client.get_user(UserName=name)["User"]
        return {
            "path": one["Path"],
            "keys": {
                key["AccessKeyId"]: key["Status"]
                for key in pages(self.client, "list_access_keys", "AccessKeyMetadata", UserName=name)
            },
            "console": None if login is None else pick(login["LoginProfile"], "PasswordResetRequired"),
            "inline": {
                policy: self.client.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
                for policy in inline
            },
            "attached": [
                policy["PolicyArn"]
                for policy in pages(self.client, "list_attached_user_policies", "AttachedPolicies", UserName=name)
            ],
            "groups": [
                group["GroupName"] for group in pages(self.client, "list_groups_for_user", "Groups", UserName=name)
            ],
            "boundary": whole.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": tags(pages(self.client, "list_user_tags", "Tags", UserName=name)),
        }

    def role(self, one):
        name = one["RoleName"]
        inline = pages(self.client, "list_role_policies", "PolicyNames", RoleName=name)
        whole = self.client.get_role(RoleName=name)["Role"]
        return {
            "path": one["Path"],
            "trust": whole["AssumeRolePolicyDocument"],
            "longest-session": whole.get("MaxSessionDuration"),
            "inline": {
                policy: self.client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in inline
            },
            "attached": [
                policy["PolicyArn"]
                for policy in pages(self.client, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
            ],
            "boundary": whole.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "tags": tags(pages(self.client, "list_role_tags", "Tags", RoleName=name)),
        }

    def policy(self, one):
        version = self.client.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])
        return {"version": one["DefaultVersionId"], "document": version["PolicyVersion"]["Document"]}


class Drills:
    """What drills make: rules, queues, experiments, vaults, trails, alarms, detectors, tables, buckets, networks."""

    def __init__(self, client):
        self.client = client

    def read(self):
        return {
            name: getattr(self, name)()
            for name in (
                "networks",
                "rules",
                "queues",
                "experiments",
                "templates",
                "lever",
                "vaults",
                "jobs",
                "trails",
                "alarms",
                "detectors",
                "tables",
                "buckets",
            )
        }

    def networks(self):
        ec2 = self.client("ec2")
        listed = (
            ("describe_vpcs", "Vpcs", "VpcId"),
            ("describe_subnets", "Subnets", "SubnetId"),
            ("describe_route_tables", "RouteTables", "RouteTableId"),
            ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        )
        return {
            one[name]: {"cidr": one.get("CidrBlock"), "tags": tags(one.get("Tags"))}
            for call, key, name in listed
            for one in pages(ec2, call, key)
        }

    def rules(self):
        events = self.client("events")
        return {
            one["Name"]: pick(one, "State", "EventPattern")
            | {"targets": [target["Arn"] for target in pages(events, "list_targets_by_rule", "Targets", Rule=one["Name"])]}
            for one in pages(events, "list_rules", "Rules")
        }

    def queues(self):
        return pages(self.client("sqs"), "list_queues", "QueueUrls")

    def experiments(self):
        """Those that are not over: the others stay listed for 120 days."""
        over = ("completed", "stopped", "failed", "cancelled")
        listed = pages(self.client("fis"), "list_experiments", "experiments")
        return {one["id"]: one["state"]["status"] for one in listed if one["state"]["status"] not in over}

    def templates(self):
        return [one["id"] for one in pages(self.client("fis"), "list_experiment_templates", "experimentTemplates")]

    def lever(self):
        return self.client("fis").get_safety_lever(id="default")["safetyLever"]["state"]["status"]

    def vaults(self):
        backup = self.client("backup")
        return {
            vault["BackupVaultName"]: [
                point["RecoveryPointArn"]
                for point in pages(
                    backup,
                    "list_recovery_points_by_backup_vault",
                    "RecoveryPoints",
                    BackupVaultName=vault["BackupVaultName"],
                )
            ]
            for vault in pages(backup, "list_backup_vaults", "BackupVaultList")
        }

    def jobs(self):
        """Those that are not over."""
        backup = self.client("backup")
        over = ("COMPLETED", "ABORTED", "FAILED", "EXPIRED", "PARTIAL")
        backups = {one["BackupJobId"]: one["State"] for one in pages(backup, "list_backup_jobs", "BackupJobs")}
        restores = {one["RestoreJobId"]: one["Status"] for one in pages(backup, "list_restore_jobs", "RestoreJobs")}
        return {job: state for job, state in (backups | restores).items() if state not in over}

    def trails(self):
        trail = self.client("cloudtrail")
        return {
            one["TrailARN"]: trail.get_trail_status(Name=one["TrailARN"])["IsLogging"]
            for one in trail.describe_trails()["trailList"]
        }

    def alarms(self):
        listed = pages(self.client("cloudwatch"), "describe_alarms", "MetricAlarms")
        return {one["AlarmName"]: pick(one, "Namespace", "MetricName", "Threshold") for one in listed}

    def detectors(self):
        guardduty = self.client("guardduty")
        return {
            one: guardduty.get_detector(DetectorId=one)["Status"] for one in pages(guardduty, "list_detectors", "DetectorIds")
        }

    def tables(self):
        dynamodb = self.client("dynamodb")
        return {name: pages(dynamodb, "scan", "Items", TableName=name) for name in pages(dynamodb, "list_tables", "TableNames")}

    def buckets(self):
        s3 = self.client("s3")
        read = {one["Name"]: self.bucket(s3, one["Name"]) for one in s3.list_buckets()["Buckets"]}
        # Where the lab keeps backups, which AWS keeps in an account of its own.
        return {name: one for name, one in read.items() if one["objects"] or not name.startswith("backburn-backup-")}

    @staticmethod
    def bucket(s3, name):
        block = absent(s3.get_public_access_block, "NoSuchPublicAccessBlockConfiguration", Bucket=name)
        policy = absent(s3.get_bucket_policy, "NoSuchBucketPolicy", Bucket=name)
        return {
            "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
            "block": block and block["PublicAccessBlockConfiguration"],
            "policy": policy and policy["Policy"],
            "objects": [
                pick(one, "Key", "VersionId", "ETag", "Size") for one in pages(s3, "list_object_versions", "Versions", Bucket=name)
            ],
        }


def read(session, endpoint, access_key_id, region, more=""):
    if urlsplit(endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        sys.exit("account.py reads accounts of the lab only")

    def client(service):
        return session.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=access_key_id,
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 2}, proxies={}),
        )

    account = client("sts").get_caller_identity()["Account"]
    found = {"account": account, "ec2": Ec2(client("ec2"), account).read(), "iam": Iam(client("iam")).read()}
    if more == "drills":
        found["drills"] = Drills(client).read()
    return canonical(found)


def main():
    session = boto3.Session()
    if len(sys.argv) > 1:
        json.dump(read(session, *sys.argv[1:5]), sys.stdout, indent=1, sort_keys=True)
        print()
        return
    # One session for all: loading the description of EC2 takes longer than asking it.
    for line in sys.stdin:
        print(json.dumps(read(session, *line.split()), sort_keys=True), flush=True)


main()
