#!/usr/bin/env python3
"""Draws what wirewalk printed as an SVG: standard input with colours in, SVG out.

    cargo run --release -- open tests/formats/v1.wirewalk --color always | sed -n 1,42p | assets/picture.py > assets/demo.svg
"""
import html
import re
import sys
import unicodedata

COLUMNS = 132
CELL, LINE, MARGIN = 8.43, 19, 16
COLOURS = {31: "#f14c4c", 32: "#23d18b", 33: "#e5c452", 34: "#5aa9ff", 35: "#d670d6", 36: "#29b8db"}


def width(character):
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line):
    """The line as (column, style, text), cut at the last column. A wide character begins a run of its own."""
    style, column, out = {}, 0, []
    for code, text in re.findall(r"\x1b\[([\d;]*)m|([^\x1b]+)", line):
        if not text:
            for number in [int(n or 0) for n in code.split(";")]:
                if number == 0:
                    style = {}
                elif number == 1:
                    style = {**style, "font-weight": "bold"}
                elif number == 2:
                    style = {**style, "fill": "#8b949e"}
                elif number == 4:
                    style = {**style, "text-decoration": "underline"}
                elif number in COLOURS:
                    style = {**style, "fill": COLOURS[number]}
            continue
        begin, run = column, ""
        for character in text:
            wide = width(character)
            if column + wide > COLUMNS - 1:
                run += "…"
                out.append((begin, style, run))
                return out
            run += character
            column += wide
            if wide != 1:
                out.append((begin, style, run))
                begin, run = column, ""
        if run:
            out.append((begin, style, run))
    return out


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    wide, high = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" font-size="14"'
          ' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">')
    print(f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>')
    for row, line in enumerate(lines):
        y = MARGIN + row * LINE + 14
        for column, style, text in runs(line):
            if text.strip():
                # Whatever font there is, each run takes the columns that it took in the terminal.
                length = sum(width(c) for c in text) * CELL
                attributes = f' textLength="{length:.1f}"' + "".join(f' {k}="{v}"' for k, v in {"fill": "#e6edf3", **style}.items())
                print(f'<text x="{MARGIN + column * CELL:.1f}" y="{y}" xml:space="preserve"{attributes}>{html.escape(text)}</text>')
    print("</svg>")


main()
