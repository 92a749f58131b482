"""What starts from a transport map are worth: copies, mode mixture, and the error bound term by term. Attached to the C++ class
on import."""

from dataclasses import dataclass

import numpy as np

from buffon._buffon import Estimate
from buffon._buffon import diffusion as _native

_PRODUCTS = 2_000_000_000   # of a look at the copies, about a second


@dataclass(frozen=True)
class TransportReport:
    """
    What ``TransportStart.report`` finds.

    W2(samples, data) <= ``stretch`` (``start`` + ``mass``) + ``solver`` + ``end`` = ``bound``, beside ``measured``; ``floor`` is
    the distance of two sets of data of the same size. ``memorised`` and ``mixture`` are Estimates of the samples; ``mixture`` is
    None where nothing tells classes.
    """

    stretch: float
    start: float
    mass: float
    solver: float
    end: float
    measured: float
    floor: "float | None"
    memorised: Estimate
    mixture: "Estimate | None"
    evaluations: float

    @property
    def bound(self) -> float:
        """The sum of its terms."""
        return self.stretch * (self.start + self.mass) + self.solver + self.end

    def __repr__(self):
        mixture = "classes unknown" if self.mixture is None else f"two modes in {_share(self.mixture)}"
        floor = "" if self.floor is None else f", {self.floor:.3g} between two sets of data"
        return (
            f"TransportReport: {self.evaluations:.3g} evaluations a sample, memorised {_share(self.memorised)}, "
            f"{mixture}; W2 to the data {self.measured:.3g}{floor}, bound {self.stretch:.3g} (start {self.start:.3g} + "
            f"mass {self.mass:.3g}) + solver {self.solver:.3g} + end {self.end:.3g} = {self.bound:.3g}"
        )


def _share(estimate):
    low, high = estimate.confidence_interval()
    return f"{estimate.value[0]:.3g} ({low[0]:.2g} to {high[0]:.2g})"


def _images(self):
    """The starts in the coordinates of the data, x0 + level eps."""
    if self.schedule is None:
        return self.x
    return self.x / self.schedule.alpha(self.schedule.t_of_lam(-np.log(self.level)))


def _targets(self):
    return self.map.points[self.map.wanted > 0]


