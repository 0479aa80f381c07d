"""Runs an upstream of the lab: `serve.py moto|localstack|ministack --port PORT [--watch PID]`.

Owns what these upstreams need and do not have: loopback only, outliving the terminal, ending with a
watched process, and (moto) a 12-digit access key id that selects the account, as LocalStack does.
It does not install, configure or seed anything: the `lab` module of backburn does.
"""

import argparse
import os
import re
import runpy
import signal
import sys
import threading
import time

HOST = "127.0.0.1"
# Header of signed calls, query of presigned URLs.
ACCOUNT_KEY = re.compile(r"Credential=(\d{12}|test)(?:/|%2F)")
DEFAULT_ACCOUNT = "123456789012"


class AccountByKey:
    """WSGI middleware: moto itself knows the account of keys it made, and puts every other key into one account.
    It looks through all accounts for that, which takes a second for each: the lab's own key is not looked for."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        signed = environ.get("HTTP_AUTHORIZATION") or environ.get("QUERY_STRING", "")
        found = ACCOUNT_KEY.search(signed)
        if found and "HTTP_X_MOTO_ACCOUNT_ID" not in environ:
            key = found.group(1)
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = DEFAULT_ACCOUNT if key == "test" else key
        return self.app(environ, start_response)


def look_for_keys_only_where_some_are():
    """moto looks for the account of a key in every partition of every account, and makes IAM's hundreds of managed
    policies for each that it looks at: a second of its one processor for each. Look only at what is there."""
    from moto.iam import models

    def get_account_id_from(access_key):
        for account, partitions in list(models.iam_backends.items()):
            if any(access_key in backend.access_keys for backend in list(dict.values(partitions))):
                return account
        return models.DEFAULT_ACCOUNT_ID

    models.get_account_id_from = get_account_id_from


def tag_snapshots_of_images():
    """moto answers 500 to CreateImage with tags for the image's snapshots, which AWS takes: set them after it."""
    from moto.ec2.models.amis import AmiBackend

    plain = AmiBackend.create_image

    def create_image(self, instance_id, name, description, tag_specifications):
        of_image = [tags for tags in tag_specifications if tags["ResourceType"] != "snapshot"]
        image = plain(self, instance_id, name, description, of_image)
        for tags in tag_specifications:
            if tags["ResourceType"] == "snapshot":
                image.ebs_snapshot.add_tags({tag["Key"]: tag["Value"] for tag in tags["Tags"]})
        return image

    AmiBackend.create_image = create_image


def hold_blocks_of_snapshots():
    """moto answers 500 for the blocks of a snapshot that no StartSnapshot made. On AWS each snapshot has blocks: here
    those that its volume came with, for nothing in the lab writes to a disk."""
    from moto.core.exceptions import JsonRESTError
    from moto.ebs.models import EBSBackend, EBSSnapshot

    class Snapshots(dict):
        def __init__(self, backend):
            super().__init__()
            self.backend = backend

        def __missing__(self, snapshot_id):
            of_ec2 = self.backend.ec2_backend.snapshots.get(snapshot_id)
            if of_ec2 is None:
                raise JsonRESTError("ResourceNotFoundException", f"The snapshot '{snapshot_id}' does not exist.")
            held = EBSSnapshot(self.backend.account_id, of_ec2)
            held.status = "completed"
            origin = getattr(of_ec2.volume, "snapshot_id", None)
            if origin and origin in self.backend.ec2_backend.snapshots:
                held.blocks = dict(self[origin].blocks)
            self[snapshot_id] = held
            return held

    plain = EBSBackend.__init__

    def init(self, region_name, account_id):
        plain(self, region_name, account_id)
        self.snapshots = Snapshots(self)

    EBSBackend.__init__ = init


def take_away_what_goes_with_it():
    """moto keeps the primary interface of a terminated instance, and the network ACLs of a VPC and associations of a
    subnet that are deleted. On AWS they go with it."""
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import SubnetBackend
    from moto.ec2.models.vpcs import VPCBackend

    terminate, delete_subnet, delete_vpc = Instance.terminate, SubnetBackend.delete_subnet, VPCBackend.delete_vpc

    def terminated(self, *args, **kwargs):
        made = [nic for nic in list(self.nics.values()) if nic.description == "Primary network interface"]
        result = terminate(self, *args, **kwargs)
        for nic in made:
            self.ec2_backend.enis.pop(nic.id, None)
        return result

    def subnet_deleted(self, subnet_id):
        for acl in self.network_acls.values():
            gone = [key for key, place in acl._associations.items() if place.subnet_id == subnet_id]
            for key in gone:
                del acl._associations[key]
        return delete_subnet(self, subnet_id)

    def vpc_deleted(self, vpc_id):
        vpc = delete_vpc(self, vpc_id)
        for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
            del self.network_acls[acl.id]
        return vpc

    Instance.terminate, SubnetBackend.delete_subnet, VPCBackend.delete_vpc = terminated, subnet_deleted, vpc_deleted


def birth(pid):
    """What tells a process from a later one with the same pid, or None when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        if os.path.exists("/proc/self/stat"):
            return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "alive"


def end_with(pid):
    """End this process as soon as `pid` has ended, however it ended."""
    born = birth(pid)

    def wait():
        while born is not None and birth(pid) == born:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def protect_instances():
    """moto forgets the termination protection that RunInstances asks for, and speaks of a stop as of a termination."""
    from moto.ec2.exceptions import EC2ClientError, OperationDisableApiStopNotPermitted
    from moto.ec2.responses.instances import InstanceResponse

    plain = InstanceResponse.run_instances

    def run_instances(self):
        made = plain(self)
        if self._get_param("DisableApiTermination"):
            for instance in made.result.instances:
                instance.disable_api_termination = True
        return made

    def word(self, instance_id):
        advice = "Modify its 'disableApiStop' instance attribute and try again."
        text = f"The instance '{instance_id}' may not be stopped. {advice}"
        EC2ClientError.__init__(self, "OperationNotPermitted", text)

    InstanceResponse.run_instances = run_instances
    OperationDisableApiStopNotPermitted.__init__ = word


def moto(port):
    os.environ["MOTO_PORT"] = str(port)
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import run_simple

    tag_snapshots_of_images()
    hold_blocks_of_snapshots()
    take_away_what_goes_with_it()
    protect_instances()
    look_for_keys_only_where_some_are()
    app = DomainDispatcherApplication(create_backend_app)
    app.debug = True
    run_simple(HOST, port, AccountByKey(app), threaded=True, request_handler=MotoRequestHandler)


def localstack(_port):
    # Everything it needs, address and port included, is in its environment.
    runpy.run_module("localstack.runtime.main", run_name="__main__", alter_sys=True)


def ministack(_port):
    # It reads the arguments of this program as its own.
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("upstream", choices=["moto", "localstack", "ministack"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--watch", type=int, help="end when this process ends")
    args = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Ctrl-C of the command that started it is not meant for it.
    if args.upstream == "moto":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if args.watch:
        end_with(args.watch)
    {"moto": moto, "localstack": localstack, "ministack": ministack}[args.upstream](args.port)


main()
