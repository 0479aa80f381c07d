#!/usr/bin/env python3
"""Hostile homes through the real program: `homes.py BINARY HOME [SECONDS]`.

Takes a home with runs (of a lab), changes files of a copy (bytes, JSON values, whole lines; the journal's chain is made
right again, since who can write the folder can do that, too) and reads it with every command that reads homes. Nobody
listens at the endpoint that the commands are given. Found is: a panic, an end by a signal, more than 30 seconds, an exit
code that is not documented, a control character on its way to a terminal, or a file written outside of the home.
Prints each finding once, with the seed that makes it again; exits with 1 when there is one.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

COMMANDS = [
    ["runs", "list"],
    ["runs", "list", "--json"],
    ["runs", "show", "last"],
    ["runs", "show", "last", "--json"],
    ["runs", "verify", "last"],
    ["report", "last", "--format", "md"],
    ["report", "last", "--format", "json"],
    ["report", "last", "--format", "html", "--out", "-"],
    ["readiness"],
    ["resume", "last", "--plan-only"],
    ["release", "last", "--plan"],
]
DOCUMENTED = set(range(0, 14))
STRANGE = ["\x1b]0;x\x07", "\x1b[2J", "\u202e", "::warning::x", "../../etc/passwd", "", "(sensitive)", "${{ inputs.x }}",
           "-1", "9" * 400, "\x00", "arn:aws:iam::1:user/x", "\u2028", "<script>x</script>", "a" * 70000]
NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63, 1e308, -0.5]


def other(value, dice):
    """Another JSON value in its place."""
    kind = dice.randrange(6)
    if kind == 0:
        return dice.choice(STRANGE)
    if kind == 1:
        return dice.choice(NUMBERS)
    if kind == 2:
        return dice.choice([None, True, [], {}, [value], {"x": value}])
    if isinstance(value, str) and value:
        at = dice.randrange(len(value))
        return value[:at] + dice.choice(STRANGE) + value[at + dice.randrange(3):]
    return value


def changed(value, dice):
    """The value with something in it that is not what it was."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        name = dice.choice(list(value))
        value = dict(value)
        if dice.random() < 0.1:
            value[dice.choice(STRANGE)] = value.pop(name)
        elif dice.random() < 0.1:
            del value[name]
        else:
            value[name] = changed(value[name], dice)
        return value
    if isinstance(value, list) and value and dice.random() < 0.9:
        value = list(value)
        at = dice.randrange(len(value))
        if dice.random() < 0.2:
            value.insert(at, value[at])
        else:
            value[at] = changed(value[at], dice)
        return value
    return other(value, dice)


def chained(lines):
    """A journal's lines, numbered and chained anew."""
    head, out = None, []
    for seq, line in enumerate(lines):
        if isinstance(line, dict):
            if head is None:
                head = line.get("prev")
            line = {**line, "seq": seq, "prev": head}
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        out.append(text)
        head = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return "".join(line + "\n" for line in out)


def spoil(path, dice):
    with open(path, "rb") as file:
        whole = file.read()
    name = os.path.basename(path)
    kind = dice.random()
    try:
        if name == "journal.jsonl" and kind < 0.8:
            lines = [json.loads(line) for line in whole.decode().splitlines()]
            for _ in range(dice.randrange(1, 4)):
                at, what = dice.randrange(len(lines)), dice.random()
                if what < 0.15:
                    lines.insert(at, lines[dice.randrange(len(lines))])
                elif what < 0.3:
                    del lines[at:at + dice.randrange(1, 5)]
                elif what < 0.35:
                    lines[at] = dice.choice(STRANGE).replace("\n", " ")
                else:
                    lines[at] = changed(lines[at], dice)
                if not lines:
                    break
            whole = chained(lines).encode(errors="surrogatepass")
        elif name.endswith(".json") and kind < 0.8:
            value = json.loads(whole)
            for _ in range(dice.randrange(1, 4)):
                value = changed(value, dice)
            whole = json.dumps(value).encode()
        else:
            raise ValueError
    except ValueError:
        at = dice.randrange(len(whole) + 1)
        junk = dice.choice(STRANGE).encode() if kind < 0.9 else dice.randbytes(8)
        whole = whole[:at] + junk + whole[at + dice.randrange(0, 20):]
    with open(path, "wb") as file:
        file.write(whole)


def controls(out):
    """What of the bytes must not reach a terminal: escapes other than colours, C1, what turns text around."""
    text = out.decode(errors="replace")
    bad = [c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029\u200e\u200f"]
    return {f"U+{ord(c):04X}" for c in bad}


def files(home):
    return sorted(os.path.join(root, name) for root, _dirs, names in os.walk(os.path.join(home, "runs"))
                  for name in names if name != "lock" and not name.endswith(".lock"))


def main():
    binary, seed_home = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    until = time.monotonic() + float(sys.argv[3] if len(sys.argv) > 3 else 600)
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
    found, tried = {}, 0
    with tempfile.TemporaryDirectory() as top:
        work = os.path.join(top, "work")
        state = os.path.join(top, "state")
        os.makedirs(work)
        environment = {"PATH": os.environ["PATH"], "HOME": state, "XDG_STATE_HOME": state, "AWS_REGION": "us-east-1",
                       "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "1", "AWS_SECRET_ACCESS_KEY": "x",
                       "AWS_MAX_ATTEMPTS": "1"}
        while time.monotonic() < until:
            seed += 1
            dice = random.Random(seed)
            home = os.path.join(top, "home")
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(seed_home, home, ignore=shutil.ignore_patterns("lab", "cache"))
            os.chmod(home, 0o700)
            for path in dice.sample(files(home), min(len(files(home)), dice.choice([1, 1, 1, 2]))):
                spoil(path, dice)
            for command in COMMANDS:
                tried += 1
                try:
                    done = subprocess.run([binary, *command, "--home", home], cwd=work, env=environment, timeout=30,
                                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
                    why = []
                    if b"panicked" in done.stderr:
                        why.append("panic: " + done.stderr.decode(errors="replace")[:300])
                    if done.returncode not in DOCUMENTED:
                        why.append(f"exit code {done.returncode}")
                    why += [f"{sorted(controls(out))} on {name}" for name, out in
                            (("stdout", done.stdout), ("stderr", done.stderr)) if controls(out)]
                    why += [f"wrote {name}" for name in os.listdir(work)]
                except subprocess.TimeoutExpired:
                    why = ["more than 30 seconds"]
                for text in why:
                    key = (" ".join(command), text[:60])
                    if key not in found:
                        found[key] = seed
                        print(f"seed {seed - 1}: backburn {' '.join(command)}: {text}", flush=True)
            for name in os.listdir(work):
                os.remove(os.path.join(work, name))
    print(f"{tried} commands, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
