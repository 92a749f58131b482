"""What Indices do with Python's other tools: text, tables, pictures. Attached to the C++ class on import."""
import html
import textwrap
from typing import TYPE_CHECKING, Any

from buffon import _advice
from buffon._buffon import Indices, _with_error
from buffon._extras import needed

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas

_SMALL = 1e-7   # nobody reads the digits beyond
_READING = (
    "first order: the share of the variance that goes once this input is known; total order: what stays as long as it is not; "
    "the difference is its part in interactions"
)


def __repr__(self) -> str:
    """A table of first and total orders, the evaluations, how to read it, and what makes the intervals doubtful."""
    lines = []
    for output in self.outputs:
        title = f" of {output}" if len(self.outputs) > 1 else ""
        rows = [[f"Sobol' indices{title}", "first order", "total order"], *_rows(self, output)]
        lines += _aligned(rows)
    if self.second_order is not None:
        lines += _aligned([["pairs", "second order"], *([name, _number(self.second_order, name)] for name in self.second_order.names)])
    failed = f", {self.n_failed:,} failed" if self.n_failed else ""
    lines.append(f"({self.n:,} evaluations{failed})")
    lines += textwrap.wrap(_READING, 110)
    return "\n".join([*lines, *(f"warning: {doubt}" for doubt in _advice.doubts(self))])


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
    """Record of plain numbers, strings, lists and dicts, ready for JSON: that of each order, see ``Estimate.to_dict``."""
    orders = {"first_order": self.first_order, "total_order": self.total_order, "second_order": self.second_order}
    return {key: estimate.to_dict(level) for key, estimate in orders.items() if estimate is not None}


def to_dataframe(self, level: float = 0.95) -> "pandas.DataFrame":
    """pandas table: a row for each index; columns order, name, value, std_error, low, high, doubtful."""
    pandas = needed("pandas", "Indices.to_dataframe", "data")
    orders = {"first": self.first_order, "total": self.total_order, "second": self.second_order}
    frames = [e.to_dataframe(level).reset_index().assign(order=order) for order, e in orders.items() if e is not None]
    frame = pandas.concat(frames, ignore_index=True)
    frame = frame[["order", *(column for column in frame.columns if column != "order")]]
    frame.attrs.update(frames[0].attrs)
    return frame


def plot(self, ax: "matplotlib.axes.Axes | None" = None, level: float = 0.95) -> "matplotlib.axes.Axes":
    """Bars of first and total order side by side, input by input, with their intervals; one axes per output.

    Returns
    -------
    matplotlib.axes.Axes
        The given one (of a single output), or the first of a new figure.
    """
    panels = len(self.outputs)
    if ax is None:
        pyplot = needed("matplotlib.pyplot", "Indices.plot", "plot")
        _, axes = pyplot.subplots(1, panels, layout="constrained", squeeze=False, sharey=True, figsize=(6.4 * panels**0.7, 4.8))
        axes = list(axes[0])
    elif panels > 1:
        raise ValueError(f"Indices.plot: ax takes one output, the indices have {panels}")
    else:
        axes = [ax]
    for k, axis in enumerate(axes):
        _bars(self, k, axis, level)
    axes[0].set_ylabel(f"share of the variance ({_advice.interval_title(self, level)})")
    axes[0].legend()
    doubts = [line for doubt in _advice.doubts(self) for line in textwrap.wrap(f"Doubtful: {doubt}", 90)]
    axes[0].set_xlabel("\n".join([axes[0].get_xlabel(), *doubts]))
    return axes[0]


def _bars(indices, k, ax, level):
    for shift, (label, estimate) in zip((-0.2, 0.2), (("first order", indices.first_order), ("total order", indices.total_order)), strict=True):
        low, high = (bound[k :: len(indices.outputs)] for bound in estimate._interval(level))
        value = estimate.value[k :: len(indices.outputs)]
        ax.bar([i + shift for i in range(len(value))], value, 0.4, yerr=[value - low, high - value], capsize=3, label=label)
    ax.set_xticks(range(len(indices.groups)), indices.groups)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.set_xlabel(f"{indices.outputs[k]}, {indices.n:,} evaluations")


def _repr_html_(self) -> str:
    """Table for notebooks."""
    tables = []
    for output in self.outputs:
        cells = "".join(f"<tr><th>{html.escape(name)}</th><td>{html.escape(first)}</td><td>{html.escape(total)}</td></tr>" for name, first, total in _rows(self, output))
        tables.append(f"<table><thead><tr><th>{html.escape(output)}</th><th>first order</th><th>total order</th></tr></thead>"
                      f"<tbody>{cells}</tbody></table>")
    notes = "".join(f"<br>warning: {html.escape(doubt)}" for doubt in _advice.doubts(self))
    return "".join(tables) + f"<small>{self.n:,} evaluations; rng_key {self.rng_key}; {html.escape(_READING)}{notes}</small>"


for _method in (__repr__, to_dict, to_dataframe, plot, _repr_html_):
    _method.__qualname__ = f"Indices.{_method.__name__}"
    setattr(Indices, _method.__name__, _method)
