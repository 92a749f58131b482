"""The picture of an order report. Attached to the C++ class on import."""
from typing import TYPE_CHECKING

import numpy as np

from buffon._buffon import diffusion as _native
from buffon._extras import needed

if TYPE_CHECKING:
    import matplotlib.axes


def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
    """Errors over numbers of steps, both logarithmic, with the line of the measured order and one of the declared order.

    Returns
    -------
    matplotlib.axes.Axes
        The given one, or that of a new figure.
    """
    if ax is None:
        _, ax = needed("matplotlib.pyplot", "OrderReport.plot", "plot").subplots(layout="constrained")
    used = np.isin(self.steps, self.asymptotic)
    n = self.asymptotic
    middle = np.exp(np.log(self.errors[used]).mean() + self.order * np.log(n).mean())
    ax.loglog(self.steps, self.errors, "o", label=self.solver.partition("(")[0])
    ax.loglog(n, middle * n**-self.order, "-", label=f"order {self.order:.2f}")
    ax.loglog(
        n,
        self.errors[used][0] * (n / n[0]) ** -self.declared,
        "--",
        label=f"declared from the {self.end}: {self.declared:g}",
    )
    ax.set_xlabel("steps")
    ax.set_ylabel("error on Gaussian data")
    ax.legend()
    return ax


plot.__qualname__ = "OrderReport.plot"
_native.OrderReport.plot = plot
