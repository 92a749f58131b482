"""What a transport map costs: number of targets and dimension, from two to thousands, on one core of a processor or on a GPU.

N normal points in d dimensions, equal masses, from the standard normal law. `microseconds`: time of a draw in a search with a
fixed budget, its start, steps and check together; `l1`: L1 error of the masses on draws that no step has seen, free of their
noise; `excess`: l1 over 0.8 sqrt(N / draws), which plain counts of as many draws at the right heights are wrong by; `to_target`:
time at which l1 would be 0.02 by its square-root law. `gain`: the control's l1 over the method's after equal time; where the
control was `hopeless`, beyond 1.5, it was not measured, and the gain is more. Time is that of one core of the processor; with
``device`` it is that of the clock. `machine` says of each record what it ran on.

The control, expected to lose, is the loop that users write: a product, argmax and Adam with decaying steps and a running mean, in
NumPy, or on the device in torch. A processor runs pairs of N and d of at most ``largest`` products a draw, a GPU those of more
than ``smallest``: `buffon run map_scaling` and `buffon run map_scaling --set device=cuda --set smallest=64000 --set
largest=1000000000 --set draws=400`. In the plane narrow cells need a soft start, whose cost grows with N^2: exact Newton steps on
the processor are the way there, and stand beside it.
"""
import time
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon._information import environment
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save, short

METHOD, CONTROL, EXACT = "transport_map", "Adam, a user's loop", "exact Newton"
WORST, HOPELESS = 1.9, 1.5   # heights whose error seems to be beyond the one on some hundred draws have more than the other
COUNTS, DIMS = (100, 1000, 10_000, 50_000), (2, 16, 64, 512, 3072)

EXPECTED = (
    *(
        Claim("after equal time the loop is further off", METHOD, f"N = {n}, d = {d}", "gain", at_least=1.5)
        for n, d in ((1000, 16), (1000, 64))
    ),
    *(
        Claim("a draw is worth nearly what it can be", METHOD, f"N = {n}, d = {d}", "excess", at_most=2.5)
        for n, d in ((1000, 16), (1000, 64))
    ),
    *(
        Claim("after equal time the loop is further off", METHOD, f"N = {n}, d = {d}", "gain", at_least=1.5)
        for n, d in ((10_000, 64), (50_000, 64))
    ),
)


@dataclass(frozen=True)
class Config:
    """``draws`` of each search for each target, at least ``least``; pairs of N and d of more than ``smallest`` and at most
    ``largest`` products are run, in the plane up to ``planar`` targets, and exactly up to ``exact`` of them."""

    counts: tuple = COUNTS
    dims: tuple = DIMS
    draws: int = 1000
    least: int = 1_000_000
    checked: int = 1_000_000
    smallest: int = 0
    largest: int = 64_000
    planar: int = 100
    exact: int = 1000
    rng: int = 1
    device: str = "cpu"

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(counts=(100, 1000), dims=(2, 16, 64), draws=600, least=600_000, checked=300_000, exact=100)


def run(config, progress=None):
    """Two records per pair of N and d; in the plane those of exact steps."""
    pairs = [
        (n, d)
        for n in config.counts
        for d in config.dims
        if config.smallest < n * d <= config.largest and (d > 2 or n <= config.planar)
    ]
    exact = [n for n in config.counts if n <= config.exact and 2 in config.dims and config.device == "cpu"]
    records = [_exact(n, config) for n in exact]
    if config.device != "cpu":
        bd.transport_map(
            _points(100, 2, config), budget=500_000, rng=config.rng, device=config.device
        )  # what a device does once is not timed
    for i, (n, d) in enumerate(pairs):
        records += _pair(n, d, config)
        if progress:
            progress(i + 1, len(pairs))
    return records


def tables(records):
    """What `buffon run` prints: a table per figure and machine."""
    out = []
    for machine in dict.fromkeys(r["machine"] for r in records):
        here = [r for r in records if r["machine"] == machine]
        cell = {(r["targets"], r["dim"]): r for r in here if r["arm"] == METHOD}
        for title, written in (
            ("Seconds to an L1 error of 0.02, and the loop's error after equal time, over ours", _to_target),
            ("Microseconds of a draw", lambda r: short(r["microseconds"])),
            ("L1 error of the masses, over what counts of right heights show", lambda r: short(r["excess"])),
        ):
            counts = [n for n in COUNTS if any(n == size for size, _ in cell)]
            rows = [[f"N = {n:,}", *(written(cell[n, d]) if (n, d) in cell else "-" for d in DIMS)] for n in counts]
            out.append(Table(f"{title}; {machine}", ["", *(f"d = {d:,}" for d in DIMS)], rows))
        exact = [[f"N = {r['targets']:,}", short(r["seconds"])] for r in here if r["arm"] == EXACT]
        out += [Table(f"Exact Newton steps in two dimensions; {machine}", ["", "seconds"], exact)] if exact else []
    return out


