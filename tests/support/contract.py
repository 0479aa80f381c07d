"""Holds recorded requests against AWS's own descriptions of its services, as botocore ships them:

    contract.py [--permissions FILE] [--program] [--key KEY]... [--run RUN]... RECORDING...

A recording is what the lab's front wrote down, one request a line (crates/front/src/record.rs). Each is read back
from its wire form (query, EC2, JSON, REST-JSON, REST-XML, CBOR) by the description of its operation, and judged:
operation, names of members, types, required members, lengths, ranges, patterns, enums. With --permissions, a JSON list
of `service:Action`, each call of the program must have its permission in it. --program judges the program's own requests
only; --key and --run choose those signed with one of these access key ids, and those of one of these runs. Prints each
fault once, then how much was judged; exits with 1 when there is a fault, or nothing to judge.
"""

import argparse
import base64
import collections
import datetime
import json
import re
import sys
import xml.etree.ElementTree
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.parsers import RpcV2CBORParser
from botocore.utils import parse_timestamp

# How a fault begins: why the request is right although the description says otherwise.
EXCEPTIONS = {
    "ebs: GetSnapshotBlock.BlockToken: ": "moto makes UUIDs of its tokens, and a token goes back as it came",
    "ec2: RunInstances.InstanceType: `of-I-": "a test has AWS quote what was made of a secret",
}

# Names of services in signatures, where botocore has another.
CLIENTS = {"monitoring": "cloudwatch", "logs": "logs", "elasticloadbalancing": "elbv2"}

