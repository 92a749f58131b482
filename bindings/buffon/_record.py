"""What a run was: the line that repeats it, its inputs, how its interval shrank. An estimate keeps it for its report."""
import datetime
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from buffon._progress import asks_for_partial

_PLAIN = (bool, int, float, str, type(None))
_BATCHES = 64
_DRAWS, _BINS, _MOST_INPUTS = 4096, 32, 200   # of the small pictures of the inputs


class History:
    """As a ``progress`` argument: keeps the estimate so far at moments of a run, for ``estimate.history`` and reports.

    Parameters
    ----------
    points : int
        About how many moments, equally far apart on a logarithmic scale of evaluations.
    most : int
        Only the first so many values are kept.
    progress : callable, optional
        Another progress function, called as well.

    Notes
    -----
    A run whose ``batch`` is not given takes small ones (a 64th of the budget), so that there are moments to look at: that
    changes no result. Looking changes none either.
    """

    def __init__(self, points: int = 24, most: int = 12, progress: "Callable[..., Any] | None" = None) -> None:
        self.records = []
        self._points, self._most, self._progress = points, most, progress
        self._begin, self._due = 0, 0

    def _prepared(self, options):
        """The options of a run that is to be watched."""
        return {"batch": max(1, min(-(-int(options.get("budget", 10_000)) // _BATCHES), 65_536)), **options}

    def __call__(self, n: int, budget: int, partial: "Callable[[], Any] | None" = None) -> None:
        if self._progress is not None:
            self._progress(n, budget, partial) if asks_for_partial(self._progress) else self._progress(n, budget)
        if partial is None:
            return
        label = getattr(partial, "label", "")
        if self.records and self.records[-1]["label"] != label:
            self._begin, self._due = n, 0   # of another series
        if n - self._begin < self._due and n < budget:
            return
        estimate = partial()
        if estimate is not None:
            self._add(estimate, label)
            self._due = (n - self._begin) * (
                1 + 5 / self._points
            )  # e^5 = 150 times as many evaluations between the first and the last moment

    def _add(self, estimate, label=""):
        """The estimate so far, or the result; the later of two with as many evaluations counts."""
        if not self.records or self.records[-1]["label"] != label:
            self.records.append(
                {"label": label, "names": estimate.names[: self._most], "n": [], "value": [], "low": [], "high": []}
            )
        record, (low, high) = self.records[-1], estimate._interval()
        if record["n"] and record["n"][-1] == estimate.n:
            for key in ("n", "value", "low", "high"):
                record[key].pop()
        record["n"].append(estimate.n)
        for key, values in (("value", estimate.value), ("low", low), ("high", high)):
            record[key].append(values[: self._most].tolist())


class Record:
    """Of one call of an estimator. It keeps no model and no function; laws are put into words when it is written."""

    def __init__(self, name, subject, options):
        self._name, self._watched, self.history = name, isinstance(options.get("progress"), History), []
        others = {key: value for key, value in options.items() if key not in ("problem", "sample", "progress", "rng")}
        self._words = [f"{key}={_text(value)}" for key, value in others.items()]
        self._kind = "sample" if hasattr(subject, "log_density") and hasattr(subject, "x") else "problem"
        self._law = getattr(subject, "law", None) if self._kind == "sample" else getattr(subject, "inputs", None)
        self._begin = time.perf_counter()

    def finish(self, estimate, progress):
        """The time it took, and what a History saw."""
        self._seconds = time.perf_counter() - self._begin
        self._date = datetime.date.today().isoformat()
        self._key = estimate.rng_key
        if self._watched:
            progress._add(getattr(estimate, "joint", estimate))
            self.history = progress.records
        return self

    def to_dict(self):
        """Plain numbers, strings, lists and dicts."""
        from buffon._information import environment

        return {"function": self._name, "call": self._call(), "date": self._date, "seconds": self._seconds,
                "inputs": described(self._law), "history": self.history, "environment": environment()}

    def _call(self):
        key = [] if self._kind == "sample" else [f"rng={self._key}"]
        return f"bf.{self._name}({', '.join([self._kind, *self._words, *key])})"


class Read:
    """A record that came from a file."""

    def __init__(self, state):
        self._state = state

    @property
    def history(self):
        return self._state["history"]

    def to_dict(self):
        return self._state


def _text(value):
    """As it is typed; "..." for functions, tables and whatever is long."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)) and len(value) <= 8:
        return f"[{', '.join(map(_text, value))}]"
    text = repr(value) if hasattr(value, "log_density") and not hasattr(value, "x") else "..."
    return text if len(text) <= 80 and "\n" not in text and " of " not in text else "..."


def described(law):
    """A law in words, and its marginal laws with what a small picture needs; None for no law."""
    if law is None:
        return None
    names, text = list(law.names), repr(law)
    laws = getattr(law, "laws", [law] if len(names) == 1 else [])   # of a Joint its own
    found = dict(zip(names, map(repr, laws.values() if isinstance(laws, dict) else laws), strict=False))
    pictures = _histograms(law, names[:_MOST_INPUTS])
    marginals = [{"name": name, "law": found.get(name, ""), **pictures.get(name, {})} for name in names]
    return {"text": text, "marginals": marginals, "copulas": _copulas(law)}


def _copulas(law):
    """Of a Joint: each in words, the inputs that it joins, and its correlations where it has some."""
    found = getattr(law, "copula", None)
    copulas = found if isinstance(found, list) else [found] if found is not None else []
    return [{"text": repr(copula), "names": copula.names or list(law.names),
             "correlation": copula.correlation.tolist() if hasattr(copula, "correlation") else None} for copula in copulas]


def _histograms(law, names):
    """Of draws, without the outermost thousandths."""
    x = law.sample(_DRAWS, rng=0)
    out = {}
    for name, column in zip(names, x.T, strict=False):
        low, high = np.quantile(column, [0.001, 0.999])
        heights, edges = np.histogram(column, bins=_BINS, range=(low, high) if high > low else None)
        out[name] = {"edges": edges.tolist(), "heights": heights.tolist()}
    return out
