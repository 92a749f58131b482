"""What an Estimate does with Python's other tools: records, tables, pictures, files. Attached to the C++ class on import."""
import errno
import html
import json
import math
import os
import textwrap
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buffon import _advice, _words
from buffon._buffon import Estimate, Problem
from buffon._extras import needed
from buffon._pictures import PICTURES
from buffon._record import Read

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas
    import xarray

_KIND = "buffon.Estimate"
_text = Estimate.__repr__   # with the warnings, without advice


def __repr__(self) -> str:
    """A line per value, the evaluations, and what makes the intervals doubtful with what to do about it."""
    numbers = _text(self).partition("\nwarning: ")[0]
    return "\n".join([numbers, *(f"warning: {doubt}" for doubt in _advice.doubts(self))])


def to_dict(self, level: float = 0.95) -> dict[str, Any]:
    """Record of plain numbers, strings, lists and dicts, ready for JSON.

    ``value``, ``std_error``, ``excess_kurtosis`` and ``interval`` are dicts by name, ``covariance`` is a list of rows in the
    order of ``names``; ``degrees_of_freedom`` is None where it is infinite; ``advice`` says what to do about the ``warnings``.
    """
    low, high = self._interval(level)
    named = {
        "value": self.value.tolist(),
        "std_error": self.std_error.tolist(),
        "excess_kurtosis": self.excess_kurtosis.tolist(),
        "interval": [list(bounds) for bounds in zip(low.tolist(), high.tolist(), strict=True)],
    }
    state = self._state()
    return {
        "names": state["names"],
        **{key: dict(zip(state["names"], row, strict=True)) for key, row in named.items()},
        "level": level,
        "covariance": self.covariance.tolist(),
        **{key: state[key] for key in ("n", "n_failed", "rng_key", "degrees_of_freedom", "diagnostics", "warnings")},
        "advice": _advice.doubts(self),
    }


def to_dataframe(self, level: float = 0.95) -> "pandas.DataFrame":
    """pandas table: a row per name; columns value, std_error, low, high, and doubtful, True where a warning names it or is about
    all.

    ``attrs`` holds n, n_failed, rng_key, level, and as ``advice`` the warnings with what to do about them.
    """
    pandas = needed("pandas", "Estimate.to_dataframe", "data")
    low, high = self._interval(level)
    columns = {
        "value": self.value,
        "std_error": self.std_error,
        "low": low,
        "high": high,
        "doubtful": _advice.doubtful_rows(self),
    }
    frame = pandas.DataFrame(columns, index=pandas.Index(self.names, name="name"))
    frame.attrs.update(_attributes(self, level))
    return frame


def to_xarray(self, level: float = 0.95) -> "xarray.Dataset":
    """xarray data set: value, std_error, low, high over ``name`` and covariance over (``name``, ``other``)."""
    xarray = needed("xarray", "Estimate.to_xarray", "data")
    low, high = self._interval(level)
    variables = {"value": self.value, "std_error": self.std_error, "low": low, "high": high}
    return xarray.Dataset(
        {**{key: ("name", column) for key, column in variables.items()}, "covariance": (("name", "other"), self.covariance)},
        coords={"name": self.names, "other": self.names},
        attrs={**_attributes(self, level), "warnings": self.warnings},
    )


def _attributes(estimate, level):
    return {"n": estimate.n, "n_failed": estimate.n_failed, "rng_key": estimate.rng_key, "level": level,
            "advice": _advice.doubts(estimate)}


