"""AWS Backup through the front, with boto3: one function for each test, called by src/backup/tests.

`client(NAME)` is of the front, `direct(NAME)` of the upstream behind it: what a job did is read back from there.
"""

import time

ROLE = "arn:aws:iam::123456789012:role/service-role/AWSBackupDefaultServiceRole"
backup = client("backup")


def direct(name, region="us-east-1"):
    return boto3.client(
        name,
        endpoint_url=UPSTREAM,
        region_name=region,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def refusal(call, **parameters):
    """Code of the error that a call must give."""
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error
        return error.response["Error"]["Code"].removesuffix("Exception")
    return "no error"


def until(look, done, seconds=90):
    end = time.time() + seconds
    while True:
        seen = look()
        if done(seen):
            return seen
        assert time.time() < end, seen
        time.sleep(0.05)


def ended(job, service=backup):
    look = lambda: service.describe_backup_job(BackupJobId=job)
    return until(look, lambda seen: seen["State"] in ("COMPLETED", "FAILED", "ABORTED"))


def save(arn, vault="vault", service=backup, **more):
    """A finished backup job of a resource."""
    started = service.start_backup_job(BackupVaultName=vault, ResourceArn=arn, IamRoleArn=ROLE, **more)
    return ended(started["BackupJobId"], service)


def restore(point, metadata, service=backup, **more):
    """A finished restore job of a recovery point."""
    started = service.start_restore_job(RecoveryPointArn=point, Metadata=metadata, IamRoleArn=ROLE, **more)
    look = lambda: service.describe_restore_job(RestoreJobId=started["RestoreJobId"])
    return until(look, lambda seen: seen["Status"] in ("COMPLETED", "FAILED"))


def copied(point, to, vault="vault", **more):
    """A finished copy job."""
    started = backup.start_copy_job(
        RecoveryPointArn=point, SourceBackupVaultName=vault, DestinationBackupVaultArn=to, IamRoleArn=ROLE, **more
    )
    look = lambda: backup.describe_copy_job(CopyJobId=started["CopyJobId"])["CopyJob"]
    return until(look, lambda seen: seen["State"] in ("COMPLETED", "FAILED"))


def vault(name="vault", service=backup, **more):
    return service.create_backup_vault(BackupVaultName=name, **more)["BackupVaultArn"]


def arn(service, resource):
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


def volume(**tags):
    made = direct("ec2").create_volume(
        AvailabilityZone="us-east-1a",
        Size=7,
        VolumeType="gp3",
        TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}
        ],
    )
    return arn("ec2", "volume/" + made["VolumeId"])


def ebs():
    vault()
    source = volume()
    job = save(source, RecoveryPointTags={"case": "1"}, Lifecycle={"DeleteAfterDays": 7})
    assert (job["State"], job["PercentDone"], job["ResourceType"]) == ("COMPLETED", "100.0", "EBS"), job
    point = job["RecoveryPointArn"]
    snapshot = direct("ec2").describe_snapshots(SnapshotIds=[point.split("/")[1]])["Snapshots"][0]
    assert snapshot["VolumeId"] == source.split("/")[1]
    assert {"Key": "case", "Value": "1"} in snapshot["Tags"]
    assert backup.list_tags(ResourceArn=point)["Tags"] == {"case": "1"}
    seen = backup.describe_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    assert (seen["Status"], seen["BackupSizeInBytes"], seen["ResourceName"]) == ("COMPLETED", 7 << 30, "data"), seen
    assert (seen["CalculatedLifecycle"]["DeleteAt"] - seen["CreationDate"]).days == 7
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="vault", RecoveryPointArn=point)
    metadata = metadata["RestoreMetadata"]
    assert metadata["volumeType"] == "gp3" and metadata["volumeSize"] == "7", metadata
    without = {key: value for key, value in metadata.items() if key != "availabilityZone"}
    assert refusal(backup.start_restore_job, RecoveryPointArn=point, Metadata=without) == "InvalidParameterValue"
    done = restore(point, {**metadata, "availabilityZone": "us-east-1b"}, CopySourceTagsToRestoredResource=True)
    assert done["Status"] == "COMPLETED", done
    made = direct("ec2").describe_volumes(VolumeIds=[done["CreatedResourceArn"].split("/")[1]])["Volumes"][0]
    assert made["SnapshotId"] == snapshot["SnapshotId"]
    assert (made["AvailabilityZone"], made["Size"], made["VolumeType"]) == ("us-east-1b", 7, "gp3"), made
    assert {"Key": "Name", "Value": "data"} in made["Tags"]
    kept = backup.get_restore_job_metadata(RestoreJobId=done["RestoreJobId"])["Metadata"]
    assert kept["availabilityZone"] == "us-east-1b"
    listed = backup.list_recovery_points_by_backup_vault(BackupVaultName="vault", ByResourceArn=source)
    assert [p["RecoveryPointArn"] for p in listed["RecoveryPoints"]] == [point]
    listed = backup.list_recovery_points_by_resource(ResourceArn=source)
    assert [p["RecoveryPointArn"] for p in listed["RecoveryPoints"]] == [point]
    protected = backup.describe_protected_resource(ResourceArn=source)
    assert protected["LastRecoveryPointArn"] == point and protected["LatestRestoreJobCreationDate"]
    assert [r["ResourceArn"] for r in backup.list_protected_resources()["Results"]] == [source]
    assert refusal(backup.delete_backup_vault, BackupVaultName="vault") == "InvalidRequest"
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    gone = direct("ec2").describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": [snapshot["SnapshotId"]]}])
    assert gone["Snapshots"] == []
    backup.delete_backup_vault(BackupVaultName="vault")
    return "ok"


