"""progress=True: one line on stderr that follows a run."""
import sys
import time


class Line:
    """Called as line(n, budget); rewritten at most ten times a second, ended by leaving the ``with`` block."""

    def __init__(self, name):
        self._name = name
        self._begin = time.monotonic()
        self._shown = -1.0   # time of the last writing
        self._text = ""

    def __call__(self, n, budget):
        now = time.monotonic() - self._begin
        self._text = f"{self._name}: {n:,} of {budget:,} evaluations ({n / budget:.0%}), {now:.1f} s"
        if self._shown < 0 or now - self._shown > 0.1:
            self._write()
            self._shown = now

    def _write(self):
        print(f"\r{self._text}\x1b[K" if sys.stderr.isatty() else f"\r{self._text}", end="", file=sys.stderr, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._text:
            self._write()
            print(file=sys.stderr, flush=True)
