#!/usr/bin/env python3
"""Draws the rows of placement_scale.sh as an SVG: placement_scale_plot.py FILE.jsonl > FILE.svg

Four panels over the number of cards, all axes logarithmic: decisions per CPU second, the median and
the 99th percentile of a decision, resident memory. Standard library alone.
"""
import json
import math
import sys

WIDTH, HEIGHT, LEFT, TOP = 420, 260, 70, 40
MODES = {"fill": "#1f6fb4", "churn": "#c44e1c", "gangs": "#3a8a3a"}
NAMES = {
    "fill": "filling to 95 %",
    "churn": "arrivals and departures, typed",
    "gangs": "gangs of 8 to 8,192 cards",
}
PANELS = [
    ("decisions_per_cpu_second", "decisions a CPU second", 1),
    ("p50_ns", "median of a decision, microseconds", 1e-3),
    ("p99_ns", "99th percentile, microseconds", 1e-3),
    ("resident_bytes", "resident memory, MB", 1e-6),
]


def short(value):
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def decades(values):
    low = math.floor(math.log10(min(values)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def draw_panel(rows, field, title, factor, x0, y0):
    xs = [row["cards"] for row in rows]
    ys = [row[field] * factor for row in rows]
    x_low, x_high = math.log10(min(xs)), math.log10(max(xs))
    x_high = max(x_high, x_low + 0.1)
    y_low, y_high = decades(ys)
    inner_width, inner_height = WIDTH - LEFT - 20, HEIGHT - TOP - 40

    def place(x, y):
        return (
            x0 + LEFT + (math.log10(x) - x_low) / (x_high - x_low) * inner_width,
            y0 + TOP + (y_high - math.log10(y)) / (y_high - y_low) * inner_height,
        )

    yield f'<text x="{x0 + LEFT}" y="{y0 + TOP - 14}" class="title">{title}</text>'
    for power in range(y_low, y_high + 1):
        y = place(min(xs), 10**power)[1]
        yield f'<line x1="{x0 + LEFT}" x2="{x0 + LEFT + inner_width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{x0 + LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(10**power)}</text>'
    bottom = y0 + TOP + inner_height
    for cards in sorted({row["size"] for row in rows}):
        x = place(max(cards, min(xs)), 10**y_low)[0]
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{short(cards)}</text>'
    for mode, color in MODES.items():
        points = sorted((row["cards"], row[field] * factor) for row in rows if row["mode"] == mode)
        if not points:
            continue
        path = " ".join("%.1f,%.1f" % place(x, y) for x, y in points)
        yield f'<polyline points="{path}" stroke="{color}" fill="none" stroke-width="2"/>'
        for x, y in points:
            cx, cy = place(x, y)
            yield f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3" fill="{color}"/>'


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    for row in rows:  # What was asked for, from what whole nodes and super-nodes made of it.
        digits = 10 ** math.floor(math.log10(row["cards"]))
        row["size"] = round(row["cards"] / digits) * digits
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{2 * HEIGHT + 40}"'
        ' font-family="sans-serif" font-size="11">'
    )
    print(
        "<style>line{stroke:#ddd}.title{font-weight:bold;font-size:12px}</style>"
        '<rect width="100%" height="100%" fill="white"/>'
    )
    for i, (field, title, factor) in enumerate(PANELS):
        for line in draw_panel(rows, field, title, factor, i % 2 * WIDTH, i // 2 * HEIGHT):
            print(line)
    for i, (mode, color) in enumerate(MODES.items()):
        x, y = LEFT + i * 260, 2 * HEIGHT + 20
        print(f'<circle cx="{x}" cy="{y - 4}" r="4" fill="{color}"/>')
        print(f'<text x="{x + 10}" y="{y}">{NAMES[mode]}</text>')
    print("</svg>")


if __name__ == "__main__":
    main()