def dynamodb():
    vault()
    db = direct("dynamodb")
    db.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    items = [{"id": {"S": str(n)}, "total": {"N": str(n * 3)}, "raw": {"B": bytes([n])}} for n in range(40)]
    for item in items:
        db.put_item(TableName="orders", Item=item)
    job = save(arn("dynamodb", "table/orders"))
    assert job["State"] == "COMPLETED", job
    # Ransomware: what was there is damaged, and the restored table shows nothing of it.
    for item in items:
        db.put_item(TableName="orders", Item={"id": item["id"], "note": {"S": "pay"}})
    point = job["RecoveryPointArn"]
    assert refusal(backup.start_restore_job, RecoveryPointArn=point, Metadata={}) == "InvalidParameterValue"
    done = restore(point, {"targetTableName": "orders-restored", "encryptionType": "Default"})
    assert done["CreatedResourceArn"] == arn("dynamodb", "table/orders-restored"), done
    found = db.scan(TableName="orders-restored")["Items"]
    key = lambda item: int(item["id"]["S"])
    assert sorted(found, key=key) == items
    again = restore(point, {"targetTableName": "orders"})
    assert again["Status"] == "FAILED" and "already exists" in again["StatusMessage"], again
    vault("there", client("backup", region="eu-west-1"))
    copy = copied(point, f"arn:aws:backup:eu-west-1:{ACCOUNT}:backup-vault:there")
    assert copy["State"] == "FAILED" and "advanced" in copy["StatusMessage"], copy
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    assert db.list_backups()["BackupSummaries"] == []
    return "ok"


def s3():
    vault()
    s3, bucket = direct("s3"), f"photos-{ACCOUNT}"
    s3.create_bucket(Bucket=bucket)
    failed = save(f"arn:aws:s3:::{bucket}")
    assert failed["State"] == "FAILED" and "versioning" in failed["StatusMessage"], failed
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    objects = {f"a/{n}": bytes([n]) * n for n in range(30)}
    objects |= {"b c+ü&%.txt": b"odd name", "empty": b""}
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=b"old")
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/x", Metadata={"k": key[:1]})
    s3.put_object(Bucket=bucket, Key="deleted", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="deleted")
    job = save(f"arn:aws:s3:::{bucket}")
    assert job["State"] == "COMPLETED", job
    assert job["BackupSizeInBytes"] == sum(map(len, objects.values()))
    for key in objects:
        s3.put_object(Bucket=bucket, Key=key, Body=b"encrypted by a stranger")
    s3.put_object(Bucket=bucket, Key="README", Body=b"pay")
    point = job["RecoveryPointArn"]

    def content(bucket):
        listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {entry["Key"]: s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed}

    new = f"photos-restored-{ACCOUNT}"
    done = restore(point, {"DestinationBucketName": new, "NewBucket": "true"})
    assert done["Status"] == "COMPLETED" and done["CreatedResourceArn"] == f"arn:aws:s3:::{new}", done
    assert content(new) == objects
    head = s3.head_object(Bucket=new, Key="a/3")
    assert (head["ContentType"], head["Metadata"]) == ("text/x", {"k": "a"}), head
    assert restore(point, {"DestinationBucketName": new, "NewBucket": "true"})["Status"] == "FAILED"
    part = restore(point, {"destinationBucketName": bucket, "ItemsToRestore": '["a/", "empty"]'})
    assert part["Status"] == "COMPLETED", part
    now = content(bucket)
    assert now["a/7"] == objects["a/7"] and now["empty"] == b"" and now["README"] == b"pay"
    assert now["b c+ü&%.txt"] == b"encrypted by a stranger"
    there = client("backup", region="eu-west-1")
    copy = copied(point, vault("there", there))
    assert copy["State"] == "COMPLETED", copy
    far = f"photos-far-{ACCOUNT}"
    done = restore(copy["DestinationRecoveryPointArn"], {"DestinationBucketName": far, "NewBucket": "true"}, there)
    assert done["Status"] == "COMPLETED" and content(far) == objects, done
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    assert content(f"backburn-backup-{ACCOUNT}-us-east-1") == {}
    return "ok"


