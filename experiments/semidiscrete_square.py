"""Twenty points in the unit square: the power diagram that gives each the same area, exactly and from draws.

The uniform law on the square is carried to 20 points of equal mass at the least mean square distance. Masses of cells are areas
of polygons, found by clipping, so that every answer is judged exactly. Exact damped Newton steps, and stochastic steps of several
budgets. The control, expected to lose, is the loop of DPM-OT's released code: Adam on counts of 10 draws a cell and more, the
last iterate; its mean over the second half is beside it.

`tv`: half the L1 distance of the cells' areas from the wanted ones; `heights`: the largest error of a height; `mass`: the largest
relative error of a mass; mean over ``runs`` keys with a 95 % interval of Student's t.
"""
import time
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save, short

POINTS = np.random.default_rng(2024).random((20, 2))
NEWTON, CONTROL, AVERAGED = "exact Newton", "Adam, last iterate", "Adam, mean of the second half"
CASE = "20 points in the square"

EXPECTED = (
    Claim("Newton's steps are exact", NEWTON, CASE, "tv", at_most=1e-14),
    Claim("and few", NEWTON, CASE, "steps", at_most=8),
    Claim("draws come near", "stochastic, 1,000,000", CASE, "tv", at_most=0.0075),
    Claim("nearer with more", "stochastic, 6,000,000", CASE, "tv", at_most=0.0012),
    Claim("the released loop does not", CONTROL, CASE, "tv", at_least=0.02, sure=True),
    Claim("as its last iterate is mostly noise", AVERAGED, CASE, "tv", at_most=0.01),
)


@dataclass(frozen=True)
class Config:
    """``budgets`` of draws for the stochastic search, ``runs`` keys; ``iterations`` of the loop."""

    budgets: tuple = (500_000, 1_000_000, 3_000_000, 6_000_000)
    iterations: int = 2000
    runs: int = 10
    rng: int = 1
    threads: int = 0

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budgets=(500_000, 1_000_000, 6_000_000), runs=3)


def square():
    """The uniform law."""
    return bf.Joint([bf.Uniform(0, 1)] * 2)


def run(config, progress=None):
    """One record per way."""
    exact = bd.transport_map(POINTS, source=square(), method="newton")
    ways = {
        NEWTON: (lambda key: (exact.heights, 0), 1),
        **{
            f"stochastic, {budget:,}": (lambda key, budget=budget: _stochastic(budget, key, config), config.runs)
            for budget in config.budgets
        },
        CONTROL: (lambda key: _adam(config, key)[:2], config.runs),
        AVERAGED: (lambda key: _adam(config, key)[1:][::-1], config.runs),
    }
    records = []
    for i, (arm, (way, runs)) in enumerate(ways.items()):
        records.append(_record(arm, [_timed(way, config.rng + k) for k in range(runs)], exact))
        if progress:
            progress(i + 1, len(ways))
    records[0] |= {"steps": exact.steps, "w2_squared": float(exact.w2_squared.value[0]),
                   "cells": [cell.tolist() for cell in cells(exact.heights)]}
    return records


def tables(records):
    """What `buffon run` prints."""
    rows = [
        [
            r["arm"],
            f"{r['draws']:,.0f}",
            f"{1000 * r['cpu_seconds']:.0f} ms",
            *(short(r[k]) for k in ("tv", "heights", "mass")),
        ]
        for r in records
    ]
    return [Table(CASE, ["", "draws", "CPU", "total variation", "largest error of a height", "of a mass, relative"], rows,
                  f"squared W2 {records[0]['w2_squared']:.12g}, {records[0]['steps']} Newton steps")]


def picture(records, path):
    """The power diagram, and errors over draws."""
    figure, axes = new_figure(2, (7.6, 3.6))
    ax, cell = axes[0], records[0]["cells"]
    for i, corners in enumerate(cell):
        ax.fill(*np.array(corners).T, facecolor=f"C{i % 10}", alpha=0.35, edgecolor="k", lw=0.6)
        centre = _centroid(np.array(corners))
        ax.annotate("", POINTS[i], centre, arrowprops={"arrowstyle": "->", "lw": 0.5})
    ax.plot(*POINTS.T, "k.", markersize=4)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[])
    ax.set_title("cells of equal area, and where they go", fontsize=9)
    rows = [r for r in records if r["arm"].startswith("stochastic")]
    axes[1].loglog([r["draws"] for r in rows], [r["tv"] for r in rows], "o-", markersize=4, label="stochastic")
    for arm, marker in ((CONTROL, "kx"), (AVERAGED, "k+")):
        (r,) = [r for r in records if r["arm"] == arm]
        axes[1].loglog(r["draws"], r["tv"], marker, label=arm)
    axes[1].set(xlabel="draws", ylabel="total variation of the masses", xlim=(2e5, 2e7))
    axes[1].xaxis.set_minor_formatter("")
    axes[1].legend(frameon=False, fontsize=7)
    save(figure, path)