# Operations whose permission has another name: the Service Authorization Reference.
PERMISSIONS = {
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "s3:DeletePublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "s3:DeleteBucketTagging": ["s3:PutBucketTagging"],
    "s3:GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:HeadObject": ["s3:GetObject"],
    "s3:ListBuckets": ["s3:ListAllMyBuckets"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    "s3:ListObjectsV2": ["s3:ListBucket"],
    "s3:PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
}

SESSION = botocore.session.get_session()
ABSENT = object()


class Unread(Exception):
    """The request is not what any operation of the service looks like."""


class Fault(Exception):
    pass


MODELS = {}


def model_of(service):
    if service not in MODELS:
        MODELS[service] = SESSION.get_service_model(CLIENTS.get(service, service))
    return MODELS[service]


def scalar(shape, text, where):
    """A value that the wire has as text."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            if text not in ("true", "false"):
                raise ValueError(text)
            return text == "true"
        if kind == "timestamp":
            return parse_timestamp(text)
        if kind == "blob":
            return base64.b64decode(text, validate=True)
    except ValueError:
        raise Fault(f"{where}: `{text}` is no {kind}") from None
    return text


class Query:
    """The query and EC2 protocols: pairs with dotted names."""

    def __init__(self, pairs, is_ec2):
        self.is_ec2 = is_ec2
        self.pairs = collections.OrderedDict()
        for name, value in pairs:
            if name in self.pairs:
                raise Fault(f"{name} is given twice")
            self.pairs[name] = value

    def name(self, shape, default):
        if not self.is_ec2:
            return shape.serialization.get("name", default)
        if "queryName" in shape.serialization:
            return shape.serialization["queryName"]
        name = shape.serialization.get("name", default)
        return name[0].upper() + name[1:]

    def begins(self, prefix):
        return any(name == prefix or name.startswith(prefix + ".") for name in self.pairs)

    def read(self, shape, prefix):
        if shape.type_name == "structure":
            return self.structure(shape, prefix)
        if shape.type_name == "list":
            return self.list(shape, prefix)
        if shape.type_name == "map":
            return self.map(shape, prefix)
        if prefix in self.pairs:
            return scalar(shape, self.pairs.pop(prefix), prefix)
        return ABSENT

    def structure(self, shape, prefix):
        found = {}
        for member, inner in shape.members.items():
            name = self.name(inner, member)
            value = self.read(inner, f"{prefix}.{name}" if prefix else name)
            if value is not ABSENT:
                found[member] = value
        if found or not prefix:
            return found
        return {} if self.pairs.pop(prefix, None) == "" else ABSENT

    def list(self, shape, prefix):
        if self.pairs.get(prefix) == "":
            del self.pairs[prefix]
            return []
        flat = self.is_ec2 or shape.serialization.get("flattened")
        if flat and not self.is_ec2 and shape.member.serialization.get("name"):
            prefix = ".".join(prefix.split(".")[:-1] + [shape.member.serialization["name"]])
        elif not flat:
            prefix = f"{prefix}.{shape.member.serialization.get('name', 'member')}"
        found = []
        while self.begins(f"{prefix}.{len(found) + 1}"):
            found.append(self.read(shape.member, f"{prefix}.{len(found) + 1}"))
        return found or ABSENT

    def map(self, shape, prefix):
        flat = shape.serialization.get("flattened")
        prefix = prefix if flat else f"{prefix}.entry"
        key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        found, at = {}, 1
        while self.begins(f"{prefix}.{at}"):
            name = self.pairs.pop(f"{prefix}.{at}.{key}", None)
            found[name] = self.read(shape.value, f"{prefix}.{at}.{value}")
            at += 1
        return found or ABSENT


def from_json(shape, value, where):
    """JSON and CBOR: values of their own types, under the names of the wire."""
    if value is None:
        return ABSENT
    kind = shape.type_name
    wanted = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool}.get(kind)
    if wanted and not isinstance(value, wanted) and not shape.is_document_type:
        raise Fault(f"{where}: {json.dumps(value, default=str)} is no {kind}")
    if kind == "structure" and not shape.is_document_type:
        names = {inner.serialization.get("name", member): (member, inner) for member, inner in shape.members.items()}
        found = {}
        for name, inner in value.items():
            if name not in names:
                raise Fault(f"{where}.{name} is no member")
            read = from_json(names[name][1], inner, f"{where}.{name}")
            if read is not ABSENT:
                found[names[name][0]] = read
        return found
    if kind == "map":
        return {name: from_json(shape.value, inner, f"{where}.{name}") for name, inner in value.items()}
    if kind == "list":
        return [from_json(shape.member, inner, f"{where}[{at}]") for at, inner in enumerate(value)]
    if kind in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        raise Fault(f"{where}: {value} is no {kind}")
    if kind in ("float", "double") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise Fault(f"{where}: {value} is no {kind}")
    if kind == "timestamp":
        if isinstance(value, datetime.datetime):
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise Fault(f"{where}: {value} is no timestamp")
        return parse_timestamp(value)
    if kind == "blob":
        return value if isinstance(value, bytes) else scalar(shape, value, where)
    return value


def bare(tag):
    return tag.rsplit("}", 1)[-1]


def from_xml(shape, element, where):
    kind = shape.type_name
    if kind == "structure":
        names = {inner.serialization.get("name", member): (member, inner) for member, inner in shape.members.items()}
        found = {}
        for child in element:
            if bare(child.tag) not in names:
                raise Fault(f"{where}.{bare(child.tag)} is no member")
            member, inner = names[bare(child.tag)]
            at = f"{where}.{member}"
            if inner.type_name == "list" and inner.serialization.get("flattened"):
                found.setdefault(member, []).append(from_xml(inner.member, child, at))
            else:
                found[member] = from_xml(inner, child, at)
        return found
    if kind == "list":
        return [from_xml(shape.member, child, f"{where}[{at}]") for at, child in enumerate(element)]
    if kind == "map":
        raise Unread(f"{where} is a map, which no REST-XML request of ours has")
    return scalar(shape, element.text or "", where)


def path_pattern(uri):
    path = uri.split("?")[0]
    found = ""
    for part in re.split(r"(\{[^}]+\})", path.rstrip("/") or "/"):
        label = re.fullmatch(r"\{([^}+]+)(\+?)\}", part)
        name = f"(?P<L{label[1].encode().hex()}>" if label else ""
        found += f"{name}{'.+' if label[2] else '[^/]+'})" if label else re.escape(part)
    return re.compile(found.rstrip("/") + "/?")


ROUTES = {}


def routes(model):
    """Of each operation: method, pattern of the path, and what its query must have."""
    if model.service_name not in ROUTES:
        all_of = []
        for name in model.operation_names:
            http = model.operation_model(name).http
            query = http["requestUri"].partition("?")[2]
            fixed = dict(parse_qsl(query, keep_blank_values=True))
            all_of.append((name, http["method"], path_pattern(http["requestUri"]), fixed))
        ROUTES[model.service_name] = all_of
    return ROUTES[model.service_name]


def rest(model, request, body):
    query = dict(parse_qsl(request["query"], keep_blank_values=True))
    path, best = request["path"], None
    for name, method, pattern, fixed in routes(model):
        match = pattern.fullmatch(path) if method == request["method"] else None
        has = all(query.get(key) == value for key, value in fixed.items())
        queried, headed = needed(model, name, "querystring"), needed(model, name, "header")
        needs = (queried - set(query)) | (headed - set(request["headers"]))
        if match and has and not needs:
            literal = len(re.sub(r"\(.*?\)", "", pattern.pattern))
            rank = (len(fixed), len(queried) + len(headed), literal)
            if best is None or rank > best[0]:
                best = (rank, name, match, fixed)
    if best is None:
        raise Unread(f"{request['method']} {path}?{request['query']} is no operation")
    _, name, match, fixed = best
    operation = model.operation_model(name)
    shape = operation.input_shape
    labels = {bytes.fromhex(label[1:]).decode(): unquote(value) for label, value in match.groupdict().items()}
    found, used = {}, set(fixed) | {"x-id"}
    if shape is None:
        return operation, found
    headers = request["headers"]
    for member, inner in shape.members.items():
        place, wire = inner.serialization.get("location"), inner.serialization.get("name", member)
        if place == "uri":
            found[member] = scalar(inner, labels[wire], member)
        elif place == "querystring" and inner.type_name == "list":
            values = [value for name, value in parse_qsl(request["query"], keep_blank_values=True) if name == wire]
            if values:
                used.add(wire)
                found[member] = [scalar(inner.member, value, member) for value in values]
        elif place == "querystring" and wire in query and inner.type_name != "map":
            used.add(wire)
            found[member] = scalar(inner, query[wire], member)
        elif place == "header" and wire.lower() in headers:
            found[member] = scalar(inner, headers[wire.lower()], member) if inner.type_name != "list" else ABSENT
    found = {member: value for member, value in found.items() if value is not ABSENT}
    unknown = set(query) - used
    if unknown:
        raise Fault(f"{name}: {', '.join(sorted(unknown))} is no parameter")
    payload = shape.serialization.get("payload")
    inner = shape.members[payload] if payload else shape
    if body is None or payload and inner.type_name in ("blob", "string"):
        if payload:
            found[payload] = b"" if inner.type_name == "blob" else (body or b"").decode()
    elif body:
        if model.metadata["protocol"] == "rest-xml":
            root = xml.etree.ElementTree.fromstring(body)
            read = from_xml(inner, root, name)
        else:
            names = {member for member, one in inner.members.items() if not one.serialization.get("location")}
            read = from_json(inner, json.loads(body), name)
            if not set(read) <= names:
                raise Fault(f"{name}: {sorted(set(read) - names)} is in the body and belongs elsewhere")
        found.update({payload: read} if payload else read)
    return operation, found


def needed(model, name, place):
    """Names of the required members in the query or in the headers: they tell operations of one path apart."""
    shape = model.operation_model(name).input_shape
    if shape is None:
        return set()
    required = [shape.members[member] for member in shape.required_members]
    names = {one.serialization["name"] for one in required if one.serialization.get("location") == place}
    return {name.lower() for name in names} if place == "header" else names


def read(request):
    """The operation and its input."""
    model = model_of(request["service"])
    headers = request["headers"]
    body = bytes.fromhex(request["body"]) if request["body"] is not None else None
    rpc = re.fullmatch(r"/service/[^/]+/operation/(\w+)", request["path"])
    target = headers.get("x-amz-target")
    form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if rpc or target:
        name = rpc[1] if rpc else target.rsplit(".", 1)[1]
        operation = operation_of(model, name)
        if body is None:
            return operation, None
        if rpc:
            parser = RpcV2CBORParser()
            value = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
        else:
            value = json.loads(body or b"{}")
        shape = operation.input_shape
        return operation, from_json(shape, value, name) if shape else {}
    if form or model.metadata["protocol"] in ("ec2", "query"):
        if body is None:
            raise Unread("its body is too long")
        pairs = parse_qsl(request["query"], keep_blank_values=True) + parse_qsl(body.decode(), keep_blank_values=True)
        query = Query(pairs, model.metadata["protocol"] == "ec2")
        operation = operation_of(model, query.pairs.pop("Action", ""))
        if query.pairs.pop("Version", None) != model.api_version:
            raise Fault("Version is not the description's")
        shape = operation.input_shape
        found = query.structure(shape, "") if shape else {}
        if query.pairs:
            raise Fault(f"{operation.name}: {', '.join(query.pairs)} is no parameter")
        return operation, found
    return rest(model, request, body)


def operation_of(model, name):
    if name not in model.operation_names:
        raise Unread(f"`{name}` is no operation of {model.service_name}")
    return model.operation_model(name)


def judged(shape, value, where):
    """What the description's constraints do not allow."""
    kind, rules = shape.type_name, shape.metadata
    if kind == "structure" and not shape.is_document_type:
        for member in shape.required_members:
            if member not in value:
                yield where, "required", f"{member} is missing"
        if shape.is_tagged_union and len(value) != 1:
            yield where, "union", f"has {len(value)} of the members of which it is one"
        for member, inner in value.items():
            yield from judged(shape.members[member], inner, f"{where}.{member}")
        return
    size = {"string": len, "blob": len, "list": len, "map": len}.get(kind, lambda number: number)
    if kind in ("string", "blob", "list", "map", "integer", "long", "float", "double"):
        number = size(value)
        if number < rules.get("min", number) or number > rules.get("max", number):
            yield where, "range", f"{number} is not within {rules.get('min', '-')} and {rules.get('max', '-')}"
    if kind == "string":
        if rules.get("enum") and value not in rules["enum"]:
            yield where, "enum", f"`{value}` is none of {rules['enum'][:8]}"
        if rules.get("pattern") and not fits(rules["pattern"], value):
            yield where, "pattern", f"`{value[:80]}` is not like {rules['pattern']}"
    if kind == "list":
        for at, inner in enumerate(value):
            yield from judged(shape.member, inner, f"{where}[{at}]")
    if kind == "map":
        for name, inner in value.items():
            yield from judged(shape.key, name, f"{where} key")
            yield from judged(shape.value, inner, f"{where}.{name}")


PATTERNS = {}


def fits(pattern, value):
    if pattern not in PATTERNS:
        try:
            # Of the classes that Python does not know, only letters, digits and spaces are used.
            known = pattern.replace(r"\p{L}", r"^\W\d_").replace(r"\p{N}", r"\d").replace(r"\p{Z}", r"\s")
            if r"[^\W" in known or r"^\W\d_" in known:
                raise re.error("a class within a class")
            PATTERNS[pattern] = re.compile(known)
        except re.error:
            PATTERNS[pattern] = None
    compiled = PATTERNS[pattern]
    return compiled is None or compiled.fullmatch(value) is not None


def by_program(request):
    """The mark of the program's own requests, and in it the run. Tests that arrange an account mark theirs `tests`."""
    agents = [request["headers"].get(name, "") for name in ("x-amz-user-agent", "user-agent")]
    return re.search(r"app/backburn(?!-tests)(?:-(\w+))?", " ".join(agents))


def faults(request, permissions):
    service = request["service"]
    try:
        operation, value = read(request)
    except (Unread, Fault) as fault:
        yield f"{service}: {fault}"
        return
    except Exception as error:  # pylint: disable=broad-except
        yield f"{service}: {request['method']} {request['path']} cannot be read: {error!r}"
        return
    if value is not None and operation.input_shape is not None:
        for where, what, text in judged(operation.input_shape, value, operation.name):
            fault = f"{service}: {where}: {text} ({what})"
            if not fault.startswith(tuple(EXCEPTIONS)):
                yield fault
    if permissions is not None and by_program(request):
        name = f"{CLIENTS.get(service, service)}:{operation.name}"
        for needed in PERMISSIONS.get(name, [name]):
            if needed not in permissions:
                yield f"{name} is called, and `{needed}` is in no table"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--permissions")
    arguments.add_argument("--program", action="store_true")
    arguments.add_argument("--key", action="append", default=[])
    arguments.add_argument("--run", action="append", default=[])
    arguments.add_argument("recordings", nargs="+")
    given = arguments.parse_args()
    permissions = None
    if given.permissions:
        with open(given.permissions, encoding="utf-8") as file:
            permissions = set(json.load(file))
    found, count, seen = collections.Counter(), 0, set()
    for name in given.recordings:
        with open(name, encoding="utf-8") as file:
            for line in file:
                # The last line of a front that was killed.
                if not line.endswith("\n"):
                    continue
                request = json.loads(line)
                run = by_program(request)
                if given.program and not run:
                    continue
                if given.key or given.run:
                    if request["key"] not in given.key and not (run and run[1] in given.run):
                        continue
                count += 1
                # The same request again says nothing new.
                same = (request["service"], request["path"], request["query"], request["body"], request["method"], bool(run))
                if same in seen:
                    continue
                seen.add(same)
                found.update(set(faults(request, permissions)))
    for text, times in sorted(found.items()):
        print(f"{text} ({times}x)")
    print(f"{count} requests judged, {len(seen)} of them different")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