def rds():
    vault()
    db = direct("rds")
    db.create_db_instance(
        DBInstanceIdentifier="shop",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="admin1",
        MasterUserPassword="not-a-secret",
    )
    source = arn("rds", "db:shop")
    job = save(source)
    assert job["State"] == "COMPLETED", job
    point = job["RecoveryPointArn"]
    found = db.describe_db_snapshots(DBInstanceIdentifier="shop", SnapshotType="manual")["DBSnapshots"]
    assert [s["DBSnapshotArn"] for s in found] == [point], found
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="vault", RecoveryPointArn=point)
    metadata = metadata["RestoreMetadata"]
    assert (metadata["Engine"], metadata["DBInstanceClass"]) == ("postgres", "db.t3.micro"), metadata
    done = restore(point, {"DBInstanceIdentifier": "shop-restored", "DBInstanceClass": "db.t3.small"})
    assert done["Status"] == "COMPLETED", done
    made = db.describe_db_instances(DBInstanceIdentifier="shop-restored")["DBInstances"][0]
    assert (made["Engine"], made["DBInstanceClass"], made["AllocatedStorage"]) == ("postgres", "db.t3.small", 20)
    assert restore(point, {"DBInstanceIdentifier": "shop"})["Status"] == "FAILED"
    copy = copied(point, vault("other"))
    assert copy["State"] == "COMPLETED", copy
    copy_id = copy["DestinationRecoveryPointArn"].split(":snapshot:")[1]
    assert db.describe_db_snapshots(DBSnapshotIdentifier=copy_id)["DBSnapshots"]
    started = backup.start_backup_job(BackupVaultName="vault", ResourceArn=source, IamRoleArn=ROLE)
    assert refusal(backup.stop_backup_job, BackupJobId=started["BackupJobId"]) == "InvalidRequest"
    ended(started["BackupJobId"])
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    found = db.describe_db_snapshots(DBInstanceIdentifier="shop", SnapshotType="manual")["DBSnapshots"]
    assert point not in [s["DBSnapshotArn"] for s in found]
    return "ok"


def ec2():
    vault()
    ec2 = direct("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    group = ec2.create_security_group(GroupName="closed", Description="closed")["GroupId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    run = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.small", SecurityGroupIds=[group], TagSpecifications=tags
    )
    instance = run["Instances"][0]
    source = arn("ec2", "instance/" + instance["InstanceId"])
    job = save(source)
    assert job["State"] == "COMPLETED" and job["ResourceName"] == "web", job
    point = job["RecoveryPointArn"]
    saved = ec2.describe_images(ImageIds=[point.split("/")[1]])["Images"][0]
    assert saved["Name"].startswith("AwsBackup_" + instance["InstanceId"]), saved
    state = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]
    assert state["Name"] == "running"
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="vault", RecoveryPointArn=point)
    metadata = metadata["RestoreMetadata"]
    assert json.loads(metadata["SecurityGroupIds"]) == [group], metadata
    done = restore(point, {**metadata, "InstanceType": "t3.micro"})
    assert done["Status"] == "COMPLETED", done
    new = done["CreatedResourceArn"].split("/")[1]
    made = ec2.describe_instances(InstanceIds=[new])["Reservations"][0]["Instances"][0]
    assert (made["ImageId"], made["InstanceType"]) == (saved["ImageId"], "t3.micro"), made
    assert [g["GroupId"] for g in made["SecurityGroups"]] == [group]
    assert {"Key": "Name", "Value": "web"} in made["Tags"]
    there = client("backup", region="eu-west-1")
    copy = copied(point, vault("there", there))
    assert copy["State"] == "COMPLETED", copy
    copy_id = copy["DestinationRecoveryPointArn"].split("/")[1]
    assert direct("ec2", "eu-west-1").describe_images(ImageIds=[copy_id])["Images"][0]["State"] == "available"
    snapshots = [m["Ebs"]["SnapshotId"] for m in saved["BlockDeviceMappings"] if "SnapshotId" in m.get("Ebs", {})]
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    left = ec2.describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": snapshots}])["Snapshots"]
    assert left == [] and snapshots, left
    return "ok"


