"""progress=True: a line on stderr that follows a run and its interval as it shrinks."""
import inspect
import math
import sys
import time

_EVERY = {True: 0.1, False: 10.0}   # seconds between two writings: a terminal rewrites its line, a log gets another one
_SHARE = 0.02                       # of the time, at most, that goes into estimates which only this line asked for


class Line:
    """Called as line(n, budget) or line(n, budget, partial), where partial() gives the Estimate so far, or None.

    Leaving the ``with`` block writes the last line; `finish` puts a result into it.
    """

    def __init__(self, name):
        self._name = name
        self._terminal = sys.stderr.isatty()
        self._begin = time.monotonic()
        self._due = 0.0 if self._terminal else _EVERY[False]   # seconds after the beginning
        self._count = ""
        self._interval = ""

    def __call__(self, n, budget, partial=None):
        now = time.monotonic() - self._begin
        self._count = f"{n:,} of {budget:,} evaluations ({n / budget:.0%}), {now:.1f} s"
        if now < self._due:
            return
        estimate = partial and partial()
        if estimate:
            self._interval = interval(estimate)
        self._write()
        asked = time.monotonic() - self._begin - now
        self._due = now + asked + max(_EVERY[self._terminal], asked / _SHARE)

    def finish(self, estimate):
        """The result of the run, in place of the last partial estimate."""
        self._interval = interval(estimate)

    def _write(self):
        text = f"{self._name}: {self._count}" + (f"; {self._interval}" if self._interval else "")
        print(f"\r{text}\x1b[K" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._count:
            self._write()
            if self._terminal:
                print(file=sys.stderr, flush=True)


def interval(estimate):
    """The value that is known worst, relatively, with its 95 % interval: "P = 0.0439 (0.0431 ... 0.0447)"."""
    low, high = estimate._interval()
    ratio = max(estimate.diagnostics.get("target_ratio", [math.nan]))
    target = f", error {ratio:.2g} times the target" if math.isfinite(ratio) else ""
    j = max(range(len(estimate)), key=lambda j: _relative(estimate.value[j], low[j], high[j]))
    digits = _digits(low[j], high[j])
    value, low, high = (f"{number:.{digits}g}" for number in (estimate.value[j], low[j], high[j]))
    return f"{estimate.names[j]} = {value} ({low} ... {high}){target}"


def _relative(value, low, high):
    """Half the width of the interval over the value; what is not known at all comes before everything."""
    half = (high - low) / 2
    return half / abs(value) if value and math.isfinite(half) else math.inf if half else 0.0


def _digits(low, high):
    """Significant digits that leave two of the width of the interval."""
    largest, width = max(abs(low), abs(high)), high - low
    if not (0 < width < math.inf and largest < math.inf):
        return 6
    return max(2, min(17, math.floor(math.log10(largest)) - math.floor(math.log10(width)) + 2))


def asks_for_partial(function):
    """Whether a progress function takes a third argument: one that is named partial, or that has no default."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):   # no signature to see
        return False
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(places) > 2 and (places[2].name == "partial" or places[2].default is inspect.Parameter.empty)
