"""Prints the REST operations of AWS's own models, as botocore has them: `SERVICE METHOD PATH OPERATION`, sorted.

Its output is src/wire/operations.txt. A test compares the two. Services are those that playbooks and incidents
touch and whose calls name no operation but by method and path; SERVICE is the signing name.
"""

import botocore.session

SERVICES = """accessanalyzer account apigateway apigatewayv2 backup batch cloudfront detective dlm efs eks fis guardduty
inspector2 lambda macie2 opensearch pipes ram resource-groups rolesanywhere route53 scheduler securityhub
ssm-incidents""".split()

session = botocore.session.get_session()
lines = set()
for name in SERVICES:
    model = session.get_service_model(name)
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path = http["requestUri"]
        lines.add(f"{model.signing_name} {http['method']} {path} {operation}")
print("\n".join(sorted(lines)))
