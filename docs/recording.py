#!/usr/bin/env python3
"""Makes docs/src/images/first-run.svg: a terminal recording of the commands below, run on a pseudo-terminal.

    python3 docs/recording.py [--check] [PROGRAM]

PROGRAM is the belay-script to run, by default the one on PATH. With --check nothing is written: the exit status says whether
the picture shows what the program prints now, apart from digits.
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from html import escape, unescape
from pathlib import Path

PICTURE = Path(__file__).parent / "src" / "images" / "first-run.svg"
COMMANDS = [
    "belay-script new my-bench",
    "cd my-bench",
    "belay-script run bench.rhai --simulate",
    "belay-script test --simulate",
]

COLUMNS = 80
CHAR_WIDTH, LINE_HEIGHT, MARGIN, BAR = 8.4, 19, 16, 28
# Seconds: for typing a character, after a command was typed, after its output, and of the last screen.
TYPING, ENTER, PAUSE, END = 0.035, 0.25, 0.9, 6.0
COLOURS = {"1": "#ffffff", "2": "#8b949e", "31": "#ff7b72", "32": "#7ee787", "33": "#f2cc60", "34": "#79c0ff", "36": "#76e3ea"}
TEXT, PROMPT, PAPER, TITLE = "#d6dde6", "#79c0ff", "#10151c", "#1c232d"


def run(command, folder):
    """The lines that a command prints, each with the time at which it was complete."""
    parent, child = pty.openpty()
    environment = dict(os.environ, TERM="xterm-256color", COLUMNS=str(COLUMNS))
    for name in ("NO_COLOR", "BELAY_DEVICE", "CI"):
        environment.pop(name, None)
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdin=child, stdout=child, stderr=child, env=environment)
    os.close(child)
    lines, line = [], b""
    while True:
        if not select.select([parent], [], [], 60)[0]:
            process.kill()
            sys.exit(f"`{' '.join(command)}` prints nothing for a minute")
        try:
            piece = os.read(parent, 65536)
        except OSError:
            piece = b""
        if not piece:
            break
        *complete, line = (line + piece).split(b"\n")
        lines += [(time.monotonic() - begun, overwritten(text)) for text in complete]
    os.close(parent)
    if process.wait() != 0:
        sys.exit(f"`{' '.join(command)}` ends with status {process.returncode}:\n" + "\n".join(text for _, text in lines))
    return lines


def overwritten(line):
    """What a line shows at last: a carriage return starts it again, and so does the command that clears it."""
    text = line.decode().rstrip("\r")
    return re.split(r"\r|\x1b\[2K", text)[-1]


def spans(text):
    """The line as SVG, its colours included."""
    parts, colour = [], None
    for piece in re.split(r"(\x1b\[[0-9;]*m)", text):
        sequence = re.fullmatch(r"\x1b\[([0-9;]*)m", piece)
        if sequence:
            known = [COLOURS[code] for code in sequence.group(1).split(";") if code in COLOURS]
            colour = known[-1] if known else None
        elif piece:
            piece = escape(piece, quote=False)
            parts.append(f'<tspan fill="{colour}">{piece}</tspan>' if colour else piece)
    return "".join(parts)


def recording(program):
    """Pairs of time and line, and the length of the whole."""
    shown, clock = [], 0.4
    with tempfile.TemporaryDirectory() as scratch:
        folder = scratch
        for command in COMMANDS:
            words = command.split()
            prompt = f'<tspan fill="{PROMPT}">$</tspan> '
            shown.append((clock, prompt + escape(command, quote=False)))
            clock += TYPING * len(command) + ENTER
            if words[0] == "cd":
                folder = os.path.join(folder, words[1])
                continue
            for at, text in run([program, *words[1:]], folder):
                shown.append((clock + at, spans(text)))
            clock = shown[-1][0] + PAUSE
    return shown, clock + END


def picture(shown, length):
    width = COLUMNS * CHAR_WIDTH + 2 * MARGIN
    height = BAR + len(shown) * LINE_HEIGHT + 2 * MARGIN
    frames, lines = [], []
    for number, (at, text) in enumerate(shown):
        share = 100 * at / length
        frames.append(f"@keyframes l{number} {{ 0%, {share:.2f}% {{ opacity: 0 }} {share + 0.01:.2f}%, 100% {{ opacity: 1 }} }}")
        y = BAR + MARGIN + (number + 0.75) * LINE_HEIGHT
        # It begins shortly before its end, so that a first look shows all of it.
        style = f"animation: l{number} {length:.1f}s {3 - length:.1f}s infinite"
        lines.append(f'<text x="{MARGIN}" y="{y:.0f}" style="{style}" xml:space="preserve">{text}</text>')
    dots = "".join(f'<circle cx="{MARGIN + 4 + 18 * n}" cy="14" r="5.5" fill="#3b4554"/>' for n in range(3))
    frames = "\n    ".join(frames)
    lines = "\n  ".join(lines)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">
  <title>belay-script new, run and test on a simulated board</title>
  <!-- Made by docs/recording.py from what the program prints. -->
  <style>
    text {{ font: 14px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: {TEXT} }}
    {frames}
    @media (prefers-reduced-motion: reduce) {{ text {{ animation: none !important }} }}
    @media print {{ text {{ animation: none !important }} }}
  </style>
  <rect width="100%" height="100%" rx="8" fill="{PAPER}"/>
  <path d="M0 {BAR}V8a8 8 0 0 1 8-8h{width - 16:.0f}a8 8 0 0 1 8 8v{BAR - 8}z" fill="{TITLE}"/>
  {dots}
  {lines}
</svg>
"""


def words(svg):
    """The text of a picture without colours and digits."""
    lines = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return [re.sub(r"[0-9]+", "0", unescape(re.sub(r"<[^>]*>", "", line))) for line in lines]


def main():
    program = next((word for word in sys.argv[1:] if not word.startswith("--")), "belay-script")
    # Commands run in other folders.
    program = os.path.abspath(program) if os.sep in program else program
    made = picture(*recording(program))
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(made, encoding="utf-8")
    elif words(PICTURE.read_text(encoding="utf-8")) != words(made):
        now = "\n".join(words(made))
        sys.exit(f"{PICTURE} shows something else than the program prints now; run docs/recording.py.\n{now}")


if __name__ == "__main__":
    main()
