"""GuardDuty as boto3 sees it. Runs after the prelude of `Served::boto3`; the clock is 900x: 15 minutes are a second."""

import time
import urllib.request

guardduty, events, sqs, iam, s3, ec2, trail = (
    client(name) for name in ("guardduty", "events", "sqs", "iam", "s3", "ec2", "cloudtrail")
)


def refused(call, **params):
    try:
        call(**params)
    except ClientError as error:
        return error.response
    raise AssertionError(f"not refused: {params}")


url = sqs.create_queue(QueueName="findings")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
events.put_rule(Name="findings", EventPattern=json.dumps({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}))
events.put_targets(Rule="findings", Targets=[{"Id": "1", "Arn": arn}])
published = []


def told(kind, count=None):
    """Events of a finding type, of a count."""
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        published.append(json.loads(message["Body"])["detail"])
    return [f for f in published if f["type"] == kind and count in (None, f["service"]["count"])]


# One detector an account and Region.
detector = guardduty.create_detector(Enable=True, FindingPublishingFrequency="FIFTEEN_MINUTES", Tags={"a": "b"})["DetectorId"]
assert guardduty.list_detectors()["DetectorIds"] == [detector]
second = refused(guardduty.create_detector, Enable=True)
assert second["Error"]["Code"] == "BadRequestException" and "already exists" in second["Error"]["Message"], second
other = refused(guardduty.get_detector, DetectorId="0" * 32)
assert other["Error"]["Code"] == "BadRequestException" and "not owned" in other["Error"]["Message"], other
guardduty.update_detector(DetectorId=detector, Features=[{"Name": "EKS_AUDIT_LOGS", "Status": "ENABLED"}])
shown = guardduty.get_detector(DetectorId=detector)
assert shown["Status"] == "ENABLED" and shown["FindingPublishingFrequency"] == "FIFTEEN_MINUTES", shown
assert {"Name": "EKS_AUDIT_LOGS", "Status": "ENABLED"}.items() <= [f for f in shown["Features"] if f["Name"] == "EKS_AUDIT_LOGS"][0].items()
of_detector = f"arn:aws:guardduty:us-east-1:{client('sts').get_caller_identity()['Account']}:detector/{detector}"
guardduty.tag_resource(ResourceArn=of_detector, Tags={"c": "d"})
guardduty.untag_resource(ResourceArn=of_detector, TagKeys=["a"])
assert guardduty.list_tags_for_resource(ResourceArn=of_detector)["Tags"] == {"c": "d"}


def listed(**criterion):
    criteria = {"Criterion": {name.replace("__", "."): value for name, value in criterion.items()}}
    return guardduty.list_findings(DetectorId=detector, FindingCriteria=criteria)["FindingIds"]


def finding(kind):
    ids = until(lambda: listed(type={"Eq": [kind]}))
    found = guardduty.get_findings(DetectorId=detector, FindingIds=ids, SortCriteria={"AttributeName": "createdAt", "OrderBy": "DESC"})
    return found["Findings"][0]


# Samples prove the plumbing, and say so.
guardduty.create_sample_findings(DetectorId=detector, FindingTypes=["Recon:EC2/PortProbeUnprotectedPort", "Policy:S3/BucketPublicAccessGranted"])
sample = finding("Recon:EC2/PortProbeUnprotectedPort")
assert sample["Title"].startswith("[SAMPLE] ") and sample["SchemaVersion"] == "2.0", sample
assert json.loads(sample["Service"]["AdditionalInfo"]["Value"])["sample"] is True, sample
assert sample["Resource"]["InstanceDetails"]["InstanceId"] == "i-99999999", sample
event = until(lambda: told("Recon:EC2/PortProbeUnprotectedPort"))[0]
assert event["service"]["additionalInfo"]["sample"] is True and event["id"] == sample["Id"], event
assert refused(guardduty.create_sample_findings, DetectorId=detector, FindingTypes=["No:Such/Type"])["Error"]["Code"] == "BadRequestException"