def copies():
    home = vault()
    there = client("backup", region="eu-west-1")
    target = vault("there", there)
    source = volume()
    point = save(source)["RecoveryPointArn"]
    copy = copied(point, target, Lifecycle={"DeleteAfterDays": 30})
    assert copy["State"] == "COMPLETED", copy
    new = copy["DestinationRecoveryPointArn"]
    assert new.startswith("arn:aws:ec2:eu-west-1::snapshot/"), new
    assert direct("ec2", "eu-west-1").describe_snapshots(SnapshotIds=[new.split("/")[1]])["Snapshots"]
    seen = there.describe_recovery_point(BackupVaultName="there", RecoveryPointArn=new)
    assert (seen["ResourceArn"], seen["SourceBackupVaultArn"]) == (source, home), seen
    assert seen["Lifecycle"] == {"DeleteAfterDays": 30}
    assert [c["CopyJobId"] for c in backup.list_copy_jobs(ByDestinationVaultArn=target)["CopyJobs"]] == [copy["CopyJobId"]]
    same = dict(RecoveryPointArn=point, SourceBackupVaultName="vault", IamRoleArn=ROLE)
    assert refusal(backup.start_copy_job, DestinationBackupVaultArn=home, **same) == "InvalidRequest"
    nowhere = target.replace("there", "nowhere")
    assert refusal(backup.start_copy_job, DestinationBackupVaultArn=nowhere, **same) == "ResourceNotFound"
    assert refusal(backup.start_copy_job, DestinationBackupVaultArn="vault", **same) == "InvalidParameterValue"
    zone = {"availabilityZone": "eu-west-1a"}
    done = restore(new, zone, there)
    assert done["Status"] == "COMPLETED" and ":eu-west-1:" in done["CreatedResourceArn"], done
    return "ok"


def jobs():
    """States, stops, tokens, filters and pages."""
    vault()
    source = volume()
    asked = dict(BackupVaultName="vault", ResourceArn=source, IamRoleArn=ROLE)
    started = backup.start_backup_job(IdempotencyToken="t", **asked)
    again = backup.start_backup_job(IdempotencyToken="t", **asked)
    assert started["BackupJobId"] == again["BackupJobId"]
    other = dict(asked, StartWindowMinutes=90)
    assert refusal(backup.start_backup_job, IdempotencyToken="t", **other) == "InvalidParameterValue"
    states, percents = [], []
    while not states or states[-1] not in ("COMPLETED", "FAILED"):
        seen = backup.describe_backup_job(BackupJobId=started["BackupJobId"])
        if seen["State"] not in states[-1:]:
            states.append(seen["State"])
        percents.append(float(seen["PercentDone"]))
    assert states == ["CREATED", "PENDING", "RUNNING", "COMPLETED"], states
    assert percents == sorted(percents) and set(percents) >= {0.0, 25.0, 50.0, 100.0}, percents
    stopped = backup.start_backup_job(**asked)["BackupJobId"]
    look = lambda: backup.describe_backup_job(BackupJobId=stopped)
    running = until(look, lambda seen: seen.get("RecoveryPointArn"))
    backup.stop_backup_job(BackupJobId=stopped)
    end = ended(stopped)
    assert end["State"] == "ABORTED" and "RecoveryPointArn" not in end, end
    snapshot = running["RecoveryPointArn"].split("/")[1]
    left = direct("ec2").describe_snapshots(Filters=[{"Name": "snapshot-id", "Values": [snapshot]}])["Snapshots"]
    assert left == [], left
    assert refusal(backup.stop_backup_job, BackupJobId=stopped) == "InvalidRequest"
    assert refusal(backup.stop_backup_job, BackupJobId="none") == "ResourceNotFound"
    lost = save(arn("ec2", "volume/vol-00000000000000000"))
    assert lost["State"] == "FAILED" and "InvalidVolume.NotFound" in lost["StatusMessage"], lost
    all = backup.list_backup_jobs()["BackupJobs"]
    assert [job["State"] for job in all] == ["FAILED", "ABORTED", "COMPLETED"], all
    pages = backup.get_paginator("list_backup_jobs").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["BackupJobs"]) for page in pages] == [2, 1]
    assert len(backup.list_backup_jobs(ByState="ABORTED")["BackupJobs"]) == 1
    assert backup.list_backup_jobs(ByResourceType="RDS")["BackupJobs"] == []
    before = backup.list_backup_jobs(ByCreatedBefore=all[-1]["CreationDate"])["BackupJobs"]
    assert before == [], before
    assert refusal(backup.list_backup_jobs, NextToken="x") == "InvalidParameterValue"
    return "ok"


