"""Comes before each script that the tests run through boto3, behind a line that sets ENDPOINT and ACCOUNT. What a
script puts into `result` is what the test gets."""

import json
import time

import boto3
import botocore
from botocore.exceptions import ClientError

result = None


def client(name, key=ACCOUNT, region="us-east-1", attempts=1):
    """A client of this account, which tries once."""
    config = botocore.config.Config(retries={"total_max_attempts": attempts})
    # Temporary credentials have a token, which nobody here checks.
    token = "token" if key.startswith("ASIA") else None
    return boto3.client(
        name, endpoint_url=ENDPOINT, region_name=region, aws_access_key_id=key, aws_secret_access_key="test", aws_session_token=token, config=config
    )


def until(what, seconds=240):
    """The first answer that is true."""
    end = time.time() + seconds
    while time.time() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what()}")