def plot(self, ax: "matplotlib.axes.Axes | None" = None, level: float = 0.95) -> "matplotlib.axes.Axes":
    """Values with their intervals, a line per name, on a logarithmic axis where positive values span two decades.

    Of ``perturbed_law`` curves with bands, of ``law_derivatives`` and shares of variance (``shapley``) bars: one axes per output,
    the first of which is returned; a given one takes a single output. Where the estimate has warnings its intervals are called
    doubtful, and what to do stands below.

    Returns
    -------
    matplotlib.axes.Axes
        The given one, or that of a new figure.
    """
    picture = PICTURES.get(self.diagnostics.get("picture"))
    panels = len(self.diagnostics["outputs"]) if picture else 1
    own = ax is None
    if own:
        pyplot = needed("matplotlib.pyplot", "Estimate.plot", "plot")
        _, axes = pyplot.subplots(1, panels, layout="constrained", squeeze=False, figsize=(6.4 * panels**0.7, 4.8))
        ax = axes[0, 0]
    elif panels > 1:
        raise ValueError(f"Estimate.plot: ax takes one output, the estimate has {panels}")
    if picture:
        picture(self, ax.figure.axes if panels > 1 else [ax], level)
        return _told(self, ax, own)
    low, high = self._interval(level)
    rows = range(len(self))
    (points,) = ax.plot(self.value, rows, "o")
    middle, half = (low + high) / 2, (high - low) / 2          # an unbiased value may lie outside: of a square, below 0
    ax.errorbar(middle, rows, xerr=half, fmt="none", ecolor=points.get_color(), capsize=3)
    ax.set_yticks(rows, self.names)
    ax.invert_yaxis()
    ax.set_xlabel(f"value with interval ({_advice.interval_title(self, level)}), {_words.spent(self)}")
    if min(self.value) > 0 and max(self.value) >= 100 * min(self.value):
        ax.set_xscale("log")
    return _told(self, ax, own)


def _told(estimate, ax, own):
    """The axes with what makes the intervals doubtful below them."""
    letters = max(24, int(12 * ax.get_window_extent().width / ax.figure.dpi))   # 12 of them are an inch
    lines = [line for doubt in _advice.doubts(estimate) for line in textwrap.wrap(f"Doubtful: {doubt}", letters)]
    if lines and own:
        ax.figure.set_figheight(ax.figure.get_figheight() + 0.17 * len(lines))
    ax.set_xlabel("\n".join([ax.get_xlabel(), *lines]))
    return ax


def _repr_html_(self) -> str:
    """Table for notebooks."""
    low, high = self._interval()
    cells = zip(self.names, self.value, self.std_error, low, high, strict=True)
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th>" + "".join(f"<td>{number:.6g}</td>" for number in numbers) + "</tr>"
        for name, *numbers in cells
    )
    failed = f", {self.n_failed:,} failed" if self.n_failed else ""
    notes = "".join(f"<br>warning: {html.escape(doubt)}" for doubt in _advice.doubts(self))
    level = _advice.interval_title(self, 0.95)
    return (
        f"<table><thead><tr><th></th><th>value</th><th>std_error</th><th>low ({level})</th><th>high ({level})</th></tr></thead>"
        f"<tbody>{rows}</tbody></table><small>{_words.spent(self)}{failed}; rng_key {self.rng_key}{notes}</small>"
    )


def save(self, path: "str | os.PathLike[str]") -> None:
    """Write to a JSON file that ``Estimate.load`` reads back bit for bit; ``estimate.sample.save(path)`` writes the sample.

    What ``extend`` goes on from is in it where the run kept it. The call, the inputs and the ``history`` of the run go with it:
    ``buffon report DIR`` makes a page of them. A file of that name is replaced in one step: it is never seen half written.
    """
    record = getattr(self, "_record", None)
    _write(path, {"kind": _KIND, **_record_of(self), **({"record": record.to_dict()} if record else {})})


def load(path: "str | os.PathLike[str]") -> Estimate:
    """Read what ``save`` wrote.

    Raises
    ------
    ValueError
        If the file is something else, or of a version that this Buffon does not read.
    """
    state = _read(path, _KIND, "Estimate")
    with _damage(path, "Estimate"):
        _check_version(path, state, "Estimate")
        estimate = Estimate._from_state(state)
        if "record" in state:
            estimate._record = Read(state["record"])
        return estimate


