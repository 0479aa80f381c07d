#!/usr/bin/env python3
"""Makes the pictures in docs/img from real runs in a lab of its own.

    docs/screenshots.py target/debug/backburn

Needs tmux and Chromium; everything else is Python's standard library. The lab, its packages and the
runs are in a temporary home, so that no name of this machine is in a picture; BACKBURN_CACHE names a
folder with the lab's packages that may be used again.
"""

import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMG = ROOT / "docs" / "img"
# What a terminal's own palette might be.
DARK = {"fg": "#d8dee4", "bg": "#11151a", "dim": "#7d8893", "31": "#ff7b72", "32": "#56d364",
        "33": "#e3b341", "34": "#79c0ff", "36": "#56d4dd"}
CELL, LINE, PAD = 8.43, 19, 14


def svg(screen, columns):
    """A captured screen as SVG: each stretch of one style is a text of fixed length."""
    rows = screen.rstrip("\n").split("\n")
    out, width, height = [], columns * CELL + 2 * PAD, len(rows) * LINE + 2 * PAD
    for row, line in enumerate(rows):
        column, style = 0, {"fg": DARK["fg"], "bold": False}
        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            paint = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if paint:
                for code in paint.group(1).split(";"):
                    if code in ("", "0"):
                        style = {"fg": DARK["fg"], "bold": False}
                    elif code == "1":
                        style["bold"] = True
                    elif code == "2":
                        style["fg"] = DARK["dim"]
                    elif code == "39":
                        style["fg"] = DARK["fg"]
                    elif code in DARK:
                        style["fg"] = DARK[code]
                continue
            for word in re.finditer(r"\S+(?: \S+)*", part):
                text = html.escape(word.group())
                x, cells = PAD + (column + word.start()) * CELL, len(word.group())
                bold = ' font-weight="bold"' if style["bold"] else ""
                out.append(f'<text x="{x:.1f}" y="{PAD + row * LINE + 14}" fill="{style["fg"]}"{bold} '
                           f'textLength="{cells * CELL:.1f}" lengthAdjust="spacingAndGlyphs">{text}</text>')
            column += len(part)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
            f'font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" '
            f'xml:space="preserve"><rect width="100%" height="100%" rx="8" fill="{DARK["bg"]}"/>\n'
            + "\n".join(out) + "\n</svg>\n")


def chunks(data):
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + size]
        at += 12 + size


def pixels(data):
    """Rows of RGB of an 8-bit PNG, as Chromium writes them."""
    parts = list(chunks(data))
    width, height, _, colour = struct.unpack(">IIBB", parts[0][1][:10])
    step = {2: 3, 6: 4}[colour]
    raw = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    before, rows = bytearray(width * step), []
    for row in range(height):
        at = row * (width * step + 1)
        how, line = raw[at], bytearray(raw[at + 1:at + 1 + width * step])
        for i in range(len(line)):
            left = line[i - step] if i >= step else 0
            up, corner = before[i], before[i - step] if i >= step else 0
            if how == 1:
                line[i] = (line[i] + left) & 255
            elif how == 2:
                line[i] = (line[i] + up) & 255
            elif how == 3:
                line[i] = (line[i] + (left + up) // 2) & 255
            elif how == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                           (abs(guess - corner), 2, corner))
                line[i] = (line[i] + near[2]) & 255
        rows.append([bytes(line[i:i + 3]) for i in range(0, len(line), step)])
        before = line
    return width, height, rows


def small(path):
    """Writes the PNG again with a palette of at most 64 colours."""
    width, height, rows = pixels(path.read_bytes())
    counted = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in counted.most_common(64)]
    near = {colour: index for index, colour in enumerate(palette)}

    def nearest(pixel):
        if pixel not in near:
            near[pixel] = min(range(len(palette)), key=lambda index: sum(
                (a - b) ** 2 for a, b in zip(pixel, palette[index])))
        return near[pixel]

    body = b"".join(b"\0" + bytes(nearest(pixel) for pixel in row) for row in rows)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
                     + chunk(b"PLTE", b"".join(palette))
                     + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b""))
    print(f"{path.name}: {path.stat().st_size // 1024} KB")


