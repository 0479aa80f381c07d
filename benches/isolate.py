"""Isolating many hosts, in whole processes: time, calls and memory. Standard library only.

    python3 benches/isolate.py [--hosts N] [--quotas] [--backburn PATH] [--parallel N] [--cut TIME] [--cache PATH]

Starts a lab of its own, launches the hosts there, plans and runs a playbook that isolates each of them, and prints one
line of JSON. With --quotas the lab's front answers EC2 calls no faster than AWS's published bucket sizes, and the program
paces itself as it does on AWS: two ModifyNetworkInterfaceAttribute a host, 100 at once and then 5 a second, are the floor.
Without --backburn it takes the debug build. Nothing leaves the machine but the lab's packages at its first start.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCOUNT = "111122223333"
REGION = "us-east-1"
AT_ONCE, A_SECOND = 100, 5

PLAYBOOK = """playbook: isolate-many
title: Isolate many hosts
version: 1.0.0
severity: high
limits: {{ instances: {count}, resources: {count} }}
inputs:
  hosts:
    type: list of instance
    description: hosts
    default: {hosts}
steps:
  isolate:
    for-each: ${{{{ inputs.hosts }}}}
    uses: ec2.isolate-instance
    with:
      instance: ${{{{ item }}}}
      cut-connections-after: {cut}
"""


def call(endpoint, action, **members):
    """One call of EC2's query API. The lab looks at the account in the signature, not at the signature."""
    form = urllib.parse.urlencode({"Action": action, "Version": "2016-11-15"} | members).encode()
    scope = f"{ACCOUNT}/20260101/{REGION}/ec2/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Date": "20260101T000000Z",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with urllib.request.urlopen(urllib.request.Request(endpoint, form, headers)) as answer:
        return answer.read().decode()


def calls(endpoint):
    with urllib.request.urlopen(f"{endpoint}/_backburn/status") as answer:
        return json.load(answer)["counts"]


def moment(line):
    """Seconds; the journal has more digits than Python reads."""
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", line["time"]).replace("Z", "+00:00")).timestamp()


def timed(command, env, cwd, ok):
    before = time.monotonic()
    ended = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True)
    took = time.monotonic() - before
    if ended.returncode not in ok:
        sys.exit(f"{command}: exit {ended.returncode}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}")
    return took, ended.stdout


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=1_000)
    options.add_argument("--quotas", action="store_true")
    options.add_argument("--backburn", default=str(ROOT / "target/debug/backburn"))
    options.add_argument("--parallel", type=int, default=64)
    options.add_argument("--cut", default="5s")
    options.add_argument("--cache", default=str(ROOT / "target/tmp/lab-cache"))
    asked = options.parse_args()
    ours = str(pathlib.Path(asked.backburn).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        env |= {"BACKBURN_HOME": f"{scratch}/home", "BACKBURN_CACHE": asked.cache, "AWS_EC2_METADATA_DISABLED": "true"}
        quotas = ["--quotas", "aws"] if asked.quotas else []
        timed([ours, "lab", "up", "--port", "0", *quotas], env, scratch, [0])
        try:
            _, told = timed([ours, "lab", "env"], env, scratch, [0])
            endpoint = re.search(r"AWS_ENDPOINT_URL=[\"']?([^\s\"';]+)", told).group(1)
            made = call(endpoint, "RunInstances", ImageId="ami-12c6146b", MinCount=str(asked.hosts), MaxCount=str(asked.hosts))
            hosts = sorted(set(re.findall(r"<instanceId>(i-[0-9a-f]+)</instanceId>", made)))
            assert len(hosts) == asked.hosts, (len(hosts), made[:500])
            file = pathlib.Path(scratch, "isolate.yaml")
            file.write_text(PLAYBOOK.format(count=asked.hosts, hosts=json.dumps(hosts), cut=asked.cut))
            env |= {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}
            if asked.quotas:
                env["BACKBURN_LAB_PACED"] = "1"
            to = ["--endpoint-url", endpoint]
            before = calls(endpoint)
            plan, _ = timed([ours, "plan", str(file), "--no-probe", *to], env, scratch, [0])
            planned = calls(endpoint)
            command = [ours, "run", str(file), "--yes", "--no-probe", "--accept-presumed", "--parallel", str(asked.parallel), *to]
            run, _ = timed(command, env, scratch, [0])
            after = calls(endpoint)
            [journal] = pathlib.Path(env["BACKBURN_HOME"], "runs").glob("*/journal.jsonl")
            lines = [json.loads(line) for line in journal.read_text().splitlines()]
            of = lambda kind: [line for line in lines if line["record"] == kind]  # noqa: E731
            writes = [line for line in of("intent") if line["place"]["kind"] == "ec2.eni-groups"]
            opened = {line["place"]["target"]: moment(line) for line in writes if line["place"].get("nth", 0) == 0}
            closed = [line for line in of("outcome") if line["place"]["kind"] == "ec2.eni-groups" and line["place"].get("nth", 0) == 1]
            outcomes = [line for line in of("outcome") if line["place"]["kind"] == "ec2.eni-groups" and line["place"].get("nth", 0) == 0]
            since = {line["place"]["target"]: moment(line) for line in outcomes}
            exposed = sorted(moment(line) - since[line["place"]["target"]] for line in closed)
            verdicts = {}
            for line in of("verdict"):
                verdicts[line["verdict"]] = verdicts.get(line["verdict"], 0) + 1
            isolating = max(map(moment, closed)) - min(opened.values())
            floor = max(0, (2 * asked.hosts - AT_ONCE) / A_SECOND) if asked.quotas else None
            print(json.dumps({
                "hosts": asked.hosts, "parallel": asked.parallel, "cut": asked.cut,
                "plan_seconds": round(plan, 1), "plan_calls": planned["calls"] - before["calls"],
                "run_seconds": round(run, 1), "run_calls": after["calls"] - planned["calls"],
                "isolating_seconds": round(isolating, 1), "floor_seconds": floor,
                "times_the_floor": floor and round(isolating / floor, 3),
                "interface_writes": len(writes), "groups_made": sum(1 for line in of("intent") if line["place"]["kind"] == "ec2.security-group"),
                "refused_for_rate": after["refused"] - planned["refused"],
                "exposed_seconds": {"median": round(exposed[len(exposed) // 2], 1), "longest": round(exposed[-1], 1)},
                "verdicts": verdicts, "memory_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
            }))
        finally:
            subprocess.run([ours, "lab", "down"], env=env, cwd=scratch, capture_output=True)


if __name__ == "__main__":
    main()