def _record_of(estimate):
    """What a file holds of an estimate: plain numbers, strings, lists and dicts."""
    return {**estimate._state(), **_going_on(estimate)}


def _write(path, state):
    """As JSON; a file of that name is replaced in one step."""
    path = Path(path)
    if not path.parent.is_dir():   # else the error would name the part
        raise FileNotFoundError(errno.ENOENT, f"save: the folder {path.parent} does not exist", str(path))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    text = json.dumps(_portable(state), indent=1, allow_nan=False, ensure_ascii=False)
    try:
        part.write_text(text + "\n", encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _read(path, kind, who):
    """The dict that a file of this kind holds."""
    try:
        state = json.loads(Path(path).read_text(encoding="utf-8"), object_hook=_number)
    except ValueError:
        state = None   # no JSON, no text
    found = state.get("kind") if isinstance(state, Mapping) else None
    if found != kind:
        says = f", it says {found!r}" if found else ""
        raise ValueError(f"{who}.load: {path} must be a file written by {who}.save{says}")
    return state


def _check_version(path, state, who):
    if state.get("version") != Estimate._version:
        raise _Version(f"{who}.load: {path} must be of format version {Estimate._version}, got {state.get('version')!r}")


class _Version(ValueError):
    """Said as it is."""


@contextmanager
def _damage(path, who):
    """What goes wrong inside is said of the file."""
    try:
        yield
    except _Version as error:
        raise ValueError(str(error)) from None
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{who}.load: {path} is damaged: {error}") from error


def report(self, path: "str | os.PathLike[str]") -> None:
    """Write an HTML page: values, doubts and what to do about them, convergence, inputs, how to repeat the run.

    One file that needs neither a network nor Buffon to be read. The convergence is that of a run with
    ``progress=bf.History()``.
    """
    from buffon.report import of_estimate

    of_estimate(self, path)


def more(self, n: int, problem: "Problem | None" = None, **run: Any) -> Estimate:
    """This estimate from at most ``n`` evaluations more: ``bf.extend`` with a budget of ``estimate.n + n``.

    Of a run with ``keep="state"`` or ``"sample"``; ``run`` is what ``extend`` takes (threads, batch, progress, proposal,
    controls).

    Parameters
    ----------
    n : int
        Evaluations.
    problem : Problem, optional
        Only where the estimate comes from a file or a pickle: it knows no model then.
    """
    from buffon import extend

    problem = problem if problem is not None else getattr(self, "_problem", None)
    if problem is None:
        raise ValueError(
            "Estimate.more: problem must be given, as to bf.extend(estimate, problem, budget=...): an estimate that "
            "comes from a file, a pickle or an exception knows no model"
        )
    grown = extend(self, problem, budget=self.n + n, **run)
    grown._problem = problem
    return grown


def history(self):
    """Of a run with ``progress=bf.History()``: what it knew at moments of it, a dict for each series.

    ``names``, ``n`` (evaluations so far), and by moment ``value``, ``low`` and ``high`` of the 95 % interval.
    """
    record = getattr(self, "_record", None)
    return record.history if record else []


def _going_on(estimate):
    state = estimate._continuation()
    return {"continuation": state} if state else {}


def _portable(value):
    """JSON has no NaN and no infinity: {"float": "nan"}."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {key: _portable(item) for key, item in value.items()}
    return [_portable(item) for item in value] if isinstance(value, list) else value


def _number(value):
    return float(value["float"]) if value.keys() == {"float"} else value


Estimate.history = property(history)
for _method in (__repr__, to_dict, to_dataframe, to_xarray, plot, save, report, more, _repr_html_):
    _method.__qualname__ = f"Estimate.{_method.__name__}"
    setattr(Estimate, _method.__name__, _method)
Estimate.load = staticmethod(load)
