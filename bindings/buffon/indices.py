"""What Indices do with Python's other tools: text, tables, pictures. Attached to the C++ class on import."""
import html
import os
import re
import textwrap
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from buffon import _advice, _words
from buffon._buffon import Estimate, Indices, Problem, _with_error
from buffon._extras import needed
from buffon._record import Read
from buffon.estimate import _check_version, _damage, _read, _record_of, _write

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas
    import xarray
    from numpy.typing import ArrayLike

_KIND = "buffon.Indices"
_SMALL = 1e-7   # nobody reads the digits beyond
_MOST_TABLES = 6   # outputs that are shown one by one; of more those of all together
_READING = (
    "first order: the share of the variance that goes once this input is known; total order: what stays as long as it is not; "
    "the difference is its part in interactions"
)


def __repr__(self) -> str:
    """A table of first and total orders, the evaluations, how to read it, and what makes the intervals doubtful.

    Of more than six outputs a single table, of all together.
    """
    lines = []
    for title, rows in _tables(self):
        lines += _aligned([[f"Sobol' indices{title}", "first order", "total order"], *rows])
    pairs = self.second_order if len(self.outputs) <= _MOST_TABLES else None
    if pairs is not None:
        lines += _aligned([["pairs", "second order"], *([name, _number(pairs, name)] for name in pairs.names)])
    failed = f", {self.n_failed:,} failed" if self.n_failed else ""
    lines.append(f"({_words.counted(self.n, 'evaluation')}{failed})")
    lines += textwrap.wrap(_READING, 110)
    return "\n".join([*lines, *(f"warning: {doubt}" for doubt in _advice.doubts(self))])


def _tables(indices):
    """(title, rows) of each output where they are few, then of all of several together."""
    m = len(indices.outputs)
    if m <= _MOST_TABLES:
        yield from ((f" of {output}" if m > 1 else "", _rows(indices, output)) for output in indices.outputs)
    if m > 1:
        all_ = indices.aggregated
        yield (
            f" of all {m:,} outputs",
            [[g, _number(all_, f"first order of {g}"), _number(all_, f"total order of {g}")] for g in indices.groups],
        )


def _rows(indices, output):
    for group in indices.groups:
        name = group if len(indices.outputs) == 1 else f"{group}: {output}"
        yield [group, _number(indices.first_order, name), _number(indices.total_order, name)]


def _number(estimate, name):
    value, error = (float(numbers[estimate.names.index(name)]) for numbers in (estimate.value, estimate.std_error))
    return f"{value:.7f} ± <1e-7" if 0 < error < _SMALL else _with_error(value, error)


def _aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def to_dict(self, level: float = 0.95) -> dict[str, Any]:
    """Record of plain numbers, strings, lists and dicts, ready for JSON: that of each order, see ``Estimate.to_dict``, with
    ``groups``, ``outputs``, and of several outputs ``aggregated``."""
    parts = {**_orders(self), **({"aggregated": self.aggregated} if len(self.outputs) > 1 else {})}
    return {"groups": self.groups, "outputs": self.outputs, **{key: estimate.to_dict(level) for key, estimate in parts.items()}}


def _orders(indices):
    orders = {"first_order": indices.first_order, "total_order": indices.total_order, "second_order": indices.second_order}
    return {key: estimate for key, estimate in orders.items() if estimate is not None}


def to_dataframe(self, level: float = 0.95) -> "pandas.DataFrame":
    """pandas table: a row for each index; columns order, name, value, std_error, low, high, doubtful, input (or pair), output."""
    pandas = needed("pandas", "Indices.to_dataframe", "data")
    frames = [
        e.to_dataframe(level).reset_index().assign(order=key.partition("_")[0], **_subjects(self, key))
        for key, e in _orders(self).items()
    ]
    frame = pandas.concat(frames, ignore_index=True)
    frame = frame[["order", *(column for column in frame.columns if column != "order")]]
    frame.attrs.update(frames[0].attrs)
    return frame


def _subjects(indices, order):
    """Columns of inputs (or pairs) and outputs, in the order of the values."""
    subjects = [", ".join(pair) for pair in combinations(indices.groups, 2)] if order == "second_order" else indices.groups
    return {"input": [s for s in subjects for _ in indices.outputs], "output": indices.outputs * len(subjects)}


def shape(self) -> tuple[int, ...]:
    """Of one row of the model's output: (m,), or (p, q) where it gave tables and nobody named their numbers; () of one output."""
    found = [re.fullmatch(r"y(\d+(?:,\d+)+)", name) for name in self.outputs]
    if len(self.outputs) == 1:
        return ()
    return tuple(map(int, found[-1][1].split(","))) if all(found) else (len(self.outputs),)


