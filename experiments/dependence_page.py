"""The figures of docs/dependence.md: densities of the copulas at equal Kendall's tau, and what they do to a failure probability.

    python -m buffon.experiments.dependence_page                     prints the table
    python -m buffon.experiments.dependence_page docs/dependence.md  writes it between the page's markers, the picture beside it
"""
import sys
from pathlib import Path

import numpy as np

import buffon as bf
from buffon.experiments._page import Page, markdown
from buffon.experiments._report import Table, new_figure, save

TAU = 0.5
COPULAS = {
    "independent": None,
    "Gaussian": bf.GaussianCopula.from_kendall([[1, TAU], [TAU, 1]]),
    "Student, df = 3": bf.StudentCopula.from_kendall([[1, TAU], [TAU, 1]], 3),
    "Clayton": bf.ClaytonCopula.from_kendall(TAU),
    "Frank": bf.FrankCopula.from_kendall(TAU),
    "Gumbel": bf.GumbelCopula.from_kendall(TAU),
}
LOADS = {"wind": bf.Gumbel(20, 4), "snow": bf.Gumbel(12, 3)}   # kN
STRENGTH = bf.LogNormal.from_moments(mean=95, cv=0.06)         # kN


def failure_probability(copula, budget=20_000, rng=1):
    """Estimate of P(wind + snow > strength), the two loads joined by the copula, the strength independent."""
    loads = None if copula is None else _of(copula, list(LOADS))
    inputs = bf.Joint({**LOADS, "strength": STRENGTH}, copula=loads)
    return bf.aiscv(bf.exceedance(lambda x: x[:, 0] + x[:, 1] - x[:, 2], inputs, thresholds=[0.0]), budget=budget, rng=rng)


def _of(copula, names):
    """The same copula of these inputs only."""
    kind = type(copula)
    if kind is bf.GaussianCopula:
        return kind.from_kendall([[1, TAU], [TAU, 1]], names=names)
    if kind is bf.StudentCopula:
        return kind.from_kendall([[1, TAU], [TAU, 1]], copula.df, names=names)
    return kind(copula.theta, names=names)


def figures(results=None):
    """The table in Markdown; the numbers are those of a fixed key, on any machine."""
    rows = []
    for name, copula in COPULAS.items():
        e = failure_probability(copula)
        low, high = getattr(copula, "tail_dependence", ("", ""))
        rows.append([name, *(f"{p:.2f}" if p != "" else p for p in (low, high)), f"{e.value[0]:.3e} ± {e.std_error[0]:.0e}"])
    header = ["copula", "tail dependence, low", "high", "P(wind + snow > strength)"]
    return markdown(Table(f"Failure under copulas of equal Kendall's tau, {TAU}", header, rows), 0)


def picture(path):
    """Contours of the densities between standard normal marginals."""
    figure, axes = new_figure(5, (10.5, 2.5))
    t = np.linspace(-3, 3, 61)
    points = np.stack(np.meshgrid(t, t), axis=-1).reshape(-1, 2)
    for ax, (name, copula) in zip(axes, list(COPULAS.items())[1:], strict=True):
        density = np.exp(bf.Joint([bf.Normal(), bf.Normal()], copula=copula).log_density(points)).reshape(len(t), -1)
        ax.contour(t, t, density, levels=[0.01, 0.04, 0.1, 0.2], colors="C0", linewidths=1)
        ax.set_title(name, fontsize=10)
        ax.set_aspect("equal")
    save(figure, path)


PAGE = Page("docs/dependence.md", figures,
            ("<!-- figures: written by experiments/dependence_page.py -->", "<!-- end of figures -->"))

if __name__ == "__main__":
    PAGE.command()
    if len(sys.argv) > 1:
        picture(Path(sys.argv[1]).with_suffix(".png"))
