"""How far apart may two targets be for a sample between them to belong to the data? Thresholds of the extended transport map.

256 points of a mixture, a map to them from the uniform law on the unit cube. A sample is the mean of the points of its two best
cells, weighted by 1 / distance to the cells' centroids; where these belong to different modes it belongs to neither. Pairs are
refused by the angle theta between the potential's facets: in the released code scaled to the smallest and largest of the batch,
0.7 by default ("batch"); here an absolute angle of scaled points ("angle"), or the one at the middle of the widest gap between
the sorted angles of the draws ("gap"), which asks for no number. "same mode" knows the modes. The control, expected to lose,
refuses nothing.

`off`: the share beyond 99.9 % of every mode; `mixed`: the share with two modes of posterior probability 0.1 or more at noise
level 0.5; `crossing`: the share whose two points belong to different modes; `kept`: the share that is not refused; `memorised`:
the share nearer to a point than a third of the way to the second; `energy`: energy distance to fresh data. All but `kept` are of
samples that are kept.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._calibration import share
from buffon.experiments._claims import Claim
from buffon.experiments._modes import gmm2d, gmm16, mode_shares, modes
from buffon.experiments._report import Table, between, new_figure, save, short, with_error

MODELS = {"gmm2d": gmm2d, "gmm16": gmm16}
BATCH = (0.7, 0.5, 0.3, 0.2)
ANGLES = (1.2, 0.9, 0.6, 0.3)
CONTROL, MAP, ORACLE, GAP, FRESH = "no test", "the map itself", "same mode", "gap", "fresh data"

EXPECTED = (
    *(Claim("without a test modes are mixed", CONTROL, data, "off", at_least=0.002, sure=True) for data in MODELS),
    Claim("the released threshold refuses half of the mixed pairs only", "batch 0.7", "gmm16", "off", at_least=0.02, sure=True),
    Claim("in two dimensions hardly any", "batch 0.7", "gmm2d", "off", at_least=0.002, sure=True),
    *(Claim("a small one of the batch refuses them", "batch 0.2", data, "off", at_most=0.005) for data in MODELS),
    *(Claim("who knows the modes mixes none", ORACLE, data, "off", at_most=0.005) for data in MODELS),
    *(Claim("the gap between the angles is nearly as good", GAP, data, "off", at_most=0.005) for data in MODELS),
    *(Claim("and refuses hardly more", GAP, data, "kept", at_least=0.9) for data in MODELS),
    *(Claim("the map itself copies", MAP, data, "memorised", at_least=1) for data in MODELS),
    Claim("means of two points do not", GAP, "gmm16", "memorised", at_most=0.01),
)


@dataclass(frozen=True)
class Config:
    """``n`` samples between ``targets`` points; ``reference`` draws of the data; ``budget`` draws for each map, 4 times as many
    for centroids."""

    n: int = 5000
    targets: int = 256
    reference: int = 5000
    budget: int = 8_000_000
    rng: int = 31
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(n=2000, reference=1000, budget=600_000)


def run(config, progress=None):
    """One record per mixture and threshold."""
    records = []
    for i, (data, make) in enumerate(MODELS.items()):
        records += _case(data, make(), config)
        if progress:
            progress(i + 1, len(MODELS))
    return records


def tables(records):
    """What `buffon run` prints: a table per mixture."""
    header = ["", "off the modes (95 %)", "mixed", "crossing", "kept", "memorised", "energy distance"]
    return [Table(f"{data}: means of two points", header, [_row(r) for r in records if r["case"] == data]) for data in MODELS]


def picture(records, path):
    """Samples off the modes over samples kept, and the sorted angles of pairs."""
    figure, axes = new_figure(2, (7.6, 3.2))
    for i, data in enumerate(MODELS):
        rows = [r for r in records if r["case"] == data]
        for marker, word in (("o", "batch"), ("s", "angle")):
            chosen = [r for r in rows if r["arm"].startswith(word)]
            axes[0].plot(
                [r["kept"] for r in chosen],
                [r["off"] for r in chosen],
                marker,
                color=f"C{i}",
                markersize=4,
                label=f"{data}, {word}",
            )
        for marker, arm in (("x", CONTROL), ("*", GAP), ("+", ORACLE)):
            (r,) = [r for r in rows if r["arm"] == arm]
            axes[0].plot(r["kept"], r["off"], marker, color=f"C{i}", markersize=7, label=f"{data}, {arm}")
        (r,) = [r for r in rows if r["arm"] == GAP]
        axes[1].plot(np.linspace(0, 1, len(r["angles"])), r["angles"], color=f"C{i}", label=data)
        axes[1].axhline(r["threshold"], color=f"C{i}", ls="--", lw=0.8)
    axes[0].set(xlabel="kept", ylabel="off the modes")
    axes[1].set(xlabel="share of the draws", ylabel="angle of the two best cells, sorted")
    for ax in axes:
        ax.legend(frameon=False, fontsize=6)
    save(figure, path)


def widest_gap(angles):
    """The middle of the widest gap between sorted angles, in the upper half of them."""
    angles = np.sort(angles)[len(angles) // 2:]
    at = np.diff(angles).argmax()
    return float((angles[at] + angles[at + 1]) / 2)


def _case(data, model, config):
    d = model.dim
    points = model.forward(config.targets, 0.0, rng=config.rng)
    source = bf.Joint([bf.Uniform(0, 1)] * d)
    found = bd.transport_map(
        points, source=source, target_error=0, budget=config.budget, rng=config.rng + 1, threads=config.threads
    )
    centroids = found.centroids(4 * config.budget // 10, rng=config.rng + 2)
    x, fresh = np.random.default_rng(config.rng).random((config.n, d)), model.forward(config.reference, 0.0, rng=config.rng + 3)
    images, _ = found.between(x, centroids, k=2, angle=np.pi)
    best = np.argsort(-(x @ points.T + found.heights), axis=1)[:, :2]
    crossing = modes(model, points)[best[:, 0]] != modes(model, points)[best[:, 1]]
    absolute, released = found.angle(x), _released(points, best)
    scaled = (released - released.min()) / np.ptp(released)
    gap = widest_gap(absolute)
    kept = {
        CONTROL: np.ones(config.n, bool),
        **{f"batch {t}": scaled <= t for t in BATCH},
        **{f"angle {t}": absolute <= t for t in ANGLES},
        GAP: absolute <= gap,
        ORACLE: ~crossing,
    }
    sets = {
        FRESH: model.forward(config.n, 0.0, rng=config.rng + 4),
        MAP: found(x),
        **{arm: images[rows] for arm, rows in kept.items()},
    }
    records = [_record(data, arm, y, kept.get(arm), crossing, model, points, fresh, config) for arm, y in sets.items()]
    for r in records:
        if r["arm"] == GAP:
            r |= {"threshold": gap, "angles": [float(a) for a in np.quantile(absolute, np.linspace(0, 1, 101))]}
    return records


def _released(points, best):
    """Angles between the normals (y, -1) of the facets over both cells, of the points as they are."""
    normals = np.column_stack([points, -np.ones(len(points))])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return np.arccos(np.clip((normals[best[:, 0]] * normals[best[:, 1]]).sum(axis=1), -1, 1))


def _record(data, arm, y, kept, crossing, model, points, fresh, config):
    energy = bd.energy(y, fresh, threads=config.threads)
    copies = bd.memorised(y, points, threads=config.threads)
    rows = np.ones(config.n, bool) if kept is None else kept
    record = {
        "kind": "criterion",
        "case": data,
        "arm": arm,
        "role": "control" if arm == CONTROL else "method",
        **mode_shares(model, y),
        **share("kept", rows),
        "memorised": float(copies.value[0]),
        "memorised_se": float(copies.std_error[0]),
        "energy": float(energy.value[0]),
        "energy_se": float(energy.std_error[0]),
    }
    return record | ({} if kept is None else share("crossing", crossing[kept]))


def _row(r):
    return [
        r["arm"],
        between(r["off"], r["off_low"], r["off_high"]),
        short(r["mixed"]),
        short(r.get("crossing")),
        short(r["kept"]),
        short(r["memorised"]),
        with_error(r["energy"], r["energy_se"]),
    ]
