"""The document of exposure_profile, and the picture of its answer. Attached to the C++ class on import."""
from typing import TYPE_CHECKING

from buffon._buffon import diffusion as _native
from buffon._extras import needed

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas

EXPOSURE_PROFILE = (
    """
    Exposure bias, node by node: how far the states of samplers are from noised data, which their denoiser was made for.

    All samplers share data, noise and starts, row by row, so that comparisons leave only the error that this leaves.
    Quantities, with x the states from the prior, y noised data, eps the noise prediction, sigma^2 the noise's variance:

    ``variance_ratio``: tr Cov(x) / tr Cov(y), the latter exact. ``moment_ratio``: the same of E|.|^2.
    ``mean_shift``: |E x - E y|^2. ``energy``: energy distance of x and y. ``frechet``: Frechet distance to y's exact moments.
    ``noise_ratio``: E|eps(x)| / E|eps(y)|, what epsilon scaling is to bring to 1.
    ``delta_single``: (s - sigma)^2 after one step from y of the node before, s the mean over the coordinates of the standard
    deviation of the state less alpha x0. ``delta_multi``: the same after ``chain`` steps, or all of them from the table's start:
    there the state forgets x0, and s is that of two draws of the data.
    ``prediction_error``: E|eps(x) - eps*(x)|^2 / d of the exact eps*. ``forward_error``: the same at y, the denoiser's own part;
    the difference is exposure. Of samplers whose denoiser is not the exact one.
    ``time_offset``: mean of t*(x) - t*(y), t* the time at which data have the variance of a row's coordinates. Less that of y,
    since of few coordinates t* is far from the node's time for noised data, too.
    """,
    """
    Returns
    -------
    ExposureProfile
        ``profile[quantity]`` is an Estimate of all samplers, node by node; ``profile.of(quantity, sampler)`` of one of them,
        ``profile.compare(quantity, a, b)`` of their difference; ``quantities``, ``times(sampler)``, ``notes``,
        ``plot(quantity)``. Squared distances are free of the bias that noise makes in them, so they may be negative; their
        intervals are not.

    Raises
    ------
    ValueError
        If nobody knows the data, a quantity is unknown, ``n`` is below 8, or a table chooses its steps as it goes, takes norms
        over all samples or reverts to a mean.

    References
    ----------
    Ning, Li, Su, Salah, Onal Ertugrul, "Elucidating the exposure bias in diffusion models", ICLR 2024, arXiv:2308.15321.
    Li, Qu, Yao, Sun, Moens, "Alleviating exposure bias in diffusion models through sampling with shifted time steps", ICLR 2024,
    arXiv:2305.15583.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [[[0.04, 0.0], [0.0, 0.04]]] * 2)
    >>> table = bd.ddim(bd.VP(), steps=8)
    >>> profile = bd.exposure_profile(model, {"plain": table, "scaled": (bd.noise_scaled(model, 1 / 1.03), table)}, n=2000, rng=1)
    >>> bool(profile.of("variance_ratio", "plain").value[-1] < 0.99)       # few steps shrink an exact model's samples
    True
    >>> low, high = profile.compare("variance_ratio", "scaled", "plain").confidence_interval()
    >>> bool(low[-1] > 0)
    True
    """,
)


def plot(
    self, quantity: str = "variance_ratio", level: float = 0.95, ax: "matplotlib.axes.Axes | None" = None
) -> "matplotlib.axes.Axes":
    """A quantity of all samplers over time, noise on the left, with intervals.

    Returns
    -------
    matplotlib.axes.Axes
        The given one, or that of a new figure.
    """
    if ax is None:
        _, ax = needed("matplotlib.pyplot", "ExposureProfile.plot", "plot").subplots(layout="constrained")
    positive = []
    for name in self.samplers:
        e = self.of(quantity, name)
        times = self.times(name)[1:len(e.value) + 1]
        low, high = e.confidence_interval(level)
        line, = ax.plot(times, e.value, ".-", label=name)
        ax.fill_between(times, low, high, alpha=0.25, color=line.get_color(), lw=0)
        positive += [t for t in times if t > 0]
    if positive and max(positive) > 100 * min(positive):   # noise levels: steps are alike in the logarithm; 0 has a place, too
        ax.set_xscale("symlog", linthresh=min(positive))
    ax.invert_xaxis()
    ax.set_xlabel("time")
    ax.set_ylabel(quantity.replace("_", " "))
    ax.legend()
    return ax


plot.__qualname__ = "ExposureProfile.plot"
_native.ExposureProfile.plot = plot


def to_dataframe(self, level: float = 0.95) -> "pandas.DataFrame":
    """pandas table: a row for each quantity of each sampler at each node; columns quantity, sampler, time, level, value,
    std_error, low, high."""
    pandas = needed("pandas", "ExposureProfile.to_dataframe", "data")
    frames = []
    for quantity in self.quantities:
        measured = {name.rpartition(" t=")[0] for name in self[quantity].names}   # an exact denoiser has no error
        for name in filter(measured.__contains__, self.samplers):
            e = self.of(quantity, name)
            nodes = slice(1, len(e.value) + 1)
            low, high = e.confidence_interval(level)
            frames.append(pandas.DataFrame({
                "quantity": quantity, "sampler": name, "time": self.times(name)[nodes], "level": self.levels(name)[nodes],
                "value": e.value, "std_error": e.std_error, "low": low, "high": high}))
    frame = pandas.concat(frames, ignore_index=True)
    frame.attrs.update(level=level, evaluations=self.evaluations, rng_key=self.rng_key)
    return frame


to_dataframe.__qualname__ = "ExposureProfile.to_dataframe"
_native.ExposureProfile.to_dataframe = to_dataframe
