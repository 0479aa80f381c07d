"""backburn and its peers by turns on one machine: medians, spreads and ratios. Standard library only.

    python3 benches/peers/peers.py [--rounds N] [--only NAME] [--backburn PATH] [--bare PATH]

Installs the peers, pinned, into target/peers, and builds the release binaries: backburn, and the bare SDK's program.
What they ask AWS is answered on this machine: by a server in this process that takes 50 ms for each call, side by
side, or (--only moto) by moto as the lab starts it. Nothing leaves the machine.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
import venv
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
DELAY = 0.05
INSTANCES = [f"i-{n:017x}" for n in range(20)]
# A command that takes longer than this, in seconds, gets no more than so many turns.
SLOW, SLOW_TURNS = 5, 3


class Aws(BaseHTTPRequestHandler):
    """Answers the few calls that are made here, each after a delay."""

    delay = DELAY
    protocol_version = "HTTP/1.1"
    # An answer in two packets would wait for the other side to acknowledge the first.
    wbufsize = -1

    def log_message(self, *_):
        pass

    def reply(self, body, kind="text/xml"):
        time.sleep(self.delay)
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.reply('{"experiments":[]}', "application/json")

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        action = form.get("Action", [""])[0]
        if action == "GetCallerIdentity":
            inner = (
                "<GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/bench</Arn><UserId>AIDA</UserId>"
                "<Account>111122223333</Account></GetCallerIdentityResult>"
            )
        elif action == "DescribeInstances":
            one = (
                "<item><instancesSet><item><instanceId>{}</instanceId><instanceState><code>16</code>"
                "<name>running</name></instanceState></item></instancesSet></item>"
            )
            found = form.get("InstanceId.1") or INSTANCES
            inner = f"<reservationSet>{''.join(one.format(i) for i in found)}</reservationSet>"
        else:
            inner = ""
        self.reply(f"<{action}Response>{inner}<requestId>r</requestId></{action}Response>")


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class AtOnce(Aws):
    delay = 0


def serve(answers=Aws):
    server = Server(("127.0.0.1", 0), answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def moto(python, env, log):
    """The endpoint of a moto of its own, which ends with the block, or with this process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lab = ROOT / "localstack"
    command = [python, lab / "serve.py", "moto", "--port", str(port), "--watch", str(os.getpid())]
    with log.open("wb") as said:
        env = env | {"MOTO_AMIS_PATH": str(lab / "images.json")}
        child = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
    endpoint = f"http://127.0.0.1:{port}"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    patience = time.monotonic() + 120
    try:
        while True:
            try:
                direct.open(f"{endpoint}/moto-api/").close()
                break
            except OSError:
                if child.poll() is not None or time.monotonic() > patience:
                    sys.exit(f"moto does not answer:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield endpoint
    finally:
        child.kill()
        child.wait()


def build():
    """The release binary, and with it, for they share what they are made of, the bare SDK's program."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "backburn", "-p", "bare"], cwd=ROOT, check=True)


def peers():
    """The folder of the peers' programs."""
    home = TARGET / "peers"
    wanted = (HERE / "requirements.txt").read_text()
    done = home / "installed.txt"
    if not done.exists() or done.read_text() != wanted:
        venv.create(home, clear=True, with_pip=True)
        python = home / "bin" / "python"
        pip = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(pip, check=True)
        done.write_text(wanted)
    return home / "bin"


def timed(command, env, cwd):
    """Seconds and peak memory in MiB of one process; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command], env=env, cwd=cwd,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}:\n{said.decode()[-3000:]}")
    return took, usage.ru_maxrss / 1024


def playbook(path, steps, of):
    lines = ["playbook: bench", "title: Bench", "version: 1.0.0", "severity: low", "limits: { instances: 20 }", "steps:"]
    for n in range(steps):
        lines += [f"  s{n}:", *of(n)]
    path.write_text("\n".join(lines) + "\n")
    return path


def checked(n):
    needs = [f"    needs: s{n // 2}"] if n else []
    return [
        "    uses: ec2.check-instance", f"    title: Step {n}", *needs,
        f"    with: {{ instance: {INSTANCES[n % 20]}, state: running }}",
    ]


def asserted(n):
    needs = [f"    needs: s{n // 2}"] if n else []
    return ["    uses: core.assert", *needs, "    with: { that: true, message: never }"]


def described(instances):
    return lambda n: ["    uses: ec2.check-instance", f"    with: {{ instance: {instances[n]}, state: running }}"]


def tasks(path, python, instances):
    """Ansible's playbook with a task for each instance; JSON is YAML."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": str(python)},
        "tasks": [
            {
                "name": f"Look at {instance}",
                "amazon.aws.ec2_instance_info": {"instance_ids": [instance]},
                "register": "found",
                "failed_when": "found.instances[0].state.name != 'running'",
            }
            for instance in instances
        ],
    }
    path.write_text(json.dumps([play]))
    return path