# A stopped trail is found, and repeats are counted on the same finding.
s3.create_bucket(Bucket="logs-of-the-drill")
trail.create_trail(Name="main", S3BucketName="logs-of-the-drill")
trail.start_logging(Name="main")
trail.stop_logging(Name="main")
stopped = finding("Stealth:IAMUser/CloudTrailLoggingDisabled")
assert stopped["Severity"] == 2 and stopped["Title"] == "AWS CloudTrail trail main was disabled.", stopped
assert stopped["Service"]["AdditionalInfo"] == {"Type": "default", "Value": "backburn lab rule"}, stopped
call = stopped["Service"]["Action"]["AwsApiCallAction"]
assert call["Api"] == "StopLogging" and call["ServiceName"] == "cloudtrail.amazonaws.com", call
until(lambda: told("Stealth:IAMUser/CloudTrailLoggingDisabled", 1))
for _ in range(2):
    trail.stop_logging(Name="main")
until(lambda: finding("Stealth:IAMUser/CloudTrailLoggingDisabled")["Service"]["Count"] == 3)
repeat = until(lambda: told("Stealth:IAMUser/CloudTrailLoggingDisabled", 3))[0]
assert repeat["id"] == stopped["Id"], repeat
assert len(told("Stealth:IAMUser/CloudTrailLoggingDisabled")) <= 3

# Archived, and the same again: a new finding.
guardduty.archive_findings(DetectorId=detector, FindingIds=[stopped["Id"]])
assert stopped["Id"] in listed(service__archived={"Eq": ["true"]})
trail.stop_logging(Name="main")
again = until(lambda: [i for i in listed(type={"Eq": [stopped["Type"]]}, service__archived={"Eq": ["false"]})])
assert again != [stopped["Id"]]
guardduty.unarchive_findings(DetectorId=detector, FindingIds=[stopped["Id"]])
assert not listed(service__archived={"Eq": ["true"]})
guardduty.update_findings_feedback(DetectorId=detector, FindingIds=again, Feedback="USEFUL")
assert guardduty.get_findings(DetectorId=detector, FindingIds=again)["Findings"][0]["Service"]["UserFeedback"] == "USEFUL"

# A key that was disabled, and one that is used from two places.
iam.create_user(UserName="mallory")
key = iam.create_access_key(UserName="mallory")["AccessKey"]["AccessKeyId"]


def as_mallory(address):
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
        "X-Forwarded-For": address,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    urllib.request.urlopen(urllib.request.Request(guardduty.meta.endpoint_url, body, headers)).read()


as_mallory("198.51.100.7")
as_mallory("198.51.100.7")
time.sleep(0.3)
assert not listed(type={"Eq": ["InitialAccess:IAMUser/AnomalousBehavior"]})
as_mallory("203.0.113.9")
moved = finding("InitialAccess:IAMUser/AnomalousBehavior")
assert moved["Resource"]["AccessKeyDetails"]["AccessKeyId"] == key, moved
assert moved["Resource"]["AccessKeyDetails"]["UserName"] == "mallory", moved
assert moved["Service"]["Action"]["AwsApiCallAction"]["RemoteIpDetails"]["IpAddressV4"] == "203.0.113.9", moved
iam.update_access_key(UserName="mallory", AccessKeyId=key, Status="Inactive")
as_mallory("203.0.113.9")
used = finding("CredentialAccess:IAMUser/CompromisedCredentials")
assert used["Severity"] == 8 and used["Resource"]["AccessKeyDetails"]["AccessKeyId"] == key, used

# Snapshots given away.
volume = ec2.create_volume(Size=1, AvailabilityZone="us-east-1a")["VolumeId"]
for n in range(3):
    assert n < 3 and not listed(type={"Eq": ["Exfiltration:IAMUser/AnomalousBehavior"]})
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": "999988887777"}]})
shared = finding("Exfiltration:IAMUser/AnomalousBehavior")
assert shared["Service"]["Action"]["AwsApiCallAction"]["AffectedResources"] == {"AWS::EC2::Snapshot": snapshot}, shared

