"""The picture of two schedules. Attached to the C++ class on import."""
from typing import TYPE_CHECKING

import numpy as np

from buffon._buffon import diffusion as _native
from buffon._extras import needed

if TYPE_CHECKING:
    import matplotlib.axes


def plot(self, ax: "matplotlib.axes.Axes | None" = None) -> "matplotlib.axes.Axes":
    """lambda = log(alpha / sigma) of both schedules over the time, each from its t_end to its t_start.

    Over t / t_start where their times run to different ends.

    Returns
    -------
    matplotlib.axes.Axes
        The given one, or that of a new figure.
    """
    if ax is None:
        _, ax = needed("matplotlib.pyplot", "ScheduleComparison.plot", "plot").subplots(layout="constrained")
    scaled = self.a.t_start != self.b.t_start
    for schedule, style in ((self.a, "-"), (self.b, "--")):
        t = np.union1d(schedule.grid(200, "time"), schedule.grid(200))
        ax.plot(t / schedule.t_start if scaled else t, schedule.lam(t), style, label=type(schedule).__name__)
    ax.set_xlabel("t / t_start" if scaled else "t")
    ax.set_ylabel("lambda = log(alpha / sigma)")
    ax.legend()
    return ax


plot.__qualname__ = "ScheduleComparison.plot"
_native.ScheduleComparison.plot = plot
