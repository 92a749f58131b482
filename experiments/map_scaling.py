"""What a transport map costs: number of targets and dimension, from two to thousands, on one core of a processor.

N normal points in d dimensions, equal masses, from the standard normal law. `microseconds`: processor time of a draw in a search with a fixed
budget, its start, steps and check together; `l1`: L1 error of the masses on draws that no step has seen, free of their noise; `excess`: l1 over
0.8 sqrt(N / draws), which plain counts of as many draws at the right heights are wrong by; `to_target`: processor time at which l1 would be 0.02 by
its square-root law. `gain`: the control's l1 over the method's after equal processor time.

The control, expected to lose, is the loop that users write: a product, argmax and Adam with decaying steps and a running mean, here in NumPy.
Pairs of N and d beyond ``largest`` products a draw are left out ("-"): they are for a GPU. In the plane narrow cells need a soft start, whose cost grows
with N^2: exact Newton steps are the way there, and stand beside it.
"""
import time
from dataclasses import dataclass

import numpy as np

from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save, short

METHOD, CONTROL, EXACT = "transport_map", "Adam in NumPy", "exact Newton"
COUNTS, DIMS = (100, 1000, 10_000, 50_000), (2, 16, 64, 512, 3072)

EXPECTED = (
    *(Claim("after equal time the loop is further off", METHOD, f"N = {n}, d = {d}", "gain", at_least=1.5) for n, d in ((1000, 16), (1000, 64))),
    *(Claim("a draw is worth nearly what it can be", METHOD, f"N = {n}, d = {d}", "excess", at_most=2.5) for n, d in ((1000, 16), (1000, 64))),
)


@dataclass(frozen=True)
class Config:
    """``draws`` of each search for each target, at least ``least``; pairs of N and d of at most ``largest`` products are run, in the plane
    up to ``planar`` targets."""

    counts: tuple = COUNTS
    dims: tuple = DIMS
    draws: int = 1000
    least: int = 1_000_000
    checked: int = 1_000_000
    largest: int = 64_000
    planar: int = 100
    rng: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(counts=(100, 1000), dims=(2, 16, 64), draws=600, least=600_000, checked=300_000, largest=64_000)


def run(config, progress=None):
    """Two records per pair of N and d."""
    pairs = [(n, d) for n in config.counts for d in config.dims if n * d <= config.largest and (d > 2 or n <= config.planar)]
    records = []
    for i, (n, d) in enumerate(pairs):
        records += _pair(n, d, config)
        if progress:
            progress(i + 1, len(pairs))
    return records


def tables(records):
    """What `buffon run` prints: a table per figure."""
    cell, out = {(r["targets"], r["dim"]): r for r in records if r["arm"] == METHOD}, []
    for measure, title in (("microseconds", "Microseconds of a draw"), ("l1", "L1 error of the masses"), ("excess", "of what counts of right heights show"),
                           ("to_target", "Seconds to an L1 error of 0.02"), ("gain", "Error of the loop after equal time, over ours")):
        rows = [[f"N = {n:,}", *(short(cell[n, d][measure]) if (n, d) in cell else "-" for d in DIMS)] for n in COUNTS]
        out.append(Table(title, ["", *(f"d = {d}" for d in DIMS)], rows))
    exact = [[f"N = {r['targets']:,}", short(r["cpu_seconds"])] for r in records if r["arm"] == EXACT]
    return [*out, Table("Exact Newton steps in two dimensions", ["", "seconds"], exact)]


def picture(records, path):
    """Time of a draw, and to 2 %, over the number of targets."""
    figure, axes = new_figure(2, (7.6, 3.2))
    for i, d in enumerate(sorted({r["dim"] for r in records})):
        rows = [r for r in records if r["dim"] == d and r["arm"] == METHOD]
        for ax, measure in zip(axes, ("microseconds", "to_target"), strict=True):
            ax.loglog([r["targets"] for r in rows], [r[measure] for r in rows], "o-", markersize=3, color=f"C{i}", label=f"d = {d}")
    axes[0].set(xlabel="targets", ylabel="microseconds a draw, one core")
    axes[1].set(xlabel="targets", ylabel="seconds to an L1 error of 0.02")
    axes[0].legend(frameon=False, fontsize=7)
    save(figure, path)


def _pair(n, d, config):
    y = np.random.default_rng(config.rng).standard_normal((n, d))
    budget = max(config.draws * n, config.least)
    begin = time.process_time()
    found = bd.transport_map(y, target_error=0, budget=budget, rng=config.rng, threads=1)
    seconds = time.process_time() - begin
    l1, loop = _l1(found, config), _l1(bd.transport_map(y, heights=_loop(y, seconds, config.rng), target_error=1.9, rng=config.rng, threads=1), config)
    common = {"kind": "criterion", "case": f"N = {n}, d = {d}", "targets": n, "dim": d, "cpu_seconds": seconds}
    exact = [{**common, "arm": EXACT, "role": "method", "l1": 0.0, "cpu_seconds": _exact(y)}] if d == 2 else []
    return [*exact, {**common, "arm": METHOD, "role": "method", "draws": found.n, "microseconds": 1e6 * seconds / found.n, "l1": l1,
             "excess": l1 / (0.8 * np.sqrt(n / found.n)), "to_target": seconds * (l1 / 0.02)**2, "gain": loop / max(l1, 1e-12)},
            {**common, "arm": CONTROL, "role": "control", "l1": loop}]


def _exact(y):
    begin = time.process_time()
    bd.transport_map(y, method="newton", threads=1)
    return time.process_time() - begin


def _l1(found, config):
    return float(found.check(config.checked, rng=config.rng + 10**6).mass_error.value[0])


def _loop(y, seconds, key, batch=1024):
    """Heights by Adam on E max_j(<x, y_j> + h_j) - mean h, its steps decaying over the whole time."""
    rng, (n, d) = np.random.default_rng(key), y.shape
    points, h = y.astype(np.float32).T.copy(), (-0.5 * (y**2).sum(1)).astype(np.float32)
    m, v, average, rate, t = np.zeros(n), np.zeros(n), h.astype(float), 0.05 * y.std() * np.sqrt(d), 0
    begin = time.process_time()
    while (spent := time.process_time() - begin) < seconds:
        best = (rng.standard_normal((batch, d), dtype=np.float32) @ points + h).argmax(axis=1)
        g = np.bincount(best, minlength=n) / batch - 1 / n
        t += 1
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        h = (h - rate / (1 + 100 * spent / seconds) * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8 + 0.02 / n)).astype(np.float32)
        h -= h.mean()
        average += (h - average) / min(t, 1 + t // 3)
    return average
