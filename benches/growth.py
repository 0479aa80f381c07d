"""What grows with what was done before, in whole processes: medians, spreads and memory. Standard library only.

    python3 benches/growth.py [--rounds N] [--only NAME] [--backburn PATH]

Starts of a run beside 0 to 5,000 past runs and beside one long journal, ten starts at once, lists, and a look at a
journal of a million records. Without --backburn it builds the release binary. The account is played by the server
of peers.py, here without a delay; nothing leaves the machine.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "peers"))
import peers  # noqa: E402

RUNS = [0, 100, 1_000, 5_000]
RECORDS = 1_000_000
AT_ONCE = 10


class Growth:
    def __init__(self, ours, rounds, scratch):
        self.ours, self.rounds, self.scratch = ours, rounds, scratch
        endpoint = peers.serve(peers.AtOnce)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(scratch),
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        step = peers.playbook(scratch / "one.yaml", 1, peers.asserted)
        self.run = [ours, "run", step, "--yes", "--no-probe", "--endpoint-url", endpoint]
        self.twenty = [*self.run[:2], peers.playbook(scratch / "twenty.yaml", 20, peers.asserted), *self.run[3:]]

    def at(self, home):
        return self.env | {"BACKBURN_HOME": str(home)}

    def home(self, runs):
        """A home with so many past runs: one of 20 steps, copied."""
        home = self.scratch / f"home-{runs}"
        if not home.exists():
            first = self.scratch / "first"
            if not first.exists():
                peers.timed(self.twenty, self.at(first), self.scratch)
            [one] = [path for path in (first / "runs").iterdir() if path.is_dir()]
            for n in range(runs):
                to = home / "runs" / f"01JD{n:022}"
                to.mkdir(parents=True)
                for name in ["journal.jsonl", "plan.json", "inputs.json", "playbook.yaml"]:
                    shutil.copy(one / name, to / name)
            home.mkdir(exist_ok=True)
        return home

    def long(self):
        """A home with one run whose journal has RECORDS lines."""
        home = self.scratch / "home-long"
        if home.exists():
            return home
        made = self.home(1)
        to = home / "runs" / f"01JD{0:022}"
        shutil.copytree(made / "runs" / to.name, to)
        first, *_ = (to / "journal.jsonl").read_bytes().splitlines()
        with (to / "journal.jsonl").open("wb") as file:
            line = first
            for seq in range(1, RECORDS + 1):
                file.write(line + b"\n")
                record = {"record": "read", "step": f"s{seq % 1000}", "place": {"kind": "bench.cell", "target": f"cell-{seq}"},
                          "scope": {"account": "111122223333", "region": "eu-central-1", "principal": "bench"}, "value": {"n": seq}}
                head = {"seq": seq, "time": "2026-01-01T00:00:00Z", "prev": hashlib.sha256(line).hexdigest()}
                line = json.dumps(head | record, separators=(",", ":")).encode()
        return home

    def show(self, name, times, memory):
        median, low, high = statistics.median(times), min(times), max(times)
        peak = f"  {statistics.median(memory):7.1f} MiB" if memory else ""
        print(f"  {name:<44} {median * 1e3:9.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f}){peak}", flush=True)

    def measure(self, name, command, home):
        """The first turn keeps the states of the past runs, and is shown by itself."""
        first, peak = peers.timed(command, self.at(home), self.scratch)
        self.show(f"{name}, the first time", [first], [peak])
        turns = [peers.timed(command, self.at(home), self.scratch) for _ in range(self.rounds)]
        self.show(name, [took for took, _ in turns], [peak for _, peak in turns])

    def starts(self):
        print("\na run of one step, from process start, beside past runs")
        for runs in RUNS:
            self.measure(f"{runs:,} past runs", self.run, self.home(runs))
        self.measure(f"one past run of {RECORDS:,} records", self.run, self.long())

    def ten(self):
        print(f"\n{AT_ONCE} such runs at once, until the last has ended")
        for runs in [0, 1_000]:
            home, times = self.home(runs), []
            for turn in range(self.rounds + 1):
                started = time.perf_counter()
                quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
                all_of_them = [subprocess.Popen([str(part) for part in self.run], env=self.at(home), **quiet) for _ in range(AT_ONCE)]
                if any([one.wait() for one in all_of_them]):
                    sys.exit("a run failed")
                if turn:
                    times.append(time.perf_counter() - started)
            self.show(f"{runs:,} past runs", times, [])

    def lists(self):
        print("\nruns list")
        for runs in RUNS[1:]:
            self.measure(f"{runs:,} runs", [self.ours, "runs", "list"], self.home(runs))

    def journal(self):
        print(f"\na journal of {RECORDS:,} records")
        home = self.long()
        run = f"01JD{0:022}"
        for name, command in {"runs verify": ["runs", "verify", run], "report": ["report", run, "--format", "json", "--out", "/dev/null"]}.items():
            # What the journal was made to say is not what the files beside it were made from.
            shell = ["sh", "-c", '"$@" || test $? -eq 1', "sh", self.ours, *command]
            turns = [peers.timed(shell, self.at(home), self.scratch) for _ in range(3)]
            self.show(name, [took for took, _ in turns], [peak for _, peak in turns])


def main():
    names = ["starts", "ten", "lists", "journal"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=names, action="append")
    parser.add_argument("--backburn", type=pathlib.Path, help="this binary instead of the release build")
    args = parser.parse_args()
    if not args.backburn:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=peers.ROOT, check=True)
    ours = args.backburn or peers.TARGET / "release" / "backburn"
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="backburn-growth-"))
    try:
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} before; medians (lowest to highest) of {args.rounds} turns")
        bench = Growth(ours.resolve(), args.rounds, scratch)
        for name in args.only or names:
            getattr(bench, name)()
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