def to_xarray(self, level: float = 0.95) -> "xarray.Dataset":
    """xarray data set: first_order and total_order over ``input`` and ``output`` (``output_1``, ``output_2`` where outputs are
    tables).

    Each has companions with ``_std_error``, ``_low`` and ``_high`` behind its name. ``second_order`` is over ``input``,
    ``input_2`` and the outputs, symmetric, NaN on its diagonal; of several outputs ``aggregated_first_order`` and
    ``aggregated_total_order`` are over ``input``.
    """
    xarray = needed("xarray", "Indices.to_xarray", "data")
    shape, g, m = self.shape, len(self.groups), len(self.outputs)
    dims = ["output"] * (len(shape) == 1) or [f"output_{k}" for k in range(1, len(shape) + 1)]
    variables = {}
    for key, estimate in _orders(self).items():
        for suffix, numbers in _columns(estimate, level).items():
            if key == "second_order":
                variables[key + suffix] = (["input", "input_2", *dims], _square(numbers.reshape(-1, m), g).reshape(g, g, *shape))
            else:
                variables[key + suffix] = (["input", *dims], numbers.reshape(g, *shape))
    for suffix, numbers in _columns(self.aggregated, level).items() if m > 1 else ():
        for k, key in enumerate(("first_order", "total_order")):
            variables[f"aggregated_{key}{suffix}"] = (["input"], numbers[k * g : (k + 1) * g])
    coords = {"input": self.groups, **({"input_2": self.groups} if self.second_order is not None else {})}
    if len(shape) == 1:
        coords["output"] = self.outputs
    attrs = {
        "n": self.n,
        "n_failed": self.n_failed,
        "rng_key": self.rng_key,
        "level": level,
        "warnings": self.warnings,
        "advice": _advice.doubts(self),
    }
    return xarray.Dataset(variables, coords=coords, attrs=attrs)


def _columns(estimate, level):
    low, high = estimate._interval(level)
    return {"": estimate.value, "_std_error": estimate.std_error, "_low": low, "_high": high}


def _square(pairs, g):
    """(pairs, m) to both halves of (g, g, m)."""
    out = np.full((g, g, pairs.shape[1]), np.nan)
    for (i, j), row in zip(combinations(range(g), 2), pairs, strict=True):
        out[i, j] = out[j, i] = row
    return out


def save(self, path: "str | os.PathLike[str]") -> None:
    """Write to a JSON file that ``Indices.load`` reads back bit for bit, with what ``more`` goes on from where the run kept
    it."""
    state = {"groups": self.groups, "outputs": self.outputs, "second_order": self.second_order is not None}
    record = getattr(self, "_record", None)
    _write(path, {"kind": _KIND, **_record_of(self.joint), "indices": state, **({"record": record.to_dict()} if record else {})})


def load(path: "str | os.PathLike[str]") -> Indices:
    """Read what ``save`` wrote.

    Raises
    ------
    ValueError
        If the file is something else, damaged, or of a version that this Buffon does not read.
    """
    state = _read(path, _KIND, "Indices")
    with _damage(path, "Indices"):
        _check_version(path, state, "Indices")
        indices = Indices._from_state({**state["indices"], "joint": Estimate._from_state(state)})
        if "record" in state:
            indices._record = Read(state["record"])
        return indices


def more(self, n: int, problem: "Problem | None" = None, **run: Any) -> Indices:
    """These indices from at most ``n`` evaluations more: further replicates of the same net, no point again.

    Of a run with ``keep="state"`` or ``"sample"``; ``run`` is what ``extend`` takes (threads, batch, progress). With a surrogate
    the new replicates use that of the run; without one the result is that of one run with so many ``replicates``, bit for bit.

    Parameters
    ----------
    n : int
        Evaluations, at least those of one replicate.
    problem : Problem, optional
        Only where these indices come from a file or a pickle: they know no model then.
    """
    from buffon import extend

    problem = problem if problem is not None else getattr(self, "_problem", None)
    if problem is None:
        raise ValueError("Indices.more: problem must be given: indices that come from a file or a pickle know no model")
    grown = extend(self, problem, budget=self.n + n, **run)
    grown._problem = problem
    return grown


def history(self) -> list[dict[str, Any]]:
    """What was known at every growth (see ``more``), or at moments of a run with ``progress=bf.History()``: as
    ``Estimate.history``.

    ``names``, ``n`` (evaluations so far), and by moment ``value``, ``low`` and ``high`` of the 95 % intervals of ``joint``.
    """
    record, growth = getattr(self, "_record", None), self._growth
    if growth is None:
        return record.history if record else []
    (low, high), k = self.joint._interval(), len(self.joint)
    rows = [*growth, np.concatenate([[self.n], self.joint.value, low, high])]
    parts = {"value": slice(1, 1 + k), "low": slice(1 + k, 1 + 2 * k), "high": slice(1 + 2 * k, None)}
    moments = {key: [row[part].tolist() for row in rows] for key, part in parts.items()}
    return [{"label": "", "names": self.joint.names, "n": [int(row[0]) for row in rows], **moments}]