# Buckets opened.
s3.create_bucket(Bucket="opened-by-the-drill")
blocks = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
s3.put_public_access_block(Bucket="opened-by-the-drill", PublicAccessBlockConfiguration={name: True for name in blocks})
time.sleep(0.3)
assert not listed(type={"Eq": ["Policy:S3/BucketBlockPublicAccessDisabled"]})
s3.delete_public_access_block(Bucket="opened-by-the-drill")
assert finding("Policy:S3/BucketBlockPublicAccessDisabled")["Resource"]["S3BucketDetails"][0]["Name"] == "opened-by-the-drill"
statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::opened-by-the-drill/*"}
s3.put_bucket_policy(Bucket="opened-by-the-drill", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
public = finding("Policy:S3/BucketAnonymousAccessGranted")
assert public["Severity"] == 8 and public["Resource"]["S3BucketDetails"][0]["PublicAccess"]["EffectivePermission"] == "PUBLIC", public
s3.put_bucket_acl(Bucket="opened-by-the-drill", ACL="public-read")
until(lambda: finding("Policy:S3/BucketAnonymousAccessGranted")["Service"]["Count"] == 2)

# Criteria, order, statistics.
assert set(listed(severity={"Gte": 8})) >= {public["Id"], used["Id"], shared["Id"]}
assert stopped["Id"] not in listed(severity={"Gt": 2})
assert listed(resource__s3BucketDetails__name={"Eq": ["opened-by-the-drill"]}, severity={"Lt": 8}) == [finding("Policy:S3/BucketBlockPublicAccessDisabled")["Id"]]
ordered = guardduty.list_findings(DetectorId=detector, SortCriteria={"AttributeName": "severity", "OrderBy": "DESC"})["FindingIds"]
severities = [guardduty.get_findings(DetectorId=detector, FindingIds=[i])["Findings"][0]["Severity"] for i in ordered]
assert severities == sorted(severities, reverse=True), severities
pages = guardduty.get_paginator("list_findings").paginate(DetectorId=detector, PaginationConfig={"PageSize": 2})
assert [i for page in pages for i in page["FindingIds"]] == guardduty.list_findings(DetectorId=detector)["FindingIds"]
bad = refused(guardduty.list_findings, DetectorId=detector, FindingCriteria={"Criterion": {"colour": {"Eq": ["red"]}}})
assert bad["Error"]["Code"] == "BadRequestException", bad
counts = guardduty.get_findings_statistics(DetectorId=detector, FindingStatisticTypes=["COUNT_BY_SEVERITY"])["FindingStatistics"]["CountBySeverity"]
assert sum(counts.values()) == len(ordered) and counts["8.0"] >= 3, counts
groups = guardduty.get_findings_statistics(DetectorId=detector, GroupBy="FINDING_TYPE")["FindingStatistics"]["GroupedByFindingType"]
assert groups[0]["TotalFindings"] == 2 and groups[0]["FindingType"] == stopped["Type"], groups

# What a filter archives is never published.
criteria = {"Criterion": {"resource.s3BucketDetails.name": {"Eq": ["suppressed-by-the-drill"]}}}
guardduty.create_filter(DetectorId=detector, Name="quiet", Action="ARCHIVE", FindingCriteria=criteria)
assert guardduty.list_filters(DetectorId=detector)["FilterNames"] == ["quiet"]
assert guardduty.get_filter(DetectorId=detector, FilterName="quiet")["Action"] == "ARCHIVE"
assert refused(guardduty.create_filter, DetectorId=detector, Name="quiet", FindingCriteria=criteria)["Error"]["Code"] == "BadRequestException"
s3.create_bucket(Bucket="suppressed-by-the-drill")
for _ in range(2):
    s3.delete_public_access_block(Bucket="suppressed-by-the-drill")
quiet = until(lambda: listed(resource__s3BucketDetails__name={"Eq": ["suppressed-by-the-drill"]}, service__archived={"Eq": ["true"]}))
time.sleep(2)
told("")
assert not [f for f in published if f["id"] in quiet], "published"
assert [f for f in published if f["id"] == public["Id"]], "not published"
guardduty.update_filter(DetectorId=detector, FilterName="quiet", Action="NOOP", Rank=1)
guardduty.delete_filter(DetectorId=detector, FilterName="quiet")

# Without a detector nothing is found.
guardduty.update_detector(DetectorId=detector, Enable=False)
before = len(guardduty.list_findings(DetectorId=detector)["FindingIds"])
trail.stop_logging(Name="main")
time.sleep(0.5)
assert len(guardduty.list_findings(DetectorId=detector)["FindingIds"]) == before
guardduty.delete_detector(DetectorId=detector)
assert guardduty.list_detectors()["DetectorIds"] == []
result = {"detector": detector, "published": len(published)}