def experiment(path, activities, module, func, arguments):
    """Chaos Toolkit's file with the same number of activities."""
    probe = lambda n: {
        "type": "probe",
        "name": f"s{n}",
        "provider": {"type": "python", "module": module, "func": func, "arguments": arguments(n)},
    }
    method = [probe(n) for n in range(activities)]
    text = {"version": "1.0.0", "title": "Bench", "description": "Bench", "method": method}
    path.write_text(json.dumps(text))
    return path


def looked(journal, instances):
    """Chaos Toolkit ends with 0 also where its probes fail or find nothing; its journal tells."""
    answers = [one["output"] for one in json.loads(journal.read_text())["run"] if one["status"] == "succeeded"]
    found = [{one["InstanceId"] for some in a["Reservations"] for one in some["Instances"]} for a in answers]
    if len(found) != len(instances) or not all(i in those for i, those in zip(instances, found)):
        sys.exit(f"Chaos Toolkit found {found}, not each of {instances}")


class Bench:
    def __init__(self, ours, bare, theirs, rounds, scratch):
        self.ours, self.bare, self.theirs, self.rounds, self.scratch = ours, bare, theirs, rounds, scratch
        self.endpoint = serve()
        self.env = {
            "PATH": f"{theirs}:{os.environ['PATH']}",
            "HOME": str(scratch),
            "BACKBURN_HOME": str(scratch / "home"),
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHAOSTOOLKIT_LOADED_ONLY": "1",
            # Not the machine's own.
            "ANSIBLE_CONFIG": str(scratch / "ansible.cfg"),
            "LC_ALL": "C.UTF-8",
        }
        (scratch / "ansible.cfg").touch()

    def compare(self, name, commands, env=None, checks=()):
        """Runs the commands by turns, and what checks one; prints each median and how many times ours it is."""
        checks = dict(checks)
        times, memory = {who: [] for who in commands}, {who: [] for who in commands}
        for turn in range(self.rounds + 1):
            for who, command in commands.items():
                if turn > SLOW_TURNS and min(times[who]) > SLOW:
                    continue
                took, peak = timed(command, env or self.env, self.scratch)
                checks.get(who, lambda: None)()
                # The first turn fills caches of the disk and of Python.
                if turn:
                    times[who].append(took)
                    memory[who].append(peak)
        print(f"\n{name}")
        base = statistics.median(next(iter(times.values())))
        for who in commands:
            median, low, high = statistics.median(times[who]), min(times[who]), max(times[who])
            print(
                f"  {who:<42} {median * 1e3:9.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f}) "
                f"{median / base:8.1f}x  {statistics.median(memory[who]):7.1f} MiB",
                flush=True,
            )

    def check(self):
        s, t = self.scratch, self.theirs
        idle = lambda _: {"filters": [{"Name": "instance-state-name", "Values": ["running"]}]}
        theirs = experiment(s / "e1000.json", 1000, "chaosaws.ec2.probes", "describe_instances", idle)
        schema = subprocess.run([self.ours, "schema"], capture_output=True, check=True).stdout
        (s / "schema.json").write_bytes(schema)
        policies = "policies:\n" + "".join(
            f"  - {{ name: p{n}, resource: aws.ec2, filters: [{{ 'tag:a': b }}] }}\n" for n in range(1000)
        )
        (s / "policies.yml").write_text(policies)
        template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {
            f"Topic{n}": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": f"t{n}"}} for n in range(480)
        }}
        (s / "template.json").write_text(json.dumps(template))
        ours = playbook(s / "p1000.yaml", 1000, checked)
        self.compare("check a file of 1,000 steps, from process start", {
            "backburn check": [self.ours, "check", ours],
            "Chaos Toolkit validate": [t / "chaos", "validate", theirs],
            "check-jsonschema (with backburn's schema)": [t / "check-jsonschema", "--schemafile", s / "schema.json", ours],
            "Cloud Custodian validate": [t / "custodian", "validate", s / "policies.yml"],
            "cfn-lint, 480 resources": [t / "cfn-lint", s / "template.json"],
        })
        ours = playbook(s / "p10000.yaml", 10_000, checked)
        self.compare("check a file of 10,000 steps", {"backburn check": [self.ours, "check", ours]})

    def describes(self):
        self.describing(f"20 EC2 describes, {DELAY * 1e3:.0f} ms each, from process start", self.endpoint, INSTANCES)

    def moto(self):
        make = (
            "import boto3\nmade = boto3.client('ec2').run_instances(ImageId='ami-bench', MinCount=20, MaxCount=20)\n"
            "print(*[one['InstanceId'] for one in made['Instances']])"
        )
        with moto(self.theirs / "python", self.env, self.scratch / "moto.log") as endpoint:
            env = self.env | {"AWS_ENDPOINT_URL": endpoint}
            made = subprocess.run([self.theirs / "python", "-c", make], env=env, stdout=subprocess.PIPE, check=True)
            self.describing("20 EC2 describes, moto, from process start", endpoint, made.stdout.decode().split())

    def describing(self, name, endpoint, instances):
        s, t = self.scratch, self.theirs
        one = lambda n: {"filters": [{"Name": "instance-id", "Values": [instances[n]]}]}
        theirs = experiment(s / "e20.json", 20, "chaosaws.ec2.probes", "describe_instances", one)
        boto = s / "boto.py"
        boto.write_text(
            "import boto3\nfrom concurrent.futures import ThreadPoolExecutor as Pool\nec2 = boto3.client('ec2')\n"
            "look = lambda i: ec2.describe_instances(InstanceIds=[i])['Reservations'][0]['Instances'][0]\n"
            f"list(Pool(20).map(look, {instances!r}))\n"
        )
        journal = s / "j20.json"
        ours = playbook(s / "p20.yaml", 20, described(instances))
        at = ["--no-probe", "--endpoint-url", endpoint]
        cli = "\n".join(f"aws ec2 describe-instances --instance-ids {i} > /dev/null || exit 1" for i in instances)
        ansible = tasks(s / "tasks.yml", t / "python", instances)
        self.compare(name, {
            "backburn run": [self.ours, "run", ours, "--yes", "--parallel", "20", *at],
            "backburn run, default options": [self.ours, "run", ours, "--yes", "--endpoint-url", endpoint],
            "backburn plan": [self.ours, "plan", ours, *at],
            "the bare Rust SDK": [self.bare, *instances],
            "boto3, 20 threads": [t / "python", boto],
            "Chaos Toolkit run": [t / "chaos", "--no-version-check", "run", "--journal-path", journal, theirs],
            "aws CLI, 20 times": ["sh", "-c", cli],
            "Ansible, 20 tasks": [t / "ansible-playbook", "-i", "localhost,", ansible],
        }, self.env | {"AWS_ENDPOINT_URL": endpoint}, {"Chaos Toolkit run": lambda: looked(journal, instances)})

    def memory(self):
        s, t = self.scratch, self.theirs
        theirs = experiment(s / "noop.json", 1000, "platform", "node", lambda _: {})
        run = lambda steps: [
            self.ours, "run", playbook(s / f"m{steps}.yaml", steps, asserted),
            "--yes", "--no-probe", "--endpoint-url", endpoint,
        ]
        # Chaos Toolkit asks nobody here.
        endpoint = serve(AtOnce)
        self.compare("a run of 1,000 steps that do nothing, calls without a delay", {"backburn run": run(1000)})
        endpoint = self.endpoint
        self.compare("a run of 1,000 steps that do nothing", {
            "backburn run": run(1000),
            "Chaos Toolkit run": [t / "chaos", "--no-version-check", "run", "--journal-path", s / "j.json", theirs],
        })
        self.compare("a run of 10,000 steps that do nothing", {"backburn run": run(10_000)})

    def start(self):
        self.compare("start", {
            "backburn --help": [self.ours, "--help"],
            "aws --version": [self.theirs / "aws", "--version"],
        })
        print(f"  the binary has {self.ours.stat().st_size / 1e6:.1f} MB")


def main():
    names = ["start", "check", "describes", "moto", "memory"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=names, action="append")
    parser.add_argument("--backburn", type=pathlib.Path, help="this binary instead of the release build")
    parser.add_argument("--bare", type=pathlib.Path, help="this program of the bare SDK instead of the release build")
    args = parser.parse_args()
    ours = args.backburn or TARGET / "release" / "backburn"
    bare = args.bare or TARGET / "release" / "bare"
    if not (args.backburn and args.bare):
        build()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    theirs = peers()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="backburn-peers-"))
    try:
        load = os.getloadavg()[0]
        print(
            f"{os.cpu_count()} CPUs, load {load:.1f} before; medians (lowest to highest) of {args.rounds} turns, "
            f"no more than {SLOW_TURNS} of what takes over {SLOW} s"
        )
        bench = Bench(ours.resolve(), bare.resolve(), theirs.resolve(), args.rounds, scratch)
        for name in args.only or names:
            getattr(bench, name)()
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