def memorised(self) -> "Estimate | None":
    """Share of the starts that copy a point of the map, an Estimate of ``memorised``; of so many that it takes about a second.
    None for one point."""
    if "_memorised" not in self.__dict__:
        targets = _targets(self)
        rows = max(100, _PRODUCTS // targets.size)
        self._memorised = _native.memorised(_images(self)[:rows], targets) if len(targets) > 1 and len(self.x) > 1 else None
    return self._memorised


def mass_bound(self) -> float:
    """What the wrong masses of the cells may add to W2(starts, noisy data): the root of half their L1 error times the points'
    squared diameter."""
    return float(np.sqrt(0.5 * max(self.map.mass_error.value[0], 0.0)) * np.linalg.norm(np.ptp(_targets(self), axis=0)))


def describe(self):
    """One line; looks at the copies when it is first asked."""
    copies = self.memorised
    text = "" if copies is None else f", memorised {_share(copies)}"
    averaged = float(np.mean(self.used > 1))
    return (
        f"TransportStart({len(self.x)} starts, d={self.x.shape[1]}, level {self.level}): {averaged:.3g} between points{text}, "
        f"wrong masses add at most {self.mass_bound:.3g} to W2"
    )


def report(self, model, table, data=None, *, classifier=None, n=1000, stretched=100, rng=0, threads=0) -> "TransportReport":
    """
    Samples of the first starts beside the data: quality, copies, mode mixture, and the error bound of DPM-OT term by term.

    The exact flow is that of ``rk45`` with tolerances 1e-6, so the terms ``stretch`` and ``solver`` cost 2 d ``stretched`` + 2 n
    of its runs.

    Parameters
    ----------
    model : denoiser
        That the samplers use.
    table : Table
        Goes on from the level of the starts, in their schedule.
    data : array (m, d), optional
        Fresh data, m at least n; None: drawn from an exact model.
    classifier : GaussianMixture or callable, optional
        Whose classes ``mode_mixture`` counts. None: the model where it is a mixture.
    n : int
        Starts that are used, at most.
    stretched : int
        Starts at which the flow's derivative is taken. ``stretch`` is the largest of these, or, where that is larger, what the
        flow does to the distance of the starts from noisy data, pair by pair: between modes it is steeper than at either.
    rng : int, Generator, SeedSequence or None
        Key of samples and data, or what gives one.
    threads : int
        Threads, 0 for all; changes no result.

    Returns
    -------
    TransportReport

    Raises
    ------
    ValueError
        If there are too few data, or none and the model has none.

    References
    ----------
    Li, Li, Zheng, Lei, Luo, Gu, "DPM-OT: a new diffusion probabilistic model based on optimal transport", ICCV 2023; the bound:
    docs/transport.md.

    Examples
    --------
    >>> from buffon import diffusion as bd
    >>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
    >>> found = bd.transport_map(model.forward(200, 0.0, rng=1), method="newton")
    >>> table = bd.heun(bd.VE(), steps=3, to_zero=True, t_start=bd.VE().t_of_lam(1.2), t_end=bd.VE().t_of_lam(4.6))
    >>> bd.transport_start(found, 300, 0.3, rng=2).report(model, table, stretched=10).mixture.value.shape
    (1,)
    """
    from buffon import diffusion as bd
    from buffon import wasserstein

    n, key = min(n, len(self.x)), int(_native._rng_key(rng))
    drawn = data is None and hasattr(model, "forward")
    if data is None and not drawn:
        raise ValueError("TransportStart.report: data must be given, rows (m, d), as the model draws none")
    data = model.forward(2 * n, 0.0, rng=(key + 1) % 2**64) if drawn else np.asarray(data, dtype=float)
    if data.ndim != 2 or len(data) < n or n < 2:
        raise ValueError(f"TransportStart.report: data must have shape (m, d) with m >= n >= 2, got {data.shape} for n = {n}")
    draws = bd.sample(model, table, x=self.x[:n], level=self.level, rng=key, threads=threads)
    samples = draws.x if self.schedule is None else draws.x / self.schedule.alpha(table.times[-1])
    last = min(level for level in np.ravel(table.levels) if level > 0)
    ve, v = bd.VE(), _images(self)[:n]
    exact = bd.rk45(ve, rtol=1e-6, atol=1e-6, t_start=ve.t_of_lam(-np.log(self.level)), t_end=ve.t_of_lam(-np.log(last)))

    def flow(rows):
        return bd.sample(model, exact, x=rows, level=self.level, rng=key, threads=threads).x

    noisy = data[:n] + self.level * np.random.default_rng(key).standard_normal((n, data.shape[1]))
    pairs, ends = wasserstein(v, noisy), flow(v)
    apart = np.sqrt(
        ((ends - flow(noisy[pairs.partner])) ** 2).sum(axis=1).mean()
    )  # of the flow's ends, paired as their starts are
    judge = model if classifier is None and isinstance(model, bd.GaussianMixture) else classifier
    return TransportReport(
        stretch=max(_stretch(flow, v[:stretched]), float(apart / pairs.distance)),
        start=pairs.distance,
        mass=self.mass_bound,
        solver=float(np.sqrt(((samples - ends) ** 2).sum(axis=1).mean())),
        end=float(last * np.sqrt(data.shape[1])),
        measured=wasserstein(samples, data[:n]).distance,
        floor=wasserstein(data[n : 2 * n], data[:n]).distance if len(data) >= 2 * n else None,
        memorised=bd.memorised(samples, _targets(self), threads=threads),
        mixture=None if judge is None else bd.mode_mixture(samples, judge, threads=threads),
        evaluations=draws.evaluations / n,
    )


def _stretch(flow, x):
    """The largest singular value of the flow's derivative at these rows, by central differences."""
    count, d, h = *x.shape, 1e-4
    moved = np.concatenate([x[:, None] + s * h * np.eye(d) for s in (1, -1)], axis=1).reshape(-1, d)
    y = flow(moved).reshape(count, 2, d, d)
    return float(np.linalg.norm((y[:, 0] - y[:, 1]) / (2 * h), ord=2, axis=(1, 2)).max())


_class = _native.TransportStart
_class.memorised, _class.mass_bound, _class.__repr__, _class.report = property(memorised), property(mass_bound), describe, report
for _function in (describe, report):
    _function.__qualname__ = f"TransportStart.{'__repr__' if _function is describe else 'report'}"
TransportReport.__module__ = "buffon.diffusion"