def locks():
    own = vault()
    source = volume()
    lock = dict(BackupVaultName="vault", MinRetentionDays=7, MaxRetentionDays=30)
    for wrong in [{"ChangeableForDays": 2}, {"MinRetentionDays": 0}, {"MaxRetentionDays": 6}]:
        assert refusal(backup.put_backup_vault_lock_configuration, **{**lock, **wrong}) == "InvalidParameterValue"
    backup.put_backup_vault_lock_configuration(**lock)
    seen = backup.describe_backup_vault(BackupVaultName="vault")
    assert (seen["Locked"], seen["MinRetentionDays"], seen["MaxRetentionDays"]) == (True, 7, 30), seen
    assert "LockDate" not in seen
    for days in [6, 31]:
        job = save(source, Lifecycle={"DeleteAfterDays": days})
        assert job["State"] == "FAILED" and "vault lock" in job["StatusMessage"], job
    assert save(source)["State"] == "FAILED"
    job = save(source, Lifecycle={"DeleteAfterDays": 8})
    assert job["State"] == "COMPLETED" and job["VaultLockState"] == "GOVERNANCE", job
    point = dict(BackupVaultName="vault", RecoveryPointArn=job["RecoveryPointArn"])
    assert refusal(backup.delete_recovery_point, **point) == "InvalidRequest"
    shorter = {"DeleteAfterDays": 7}
    assert refusal(backup.update_recovery_point_lifecycle, Lifecycle=shorter, **point) == "InvalidRequest"
    longer = backup.update_recovery_point_lifecycle(Lifecycle={"DeleteAfterDays": 9}, **point)
    assert longer["Lifecycle"]["DeleteAfterDays"] == 9 and longer["CalculatedLifecycle"]["DeleteAt"]
    backup.delete_backup_vault_lock_configuration(BackupVaultName="vault")
    backup.update_recovery_point_lifecycle(Lifecycle=shorter, **point)
    backup.put_backup_vault_lock_configuration(ChangeableForDays=3, **lock)
    date = backup.describe_backup_vault(BackupVaultName="vault")["LockDate"]
    backup.put_backup_vault_lock_configuration(ChangeableForDays=3, **lock)
    time.sleep(max(0, date.timestamp() - time.time()) + 0.6)
    assert refusal(backup.delete_backup_vault_lock_configuration, BackupVaultName="vault") == "InvalidRequest"
    assert refusal(backup.put_backup_vault_lock_configuration, **lock) == "InvalidRequest"
    assert refusal(backup.delete_recovery_point, **point) == "InvalidRequest"
    assert refusal(backup.delete_backup_vault, BackupVaultName="vault") == "InvalidRequest"
    snapshot = point["RecoveryPointArn"].split("/")[1]
    assert direct("ec2").describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    return "ok"


