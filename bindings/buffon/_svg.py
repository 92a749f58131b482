"""Small pictures as SVG text, without any library: axes, intervals, curves with bands, densities.

Colours are those of Okabe and Ito, told apart with any colour vision; series differ by marker or dash as well. A picture
takes its ink from the page (currentColor) and carries its own title for screen readers.
"""
import html
import math

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ("", "6 3", "2 2", "8 3 2 3")


def number(x):
    """Three digits, as on an axis: "0.05", "2,000", "1e-6"."""
    if not math.isfinite(x):
        return str(x)
    if x == 0 or 1e-3 <= abs(x) < 1e5:
        return f"{x:,.4g}" if abs(x) < 1000 else f"{x:,.0f}"
    mantissa, _, power = f"{x:.3g}".partition("e") if "e" in f"{x:.3g}" else f"{x:.2e}".partition("e")
    return f"{float(mantissa):g}e{int(power)}"


class Axis:
    """From values to places on the page; logarithmic where asked for and possible."""

    def __init__(self, values, begin, end, log=False):
        finite = [v for v in values if v is not None and math.isfinite(v)]
        self.log = log and bool(finite) and min(finite) > 0
        low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
        if self.log:
            low, high = math.log10(low), math.log10(high)
        if high - low <= 1e-12 * max(abs(low), abs(high)):
            low, high = low - (abs(low) * 0.1 or 1), high + (abs(high) * 0.1 or 1)
        margin = 0.04 * (high - low)
        self.low, self.high, self.begin, self.end = low - margin, high + margin, begin, end

    def __call__(self, value):
        v = math.log10(value) if self.log and value > 0 else self.low if self.log else value
        return round(self.begin + (v - self.low) / (self.high - self.low) * (self.end - self.begin), 2)

    def ticks(self):
        """Round values inside, about five."""
        if self.log:
            decades = range(math.ceil(self.low), math.floor(self.high) + 1)
            if len(decades) >= 2:
                return [10.0**k for k in decades][:: max(1, len(decades) // 6)]
        low, high = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        step = _step((high - low) / 5)
        first = math.ceil(low / step)
        return [k * step for k in range(first, math.floor(high / step) + 1)]


def _step(width):
    """The next of 1, 2, 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(width))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= width * (1 - 1e-9))


def _element(name, text=None, **attributes):
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{words}/>" if text is None else f"<{name}{words}>{text}</{name}>"


def line(x1, y1, x2, y2, **style):
    return _element("line", x1=x1, y1=y1, x2=x2, y2=y2, **{"stroke": "currentColor", **style})


def words(x, y, text, anchor="middle", **style):
    return _element("text", html.escape(str(text)), x=x, y=y, text_anchor=anchor, **style)


def path(points, close=False, **style):
    places = " L".join(f"{x} {y}" for x, y in points)
    return _element("path", d=f"M{places}{' Z' if close else ''}", **{"fill": "none", **style})


def marker(x, y, kind, colour):
    """A circle, square, triangle or diamond, by number."""
    shapes = (None, [(-4, -4), (4, -4), (4, 4), (-4, 4)], [(0, -5), (5, 4), (-5, 4)], [(0, -5), (5, 0), (0, 5), (-5, 0)])
    shape = shapes[kind % len(shapes)]
    if shape is None:
        return _element("circle", cx=x, cy=y, r=4, fill=colour)
    return path([(round(x + a, 2), round(y + b, 2)) for a, b in shape], close=True, fill=colour)


def picture(width, height, title, parts):
    """The whole picture; `title` is what a screen reader says of it."""
    head = _element("title", html.escape(title))
    return _element(
        "svg",
        head + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        font_size=12,
        fill="currentColor",
    )


def _horizontal(axis, y, label, width):
    parts = [line(axis.begin, y, axis.end, y)]
    for tick in axis.ticks():
        parts += [line(axis(tick), y, axis(tick), y + 5), words(axis(tick), y + 18, number(tick))]
    return [*parts, words((axis.begin + axis.end) / 2, y + 36, label)] if label else parts


def _vertical(axis, x, grid_to):
    parts = []
    for tick in axis.ticks():
        parts += [
            line(x, axis(tick), grid_to, axis(tick), stroke_opacity=0.15),
            words(x - 6, axis(tick) + 4, number(tick), "end"),
        ]
    return parts


def intervals(names, value, low, high, title, reference=None):
    """A row for each name: value with its interval, and a cross where the reference is known."""
    left = min(max((7 * len(name) for name in names), default=0) + 12, 300)
    width, height = left + 460, 22 * len(names) + 60
    everything = [*value, *low, *high, *(reference or [])]
    positive = [v for v in everything if v is not None and math.isfinite(v)]
    log = bool(positive) and min(positive) > 0 and max(value) > 100 * min(value)
    axis = Axis(everything, left + 6, width - 16, log)
    parts = []
    for i, name in enumerate(names):
        y = 22 * i + 16
        short = name if len(name) <= 40 else name[:39] + "…"
        parts += [words(left, y + 4, short, "end"), line(left + 6, y, width - 16, y, stroke_opacity=0.12)]
        if all(map(math.isfinite, (low[i], high[i], value[i]))):
            parts += [
                line(axis(low[i]), y, axis(high[i]), y, stroke=COLOURS[0], stroke_width=3),
                marker(axis(value[i]), y, 0, COLOURS[0]),
            ]
        if reference and reference[i] is not None:
            x = axis(reference[i])
            parts += [line(x - 4, y - 4, x + 4, y + 4, stroke=COLOURS[1]), line(x - 4, y + 4, x + 4, y - 4, stroke=COLOURS[1])]
    return picture(width, height, title, parts + _horizontal(axis, height - 44, "", width))


def curves(series, title, x_label):
    """Values with bands over n: series of dicts label, n, value, low, high."""
    width, height, left = 560, 260, 80
    xs = Axis([n for s in series for n in s["n"]], left, width - 12, log=True)
    shown = [v for s in series for k in ("low", "high") for v in s[k][len(s[k]) // 4 :]] + [
        v for s in series for v in s["value"][-1:]
    ]
    ys = Axis(shown, height - 50, 24)
    clip = "c" + str(abs(hash_of(title)))
    parts = [_element("clipPath", _element("rect", x=left, y=24, width=width - 12 - left, height=height - 74), id=clip)]
    parts += _vertical(ys, left, width - 12) + _horizontal(xs, height - 50, x_label, width)
    inside = []
    for i, s in enumerate(series):
        colour, n = COLOURS[i % len(COLOURS)], [xs(v) for v in s["n"]]
        band = [*zip(n, map(ys, s["low"]), strict=True), *reversed(list(zip(n, map(ys, s["high"]), strict=True)))]
        inside.append(path(band, close=True, fill=colour, fill_opacity=0.2))
        inside.append(
            path(
                zip(n, map(ys, s["value"]), strict=True),
                stroke=colour,
                stroke_width=2,
                stroke_dasharray=_DASHES[i % len(_DASHES)],
            )
        )
        inside += [marker(x, y, i, colour) for x, y in list(zip(n, map(ys, s["value"]), strict=True))[-1:]]
    parts.append(_element("g", "".join(inside), clip_path=f"url(#{clip})"))
    if len(series) > 1:
        for i, s in enumerate(series):
            x = left + 12 + 120 * (i % 4)
            parts += [
                marker(x, 10 + 16 * (i // 4), i, COLOURS[i % len(COLOURS)]),
                words(x + 10, 14 + 16 * (i // 4), s["label"], "start"),
            ]
    return picture(width, height, title, parts)


def hash_of(text):
    """The same in every process: identifiers inside a page."""
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) % 2**31
    return value


def density(edges, heights, title):
    """A histogram small enough for a line of a table."""
    width, height, top = 150, 44, max(heights) or 1
    xs = Axis(edges, 2, width - 2)
    outline = [(xs(edges[0]), height - 14)]
    for left, right, h in zip(edges, edges[1:], heights, strict=False):
        y = round(height - 14 - (height - 16) * h / top, 2)
        outline += [(xs(left), y), (xs(right), y)]
    outline.append((xs(edges[-1]), height - 14))
    ends = [
        words(2, height - 2, number(edges[0]), "start", font_size=10),
        words(width - 2, height - 2, number(edges[-1]), "end", font_size=10),
    ]
    return picture(width, height, title, [path(outline, close=True, fill=COLOURS[0], fill_opacity=0.5, stroke=COLOURS[0]), *ends])
