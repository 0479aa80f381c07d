"""Alarms that the front evaluates, as boto3 sees them. Runs after the prelude of `Served::boto3`; the clock is 60x."""

import time

cloudwatch, sns, sqs, events, ec2 = (client(name) for name in ("cloudwatch", "sns", "sqs", "events", "ec2"))


def queue(name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def messages(url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in found]


def alarm(name):
    return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def state(name):
    return alarm(name)["StateValue"]


def is_in(name, value):
    """The alarm, if it is in that state: a later look may find it in another."""
    found = alarm(name)
    return found if found["StateValue"] == value else None


def put(name, **more):
    settings = {
        "AlarmName": name,
        "Namespace": "Drill",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Run", "Value": name}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    cloudwatch.put_metric_alarm(**{**settings, **more})


def datum(name, value):
    data = {"MetricName": "Errors", "Dimensions": [{"Name": "Run", "Value": name}], "Value": value}
    cloudwatch.put_metric_data(Namespace="Drill", MetricData=[data])


def told():
    """A breach is published to a topic and to EventBridge, and ends when the data does."""
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    sns_url, sns_arn = queue("of-sns")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=sns_arn)
    event_url, event_arn = queue("of-events")
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": ["errors"]}}
    events.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="alarms", Targets=[{"Id": "1", "Arn": event_arn}])
    put("errors", AlarmActions=[topic], OKActions=[topic])
    assert state("errors") == "INSUFFICIENT_DATA", alarm("errors")
    found = until(lambda: datum("errors", 2) or is_in("errors", "ALARM"))
    assert found["StateReason"].startswith("Threshold Crossed: 1 datapoint ["), found
    assert "was greater than or equal to the threshold (1.0)." in found["StateReason"], found
    data = json.loads(found["StateReasonData"])
    assert data["version"] == "1.0" and data["statistic"] == "Sum" and data["period"] == 60, data
    assert data["evaluatedDatapoints"][0]["sampleCount"] >= 1, data

    message = json.loads(until(lambda: messages(sns_url))[0]["Message"])
    assert message["AlarmName"] == "errors" and message["NewStateValue"] == "ALARM", message
    assert message["OldStateValue"] == "INSUFFICIENT_DATA", message
    assert message["Trigger"]["Dimensions"] == [{"value": "errors", "name": "Run"}], message
    assert message["Region"] == "US East (N. Virginia)", message
    # Events come in any order, and the alarm may be back in its first state by now.
    seen = []
    event = until(lambda: seen.extend(messages(event_url)) or [e for e in seen if e["detail"]["state"]["value"] == "ALARM"])[0]
    assert event["resources"] == [found["AlarmArn"]], event
    assert event["detail"]["state"]["value"] == "ALARM", event
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA", event
    stat = event["detail"]["configuration"]["metrics"][0]["metricStat"]
    assert stat["metric"] == {"namespace": "Drill", "name": "Errors", "dimensions": {"Run": "errors"}}, event

    found = until(lambda: is_in("errors", "INSUFFICIENT_DATA"))
    assert found["StateReason"] == "Insufficient Data: 1 datapoint was unknown.", found
    states = [json.loads(message["Message"])["NewStateValue"] for message in messages(sns_url)]
    assert "INSUFFICIENT_DATA" not in states, "no action is named for that state"


def kept():
    """Changing an alarm leaves its state; what is missing counts as the alarm says."""
    put("quiet", TreatMissingData="breaching", DatapointsToAlarm=2, EvaluationPeriods=3)
    found = until(lambda: is_in("quiet", "ALARM"))
    assert "3 missing datapoints were treated as [Breaching]" in found["StateReason"], found
    put("quiet", TreatMissingData="notBreaching")
    assert state("quiet") == "ALARM"
    until(lambda: state("quiet") == "OK")
    put("ignored", TreatMissingData="ignore")
    time.sleep(3)
    assert state("ignored") == "INSUFFICIENT_DATA"


def by_hand():
    """A state set by hand is published, holds for a moment and is then evaluated again."""
    url, arn = queue("by-hand")
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": {"alarmName": ["hand"]}}
    events.put_rule(Name="hand", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="hand", Targets=[{"Id": "1", "Arn": arn}])
    put("hand", TreatMissingData="notBreaching")
    until(lambda: state("hand") == "OK")
    cloudwatch.set_alarm_state(AlarmName="hand", StateValue="ALARM", StateReason="drill")
    seen = []
    until(lambda: seen.extend(e["detail"] for e in messages(url)) or [d for d in seen if d["state"]["value"] == "ALARM"])
    alarmed = [d for d in seen if d["state"]["value"] == "ALARM"][0]
    assert alarmed["state"]["reason"] == "drill" and alarmed["previousState"]["value"] == "OK", alarmed
    until(lambda: state("hand") == "OK")
    try:
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="ALARM", StateReason="drill")
        raise AssertionError("an alarm that is not there")
    except ClientError as error:
        assert error.response["Error"]["Code"].startswith("ResourceNotFound"), error.response


def stopped():
    """The status check of an instance goes with it."""
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    status = {"Namespace": "AWS/EC2", "MetricName": "StatusCheckFailed", "Statistic": "Maximum"}
    dimensions = [{"Name": "InstanceId", "Value": instance}]
    put("up", **status, Dimensions=dimensions, TreatMissingData="breaching")
    until(lambda: state("up") == "OK")
    assert "was not greater than or equal to" in alarm("up")["StateReason"], alarm("up")
    time.sleep(3)
    assert state("up") == "OK", alarm("up")
    ec2.stop_instances(InstanceIds=[instance])
    until(lambda: state("up") == "ALARM")
    ec2.start_instances(InstanceIds=[instance])
    until(lambda: state("up") == "OK")


def expression():
    """An alarm on an expression, as far as the upstream computes it: moto knows the id of another query only."""
    metric = {"Namespace": "Drill", "MetricName": "Errors", "Dimensions": [{"Name": "Run", "Value": "sum"}]}
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName="sum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "a", "MetricStat": stat, "ReturnData": False},
            {"Id": "e", "Expression": "a", "Label": "all", "ReturnData": True},
        ],
    )
    until(lambda: datum("sum", 5) or state("sum") == "ALARM")


told()
stopped()
kept()
by_hand()
expression()
result = "done"