def vaults():
    first = backup.create_backup_vault(BackupVaultName="one", CreatorRequestId="r", BackupVaultTags={"a": "1"})
    again = backup.create_backup_vault(BackupVaultName="one", CreatorRequestId="r")
    assert first["BackupVaultArn"] == again["BackupVaultArn"] == arn("backup", "backup-vault:one")
    assert refusal(backup.create_backup_vault, BackupVaultName="one") == "AlreadyExists"
    assert refusal(backup.describe_backup_vault, BackupVaultName="two") == "ResourceNotFound"
    assert refusal(backup.get_backup_vault_access_policy, BackupVaultName="one") == "ResourceNotFound"
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    backup.put_backup_vault_access_policy(BackupVaultName="one", Policy=policy)
    assert backup.get_backup_vault_access_policy(BackupVaultName="one")["Policy"] == policy
    backup.delete_backup_vault_access_policy(BackupVaultName="one")
    assert refusal(backup.put_backup_vault_access_policy, BackupVaultName="one", Policy="{") == "InvalidParameterValue"
    topic = direct("sns").create_topic(Name="backups")["TopicArn"]
    queue = direct("sqs").create_queue(QueueName="backups")["QueueUrl"]
    direct("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", "backups"))
    backup.put_backup_vault_notifications(
        BackupVaultName="one", SNSTopicArn=topic, BackupVaultEvents=["BACKUP_JOB_COMPLETED"]
    )
    assert backup.get_backup_vault_notifications(BackupVaultName="one")["SNSTopicArn"] == topic
    job = save(volume(), "one")
    read = lambda: direct("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    assert job["BackupJobId"] in until(read, len)[0]["Body"]
    tagged = first["BackupVaultArn"]
    backup.tag_resource(ResourceArn=tagged, Tags={"b": "2"})
    backup.untag_resource(ResourceArn=tagged, TagKeyList=["a"])
    assert backup.list_tags(ResourceArn=tagged)["Tags"] == {"b": "2"}
    assert refusal(backup.list_tags, ResourceArn=tagged + "x") == "ResourceNotFound"
    vault("two")
    listed = backup.list_backup_vaults()["BackupVaultList"]
    assert [(v["BackupVaultName"], v["NumberOfRecoveryPoints"]) for v in listed] == [("one", 1), ("two", 0)]
    assert backup.get_supported_resource_types()["ResourceTypes"] == ["DynamoDB", "EBS", "EC2", "RDS", "S3"]
    backup.update_region_settings(ResourceTypeOptInPreference={"EBS": False})
    asked = dict(BackupVaultName="two", ResourceArn=volume(), IamRoleArn=ROLE)
    assert refusal(backup.start_backup_job, **asked) == "InvalidParameterValue"
    backup.update_region_settings(ResourceTypeOptInPreference={"EBS": True})
    wrong = {
        "BackupVaultName": ("none", "ResourceNotFound"),
        "ResourceArn": ("vol-1", "InvalidParameterValue"),
        "IamRoleArn": ("role", "InvalidParameterValue"),
        "StartWindowMinutes": (59, "InvalidParameterValue"),
        "Lifecycle": ({"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 60}, "InvalidParameterValue"),
    }
    for name, (value, code) in wrong.items():
        assert refusal(backup.start_backup_job, **{**asked, name: value}) == code, name
    lax = boto3.client(
        "backup",
        endpoint_url=backup.meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        config=botocore.config.Config(parameter_validation=False),
    )
    assert refusal(lax.start_backup_job, BackupVaultName="two") == "MissingParameterValue"
    return "ok"


def plans():
    vault()
    rule = {"RuleName": "daily", "TargetBackupVaultName": "vault", "ScheduleExpression": "cron(0 5 ? * * *)"}
    document = {"BackupPlanName": "plan", "Rules": [rule]}
    made = backup.create_backup_plan(BackupPlan=document, BackupPlanTags={"a": "1"})
    assert refusal(backup.create_backup_plan, BackupPlan=document) == "AlreadyExists"
    for wrong in [{"ScheduleExpression": "daily"}, {"TargetBackupVaultName": "none"}]:
        other = {"BackupPlanName": "other", "Rules": [{**rule, **wrong}]}
        assert refusal(backup.create_backup_plan, BackupPlan=other) == "InvalidParameterValue", wrong
    plan = dict(BackupPlanId=made["BackupPlanId"])
    seen = backup.get_backup_plan(**plan)["BackupPlan"]
    assert seen["Rules"][0]["StartWindowMinutes"] == 480 and seen["Rules"][0]["RuleId"]
    changed = backup.update_backup_plan(BackupPlan={**document, "BackupPlanName": "renamed"}, **plan)
    assert changed["VersionId"] != made["VersionId"]
    assert backup.get_backup_plan(VersionId=made["VersionId"], **plan)["BackupPlan"]["BackupPlanName"] == "plan"
    assert [p["BackupPlanName"] for p in backup.list_backup_plans()["BackupPlansList"]] == ["renamed"]
    assert len(backup.list_backup_plan_versions(**plan)["BackupPlanVersionsList"]) == 2
    selection = {"SelectionName": "all", "IamRoleArn": ROLE, "Resources": ["*"]}
    chosen = backup.create_backup_selection(BackupSelection=selection, **plan)["SelectionId"]
    assert refusal(backup.create_backup_selection, BackupSelection=selection, **plan) == "AlreadyExists"
    assert backup.get_backup_selection(SelectionId=chosen, **plan)["BackupSelection"] == selection
    assert [s["SelectionName"] for s in backup.list_backup_selections(**plan)["BackupSelectionsList"]] == ["all"]
    assert refusal(backup.delete_backup_plan, **plan) == "InvalidRequest"
    backup.delete_backup_selection(SelectionId=chosen, **plan)
    assert backup.delete_backup_plan(**plan)["DeletionDate"]
    assert refusal(backup.get_backup_plan, **plan) == "ResourceNotFound"
    assert backup.list_backup_plans()["BackupPlansList"] == []
    return "ok"


def run_now(plan):
    """The lab's own call: signed as any other of the service."""
    import urllib.request
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"{backup.meta.endpoint_url}/restore-testing/plans/{plan}/runs"
    request = AWSRequest("POST", url, data=b"", headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(ACCOUNT, "test"), "backup", "us-east-1").add_auth(request)
    signed = urllib.request.Request(url, data=b"", headers=dict(request.headers), method="POST")
    return json.load(urllib.request.urlopen(signed))


def testing():
    """Restore testing from a plan to the verdict and the deletion of what was restored."""
    own = vault()
    source = volume()
    point = save(source)["RecoveryPointArn"]
    choice = {
        "Algorithm": "LATEST_WITHIN_WINDOW",
        "IncludeVaults": [own],
        "RecoveryPointTypes": ["SNAPSHOT"],
        "SelectionWindowDays": 7,
    }
    plan = {
        "RestoreTestingPlanName": "plan",
        "ScheduleExpression": "cron(0 5 ? * * *)",
        "RecoveryPointSelection": choice,
    }
    made = backup.create_restore_testing_plan(RestoreTestingPlan=plan)
    assert refusal(backup.create_restore_testing_plan, RestoreTestingPlan=plan) == "AlreadyExists"
    seen = backup.get_restore_testing_plan(RestoreTestingPlanName="plan")["RestoreTestingPlan"]
    assert seen["StartWindowHours"] == 24 and seen["RecoveryPointSelection"] == choice
    backup.update_restore_testing_plan(RestoreTestingPlanName="plan", RestoreTestingPlan={"StartWindowHours": 2})
    listed = backup.list_restore_testing_plans()["RestoreTestingPlans"]
    assert [p["StartWindowHours"] for p in listed] == [2]
    selection = {
        "RestoreTestingSelectionName": "volumes",
        "ProtectedResourceType": "EBS",
        "ProtectedResourceArns": ["*"],
        "IamRoleArn": ROLE,
        "RestoreMetadataOverrides": {"AvailabilityZone": "us-east-1c"},
        "ValidationWindowHours": 24,
    }
    wrong = {**selection, "RestoreMetadataOverrides": {"volumeSize": "1"}}
    asked = dict(RestoreTestingPlanName="plan")
    create = backup.create_restore_testing_selection
    assert refusal(create, RestoreTestingSelection=wrong, **asked) == "InvalidParameterValue"
    create(RestoreTestingSelection=selection, **asked)
    named = dict(RestoreTestingSelectionName="volumes", **asked)
    assert backup.get_restore_testing_selection(**named)["RestoreTestingSelection"]["ValidationWindowHours"] == 24
    assert len(backup.list_restore_testing_selections(**asked)["RestoreTestingSelections"]) == 1
    inferred = backup.get_restore_testing_inferred_metadata(BackupVaultName="vault", RecoveryPointArn=point)
    assert inferred["InferredMetadata"] == {"availabilityZone": "us-east-1a", "encrypted": "true"}, inferred
    [job] = run_now("plan")["RestoreJobIds"]
    early = refusal(backup.put_restore_validation_result, RestoreJobId=job, ValidationStatus="SUCCESSFUL")
    assert early == "InvalidRequest"
    look = lambda: backup.describe_restore_job(RestoreJobId=job)
    done = until(look, lambda seen: seen["Status"] in ("COMPLETED", "FAILED"))
    assert done["Status"] == "COMPLETED" and done["CreatedBy"]["RestoreTestingPlanArn"] == made["RestoreTestingPlanArn"]
    new = done["CreatedResourceArn"].split("/")[1]
    zone = direct("ec2").describe_volumes(VolumeIds=[new])["Volumes"][0]["AvailabilityZone"]
    assert zone == "us-east-1c"
    assert backup.list_restore_jobs(ByRestoreTestingPlanArn=made["RestoreTestingPlanArn"])["RestoreJobs"]
    put = backup.put_restore_validation_result
    assert refusal(put, RestoreJobId=job, ValidationStatus="GOOD") == "InvalidParameterValue"
    put(RestoreJobId=job, ValidationStatus="VALIDATING")
    put(RestoreJobId=job, ValidationStatus="SUCCESSFUL", ValidationStatusMessage="40 items equal")
    assert refusal(put, RestoreJobId=job, ValidationStatus="FAILED") == "InvalidRequest"
    end = until(look, lambda seen: seen.get("DeletionStatus") in ("SUCCESSFUL", "FAILED"))
    assert (end["ValidationStatus"], end["ValidationStatusMessage"]) == ("SUCCESSFUL", "40 items equal"), end
    left = direct("ec2").describe_volumes(Filters=[{"Name": "volume-id", "Values": [new]}])["Volumes"]
    assert end["DeletionStatus"] == "SUCCESSFUL" and left == [], end
    plain = restore(point, {"availabilityZone": "us-east-1a"})["RestoreJobId"]
    assert refusal(put, RestoreJobId=plain, ValidationStatus="SUCCESSFUL") == "InvalidRequest"
    assert refusal(backup.delete_restore_testing_plan, **asked) == "InvalidRequest"
    backup.delete_restore_testing_selection(**named)
    backup.delete_restore_testing_plan(**asked)
    assert refusal(backup.get_restore_testing_plan, **asked) == "ResourceNotFound"
    return "ok"


def events():
    """Every state of the three kinds of job, through a rule and a queue of the upstream."""
    vault()
    queue = direct("sqs").create_queue(QueueName="events")["QueueUrl"]
    pattern = json.dumps({"source": ["aws.backup"]})
    client("events").put_rule(Name="backup", EventPattern=pattern)
    client("events").put_targets(Rule="backup", Targets=[{"Id": "1", "Arn": arn("sqs", "events")}])
    job = save(volume())
    point = job["RecoveryPointArn"]
    restored = restore(point, {"availabilityZone": "us-east-1a"})
    copy = copied(point, vault("other"))
    backup.delete_recovery_point(BackupVaultName="vault", RecoveryPointArn=point)
    told = []

    def read():
        for message in direct("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            if event["detail-type"] == "AWS API Call via CloudTrail":
                continue
            detail = event["detail"]
            told.append((event["detail-type"].split(" State")[0], detail.get("state") or detail.get("status")))
        return told

    wanted = {("Backup Job", s) for s in ("CREATED", "PENDING", "RUNNING", "COMPLETED")}
    wanted |= {("Restore Job", s) for s in ("PENDING", "RUNNING", "COMPLETED")}
    wanted |= {("Copy Job", s) for s in ("CREATED", "RUNNING", "COMPLETED")}
    wanted |= {("Recovery Point", s) for s in ("COMPLETED", "DELETED")}
    until(read, lambda told: set(told) >= wanted)
    assert restored["Status"] == copy["State"] == "COMPLETED"
    return "ok"


def begin_three():
    """A job of each kind under way, for a front that is about to be killed."""
    vault()
    source = volume()
    point = save(source)["RecoveryPointArn"]
    backup_id = backup.start_backup_job(BackupVaultName="vault", ResourceArn=source, IamRoleArn=ROLE)["BackupJobId"]
    restore_id = backup.start_restore_job(
        RecoveryPointArn=point, Metadata={"availabilityZone": "us-east-1a"}, IamRoleArn=ROLE
    )["RestoreJobId"]
    until(
        lambda: backup.describe_restore_job(RestoreJobId=restore_id), lambda seen: seen.get("CreatedResourceArn")
    )
    until(lambda: backup.describe_backup_job(BackupJobId=backup_id), lambda seen: seen.get("RecoveryPointArn"))
    copy_id = backup.start_copy_job(
        RecoveryPointArn=point, SourceBackupVaultName="vault", DestinationBackupVaultArn=vault("other"), IamRoleArn=ROLE
    )["CopyJobId"]
    look = lambda: backup.describe_copy_job(CopyJobId=copy_id)["CopyJob"]
    until(look, lambda seen: seen.get("DestinationRecoveryPointArn"))
    return [backup_id, restore_id, copy_id]


def end_three(backup_id, restore_id, copy_id):
    """The same jobs on the front that came after: done, and nothing made twice."""
    assert ended(backup_id)["State"] == "COMPLETED"
    look = lambda: backup.describe_restore_job(RestoreJobId=restore_id)
    done = until(look, lambda seen: seen["Status"] in ("COMPLETED", "FAILED"))
    assert done["Status"] == "COMPLETED", done
    look = lambda: backup.describe_copy_job(CopyJobId=copy_id)["CopyJob"]
    copy = until(look, lambda seen: seen["State"] in ("COMPLETED", "FAILED"))
    assert copy["State"] == "COMPLETED", copy
    marked = lambda id: [{"Name": "tag:backburn:backup-job", "Values": [id]}]
    ec2 = direct("ec2")
    assert len(ec2.describe_snapshots(Filters=marked(backup_id))["Snapshots"]) == 1
    assert len(ec2.describe_volumes(Filters=marked(restore_id))["Volumes"]) == 1
    assert len(ec2.describe_snapshots(Filters=marked(copy_id))["Snapshots"]) == 1
    return "ok"
