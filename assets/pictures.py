#!/usr/bin/env python3
"""Draws the pictures of the README: runs wirewalk in a terminal of its own, presses keys, and writes its screen as SVG.

    python3 -m pip install pyte
    python3 assets/pictures.py target/release/wirewalk

The session is a recorded one, so the same wirewalk draws the same pictures. What is written: assets/screen-*.svg.
"""
import fcntl
import html
import itertools
import os
import pty
import re
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
import unicodedata
from pathlib import Path

import pyte

ASSETS = Path(__file__).resolve().parent
SESSIONS = ASSETS.parent / "tests/formats"
PATIENCE = 20  # seconds that a text may take to appear
CELL, LINE, MARGIN, SIZE = 8.43, 16, 12, 14
FONTS = "DejaVu Sans Mono, Cascadia Mono, Menlo, Consolas, monospace"

# Name, session (or a walk with its step), theme, columns, rows, and what is done: keys that are pressed, and what the screen shows then.
PICTURES = [
    ("flow", "v1", "dark", 160, 50, [("#14\r", "The client asks for a WebSocket")]),
    ("frame", "v1", "dark", 160, 50, [("#29\r", "Layers of unit 29"), ("\tg" + "j" * 9, "Four random bytes")]),
    ("calls", "v1-calls", "dark", 140, 40, [("#28\r", "Layers of unit 28"), ("i", "Calls of unit 28"), ("t" + "j" * 6, "your code")]),
    ("walk", "walk flask-socketio first-request", "dark", 120, 34, [("", "shows the answer")]),
    ("presenter", "v1", "projector", 100, 24, [
        ("#29\r", "Layers of unit 29"), ("\tg" + "j" * 10, "as it is on the wire"),
        ("\tP", "show secrets"), ("llll", "byte 4 of the payload"),
    ]),
]


class Terminal:
    """wirewalk in a pseudo-terminal, and what its screen shows."""

    def __init__(self, program, session, theme, columns, rows, home):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.process, self.master = pty.fork()
        if self.process == 0:
            # Neither the user's configuration nor the terminal that this runs in has a say.
            environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "UTC"}
            environment |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(home)
            Path("wirewalk").mkdir()
            Path("wirewalk/config.toml").write_text("[presenter]\nclock = false\n")
            if session.startswith("walk "):
                os.execve(program, [program, *session.split(), "--theme", theme], environment)
            os.symlink(SESSIONS / f"{session}.wirewalk", "lecture.wirewalk")
            os.execve(program, [program, "open", "lecture.wirewalk", "--theme", theme], environment)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def wait(self, text):
        """Reads until the screen shows the text and nothing more comes."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.3)[0]:
                self.stream.feed(os.read(self.master, 65536))
            elif any(text in line for line in self.screen.display):
                return
        sys.exit("\n".join([*self.screen.display, f"the screen does not show {text!r}"]))

    def end(self):
        os.kill(self.process, signal.SIGTERM)
        os.waitpid(self.process, 0)
        os.close(self.master)


def colour(name, otherwise):
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else otherwise


def look(character, ground):
    """What a cell looks like: ink, background, weight, decoration."""
    ink, paper = colour(character.fg, "#e6edf3"), colour(character.bg, ground)
    if character.reverse:
        ink, paper = paper, ink
    return ink, paper, character.bold, character.underscore


def svg(screen):
    """The screen as SVG. Each run of text takes the columns that it took in the terminal, whatever font there is."""
    backgrounds = [colour(cell.bg, "#0d1117") for row in screen.buffer.values() for cell in row.values()]
    ground = statistics.mode(backgrounds)
    wide, high = screen.columns * CELL + 2 * MARGIN, screen.lines * LINE + 2 * MARGIN
    papers, texts = [], []
    for row in range(screen.lines):
        top, column = MARGIN + row * LINE, 0
        cells = [screen.buffer[row][at] for at in range(screen.columns)]
        for (ink, paper, bold, underlined), run in itertools.groupby(cells, lambda cell: look(cell, ground)):
            run = list(run)
            left = MARGIN + column * CELL
            column += len(run)
            if paper != ground:
                box = f'x="{left:.2f}" y="{top}" width="{len(run) * CELL:.2f}" height="{LINE}"'
                papers.append(f'<rect {box} fill="{paper}"/>')
            style = f' fill="{ink}"' + ' font-weight="bold"' * bold + ' text-decoration="underline"' * underlined
            texts += words(run, left, top + 12.5, style)
    box = f'viewBox="0 0 {wide:.0f} {high}" width="{wide:.0f}" height="{high}"'
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-size="{SIZE}" font-family="{FONTS}">',
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>',
        '<g shape-rendering="crispEdges">', *papers, "</g>", *texts, "</svg>\n"])


def words(run, left, base, style):
    """The texts of a run of cells, without the blanks around them; a wide character is one of its own."""
    line = "".join(cell.data if cell.data else "\0" for cell in run)  # the second half of a wide one is empty
    for found in re.finditer(r"[^ \0]\0|[^ \0]+(?: [^ \0]+)*(?!\0)", line):
        text = found[0].rstrip("\0")
        attributes = f'x="{left + found.start() * CELL:.2f}" y="{base}" textLength="{len(found[0]) * CELL:.2f}"'
        yield f'<text {attributes} lengthAdjust="spacingAndGlyphs" xml:space="preserve"{style}>{html.escape(text)}</text>'


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, session, theme, columns, rows, steps in PICTURES:
        with tempfile.TemporaryDirectory() as home:
            terminal = Terminal(os.path.abspath(sys.argv[1]), session, theme, columns, rows, home)
            terminal.wait("Flow")
            for keys, text in steps:
                terminal.press(keys)
                terminal.wait(text)
            terminal.end()
        (ASSETS / f"screen-{name}.svg").write_text(svg(terminal.screen))


main()