def shoot(page, name, size, dark=False):
    path = IMG / name
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--window-size={size}", f"--screenshot={path}"]
    if dark:
        command.append("--blink-settings=preferredColorScheme=0")
    subprocess.run([*command, f"file://{page}"], check=True, capture_output=True)
    small(path)


class Desk:
    """A responder's home with a lab in it."""

    def __init__(self, program, home):
        self.program, self.home = program, home
        self.env = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(home), "USER": "responder",
                    "LANG": "C.UTF-8", "TERM": "xterm-256color",
                    "BACKBURN_CACHE": os.environ.get("BACKBURN_CACHE", str(home / "cache"))}
        for folder in ("playbooks", "simulations"):
            shutil.copytree(ROOT / folder, home / folder)
        up = self.json("lab", "up", "--port", "0", "--clock", "20x")
        self.seed = up["seed"]
        self.env.update(self.json("lab", "env"))

    def run(self, *args):
        return subprocess.run([self.program, *args], cwd=self.home, env=self.env, check=False,
                              capture_output=True, text=True)

    def json(self, *args):
        return json.loads(self.run(*args, "--json").stdout)

    def terminal(self, name, size, command, until, more=0.0):
        """Runs a command in a terminal, keeps its screen when it shows `until`, and waits for its end."""
        columns, rows = size
        tmux = ["tmux", "-L", "backburn-pictures"]
        env = [f"{key}={value}" for key, value in self.env.items()]
        subprocess.run([*tmux, "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(self.home),
                        "env", "-i", *env, "sh", "-c", f"{command}; sleep 300"], check=True)

        def shows(pattern):
            for _ in range(2400):
                shown = subprocess.run([*tmux, "capture-pane", "-p", "-e"], check=True, capture_output=True,
                                       text=True).stdout
                if re.search(pattern, re.sub(r"\x1b\[[0-9;]*m", "", shown), re.MULTILINE):
                    return shown
                time.sleep(0.1)
            raise TimeoutError(f"{pattern} never came: {shown}")

        try:
            shows(until)
            time.sleep(more)
            path = IMG / name
            path.write_text(svg(shows(until), columns), encoding="utf-8")
            print(f"{path.name}: {path.stat().st_size // 1024} KB", flush=True)
            shows("^report: ")
        finally:
            subprocess.run([*tmux, "kill-server"], check=False)

    def page(self):
        return self.home / ".local/state/backburn/runs" / self.json("runs")[-1]["run"] / "report.html"


def main():
    IMG.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="responder-"))
    desk = Desk(Path(sys.argv[1]).resolve(), home)
    try:
        playbook = (f"clear; backburn run playbooks/ec2-compromise.yaml -i instance={desk.seed['instance']} "
                    "-i case=IR-2026-7 --yes --accept-presumed 2>&1")
        desk.terminal("run.svg", (96, 24), playbook, r"▸ isolate .* left", 2.0)
        page = home / "report.html"
        shutil.copy(desk.page(), page)
        shoot(page, "report-light.png", "1200,1000")
        shoot(page, "report-dark.png", "1200,1000", dark=True)
        drill = "clear; backburn drill run simulations/ec2-stop-restore.yaml --yes"
        desk.terminal("drill.svg", (96, 24), drill, r"▸ .* backup\.", 1.0)
        shutil.copy(desk.page(), page)
        shoot(page, "drill-report.png", "1200,1000")
        for simulation in ("leaked-key", "cloudtrail-stopped"):
            desk.run("drill", "run", f"simulations/{simulation}.yaml", "--yes")
        desk.run("readiness", "--out", str(page))
        shoot(page, "readiness.png", "1200,800")
    finally:
        desk.run("lab", "down")
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