def _to_target(record):
    return f"{short(record['to_target'])} ({'> ' if record.get('hopeless') else ''}{short(record['gain'])})"


def picture(records, path):
    """Time of a draw, and to 2 %, over the number of targets."""
    figure, axes = new_figure(2, (7.6, 3.2))
    for i, d in enumerate(sorted({r["dim"] for r in records})):
        rows = [r for r in records if r["dim"] == d and r["arm"] == METHOD]
        for ax, measure in zip(axes, ("microseconds", "to_target"), strict=True):
            ax.loglog(
                [r["targets"] for r in rows],
                [r[measure] for r in rows],
                "o-",
                markersize=3,
                color=f"C{i}",
                label=f"d = {d}",
            )
    axes[0].set(xlabel="targets", ylabel="microseconds a draw")
    axes[1].set(xlabel="targets", ylabel="seconds to an L1 error of 0.02")
    axes[0].legend(frameon=False, fontsize=7)
    save(figure, path)


def _points(n, d, config):
    return np.random.default_rng(config.rng).standard_normal((n, d))


def _common(n, d, config):
    where = environment()["processor"] if config.device == "cpu" else bf.cuda_status()
    return {"kind": "criterion", "case": f"N = {n}, d = {d}", "targets": n, "dim": d, "device": config.device, "machine": where}


def _clock(config):
    return time.process_time if config.device == "cpu" else time.perf_counter


def _pair(n, d, config):
    y, clock = _points(n, d, config), _clock(config)
    budget, where = (
        max(config.draws * n, config.least, 400_000 + 200 * n),
        {"threads": 1} if config.device == "cpu" else {"device": config.device},
    )
    begin = clock()
    found = bd.transport_map(y, target_error=0, budget=budget, rng=config.rng, **where)
    seconds = clock() - begin
    heights = _loop(y, seconds, config)
    l1, control = _l1(found, config), bd.transport_map(y, heights=heights, target_error=WORST, rng=config.rng, **where)
    loop = _l1(control, config) if control.steps == 0 else HOPELESS
    common = {**_common(n, d, config), "seconds": seconds}
    return [{**common, "arm": METHOD, "role": "method", "draws": found.n, "microseconds": 1e6 * seconds / found.n, "l1": l1,
             "excess": l1 / (0.8 * np.sqrt(n / found.n)), "to_target": seconds * (l1 / 0.02)**2, "gain": loop / max(l1, 1e-12),
             "hopeless": loop == HOPELESS},
            {**common, "arm": CONTROL, "role": "control", "l1": loop}]


def _exact(n, config):
    begin = time.process_time()
    found = bd.transport_map(_points(n, 2, config), method="newton", threads=1)
    return {
        **_common(n, 2, config),
        "seconds": time.process_time() - begin,
        "arm": EXACT,
        "role": "method",
        "l1": float(found.mass_error.value[0]),
    }


def _l1(found, config):
    return float(found.check(config.checked, rng=config.rng + 10**6, device=config.device).mass_error.value[0])


def _loop(y, seconds, config):
    """Heights by Adam on E max_j(<x, y_j> + h_j) - mean h, its steps decaying over the whole time."""
    (n, d), clock = y.shape, _clock(config)
    shares = _shares(y, config)
    h = -0.5 * (y**2).sum(1)
    m, v, average, rate, t = np.zeros(n), np.zeros(n), h.copy(), 0.05 * y.std() * np.sqrt(d), 0
    begin = clock()
    while (spent := clock() - begin) < seconds:
        g = shares(h) - 1 / n
        t += 1
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        h = h - rate / (1 + 100 * spent / seconds) * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8 + 0.02 / n)
        h -= h.mean()
        average += (h - average) / min(t, 1 + t // 3)
    return average


def _shares(y, config, batch=1024, on_device=16_384):
    """heights -> how often each target was the best of a batch of draws."""
    n, d = y.shape
    if config.device == "cpu":
        rng, points = np.random.default_rng(config.rng), y.astype(np.float32).T.copy()
        return lambda h: (
            np.bincount(
                (rng.standard_normal((batch, d), dtype=np.float32) @ points + h.astype(np.float32)).argmax(axis=1),
                minlength=n,
            )
            / batch
        )
    import torch

    torch.manual_seed(config.rng)
    points = torch.tensor(y.T.copy(), dtype=torch.float32, device=config.device)

    def shares(h):
        offsets = torch.tensor(h, dtype=torch.float32, device=config.device)
        best = torch.addmm(offsets, torch.randn(on_device, d, device=config.device), points).argmax(dim=1)
        return torch.bincount(best, minlength=n).cpu().numpy() / on_device

    return shares