def plot(
    self, ax: "matplotlib.axes.Axes | None" = None, level: float = 0.95, x: "ArrayLike | None" = None
) -> "matplotlib.axes.Axes":
    """Bars of first and total order side by side, input by input, with their intervals; one axes per output.

    Of more than six outputs lines over the outputs with bands, an axes for each order; where they are tables of two axes (see
    ``shape``) an image for each order and input.

    Parameters
    ----------
    x : (m,), optional
        Where many outputs stand on the axis: times, places; else their numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The given one (of a single output), or the first of a new figure.
    """
    many = len(self.outputs) > _MOST_TABLES
    rows, panels = (2, len(self.groups)) if many and len(self.shape) == 2 else (1, 2 if many else len(self.outputs))
    if ax is None:
        pyplot = needed("matplotlib.pyplot", "Indices.plot", "plot")
        width, height = (3.2 * panels, 5.6) if rows > 1 else (6.4 * panels**0.7, 4.8)
        _, axes = pyplot.subplots(rows, panels, layout="constrained", squeeze=False, sharey=True, figsize=(width, height))
        axes = list(axes.flat)
    elif rows * panels > 1:
        raise ValueError(f"Indices.plot: ax takes one output, the indices have {len(self.outputs)}")
    else:
        axes = [ax]
    if rows > 1:
        _images(self, axes)
    elif many:
        _lines(self, axes, level, np.arange(1, len(self.outputs) + 1) if x is None else np.asarray(x, float))
    else:
        for k, axis in enumerate(axes):
            _bars(self, k, axis, level)
    if rows == 1:
        axes[0].set_ylabel(f"share of the variance ({_advice.interval_title(self, level)})")
        axes[0].legend()
    doubts = [line for doubt in _advice.doubts(self) for line in textwrap.wrap(f"Doubtful: {doubt}", 90)]
    axes[-panels].set_xlabel("\n".join([axes[-panels].get_xlabel(), *doubts]))
    return axes[0]


def _lines(indices, axes, level, x):
    """First and total order of every input over the outputs."""
    if x.shape != (len(indices.outputs),):
        raise ValueError(f"Indices.plot: x must have shape ({len(indices.outputs)},), got {x.shape}")
    for ax, (title, estimate) in zip(
        axes, (("first order", indices.first_order), ("total order", indices.total_order)), strict=True
    ):
        low, high = (bound.reshape(-1, len(x)) for bound in estimate._interval(level))
        for i, (group, values) in enumerate(zip(indices.groups, estimate.value.reshape(-1, len(x)), strict=True)):
            ax.plot(x, values, color=f"C{i}", label=group)
            ax.fill_between(x, low[i], high[i], color=f"C{i}", alpha=0.25, linewidth=0)
        ax.set_title(title)
        ax.axhline(0, color="0.4", linewidth=0.8)
        ax.set_xlabel(f"output, {_words.counted(indices.n, 'evaluation')}")


def _images(indices, axes):
    """A map of each input's first order above that of its total order, on one scale."""
    g = len(indices.groups)
    for row, (title, estimate) in enumerate((("first order", indices.first_order), ("total order", indices.total_order))):
        for i, values in enumerate(estimate.value.reshape(g, *indices.shape)):
            ax = axes[row * g + i]
            image = ax.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto", origin="lower")
            ax.set_title(f"{title} of {indices.groups[i]}")
    axes[0].figure.colorbar(image, ax=axes, label="share of the variance")


def _bars(indices, k, ax, level):
    for shift, (label, estimate) in zip(
        (-0.2, 0.2), (("first order", indices.first_order), ("total order", indices.total_order)), strict=True
    ):
        low, high = (bound[k :: len(indices.outputs)] for bound in estimate._interval(level))
        value = estimate.value[k :: len(indices.outputs)]
        ax.bar([i + shift for i in range(len(value))], value, 0.4, yerr=[value - low, high - value], capsize=3, label=label)
    ax.set_xticks(range(len(indices.groups)), indices.groups)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.set_xlabel(f"{indices.outputs[k]}, {_words.counted(indices.n, 'evaluation')}")


def _repr_html_(self) -> str:
    """Table for notebooks."""
    tables = []
    for title, rows in _tables(self):
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(first)}</td><td>{html.escape(total)}</td></tr>"
            for name, first, total in rows
        )
        head = html.escape(title.removeprefix(" of ") or self.outputs[0])
        tables.append(
            f"<table><thead><tr><th>{head}</th><th>first order</th><th>total order</th></tr></thead>"
            f"<tbody>{cells}</tbody></table>"
        )
    notes = "".join(f"<br>warning: {html.escape(doubt)}" for doubt in _advice.doubts(self))
    spent = _words.counted(self.n, "evaluation")
    return "".join(tables) + f"<small>{spent}; rng_key {self.rng_key}; {html.escape(_READING)}{notes}</small>"


for _method in (__repr__, to_dict, to_dataframe, to_xarray, plot, save, more, _repr_html_):
    _method.__qualname__ = f"Indices.{_method.__name__}"
    setattr(Indices, _method.__name__, _method)
Indices.shape, Indices.history = property(shape), property(history)
Indices.load = staticmethod(load)