def cells(heights):
    """The polygon of each cell: the square clipped by its half-planes <x, y_i - y_j> >= h_j - h_i."""
    out = []
    for i, y in enumerate(POINTS):
        polygon = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
        for j, other in enumerate(POINTS):
            if j != i and len(polygon):
                polygon = _clipped(polygon, y - other, heights[j] - heights[i])
        out.append(polygon)
    return out


def area(polygon):
    """By the shoelace formula."""
    if len(polygon) < 3:
        return 0.0
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _clipped(polygon, normal, offset):
    """The part of a convex polygon where <x, normal> >= offset."""
    side, out = polygon @ normal - offset, []
    for k in range(len(polygon)):
        a, b, s, t = polygon[k - 1], polygon[k], side[k - 1], side[k]
        if (s >= 0) != (t >= 0):
            out.append(a + (b - a) * s / (s - t))
        if t >= 0:
            out.append(b)
    return np.array(out).reshape(-1, 2)


def _centroid(polygon):
    x, y = polygon.T
    cross = x * np.roll(y, -1) - y * np.roll(x, -1)
    return np.array([(x + np.roll(x, -1)) @ cross, (y + np.roll(y, -1)) @ cross]) / (3 * cross.sum())


def _timed(way, key):
    begin = time.process_time()
    heights, draws = way(key)
    return heights, draws, time.process_time() - begin


def _stochastic(budget, key, config):
    found = bd.transport_map(POINTS, source=square(), target_error=0, budget=budget, rng=key, threads=config.threads)
    return found.heights, found.n


def _adam(config, key):
    """Last iterate, draws, and the mean of the second half. Steps of 0.1 on 200 draws, no correction of the moments' start; where
    the residual has not fallen for 50 steps, twice the draws and 0.8 of the step, three times at most."""
    rng, n = np.random.default_rng(key), len(POINTS)
    h, m, v, mean, draws = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), 0
    batch, rate, best, waited, doubled = 10 * n, 0.1, np.inf, 0, 0
    for t in range(config.iterations):
        cell = (rng.random((batch, 2)) @ POINTS.T + h).argmax(axis=1)
        g, draws = np.bincount(cell, minlength=n) / batch - 1 / n, draws + batch
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        h = h - rate * m / (np.sqrt(v) + 1e-8)
        h -= h.mean()
        if 2 * t >= config.iterations:
            mean += h / (config.iterations - config.iterations // 2)
        residual = np.linalg.norm(g)
        best, waited = (residual, 0) if residual < best else (best, waited + 1)
        if waited > 50 and doubled < 3:
            batch, rate, best, waited, doubled = 2 * batch, 0.8 * rate, np.inf, 0, doubled + 1
    return h, draws, mean


def _record(arm, found, exact):
    masses = np.array([[area(cell) for cell in cells(heights)] for heights, _, _ in found])
    measures = {"tv": abs(masses - 1 / len(POINTS)).sum(axis=1) / 2, "mass": abs(len(POINTS) * masses - 1).max(axis=1),
                "heights": np.array([abs(h - h.mean() - exact.heights).max() for h, _, _ in found])}
    record = {"kind": "criterion", "case": CASE, "arm": arm, "role": "control" if arm == CONTROL else "method",
              "draws": int(np.mean([n for _, n, _ in found])), "cpu_seconds": float(np.mean([s for _, _, s in found]))}
    for name, values in measures.items():
        half = (
            bf.StudentT(len(values) - 1).quantile(0.975) * values.std(ddof=1) / np.sqrt(len(values))
            if len(values) > 1
            else 0.0
        )
        record |= {
            name: float(values.mean()),
            f"{name}_low": float(values.mean() - half),
            f"{name}_high": float(values.mean() + half),
        }
    return record
