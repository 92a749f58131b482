"""Coverage and calibration of repeated runs against known values, cell by cell, as plain records."""
import re
from dataclasses import dataclass

import numpy as np

from buffon.experiments._comparison import outcome

RARE = 0.05   # a cell where more of the runs warn is one where theory may not apply


@dataclass(frozen=True)
class Cell:
    """All runs of one output of one problem by one arm."""

    problem: str
    name: str
    covered: np.ndarray    # whether the interval held the answer
    z2: np.ndarray         # squared error / squared standard error; NaN where the run saw no variation
    warned: np.ndarray     # whether the run warned of this output
    expected: np.ndarray   # E z2 by Student's law

    @property
    def applies(self):
        """Whether (nearly) no run warns."""
        return self.warned.mean() <= RARE


def cells(problem, exact, names, runs):
    """The cells of one problem from its runs: (estimate, low, high) each."""
    value, error, low, high, warned, expected = (np.array(rows) for rows in zip(*map(_row, runs), strict=True))
    rounding = 1e-12 * np.abs(exact)   # an error of 0 is as honest as the last digit
    covered = (low <= exact + rounding) & (exact - rounding <= high)
    z2 = np.full(error.shape, np.nan)
    np.divide((value - exact) ** 2, error**2, out=z2, where=error > 0)
    return [Cell(problem, name, covered[:, j], z2[:, j], warned[:, j], expected[:, j]) for j, name in enumerate(names)]


def interval(estimate):
    """(estimate, low, high) of its own 95 % interval."""
    found = outcome(estimate)
    return estimate, found["low"], found["high"]


def record(cell):
    """Shares with their 95 % intervals (Wilson), and mean z^2 with its standard error."""
    z2, applies = cell.z2[np.isfinite(cell.z2)], cell.applies
    return {
        "name": cell.name, **share("coverage", cell.covered), **(share("unwarned_coverage", cell.covered) if applies else {}),
        **share("silent_misses", ~cell.covered & ~cell.warned), "warned": float(cell.warned.mean()),
        "z2": float(z2.mean()) if z2.size else None,
        "z2_se": float(z2.std(ddof=1) / np.sqrt(z2.size)) if z2.size > 1 else None,
        "z2_expected": float(cell.expected.mean()) if np.isfinite(cell.expected).all() else None,
    }


def mean_record(found):
    """Mean coverage over the cells that apply; runs of one problem are dependent, problems are not."""
    chosen = [cell for cell in found if cell.applies]
    means = [cell.covered.mean() for cell in chosen]
    names = dict.fromkeys(cell.problem for cell in chosen)
    sums = [np.sum([cell.covered for cell in chosen if cell.problem == name], axis=0) for name in names]
    variance = sum(np.var(s, ddof=1) / len(s) for s in sums)
    return {
        "n_cells": len(found), "n_unwarned": len(chosen), "coverage": float(np.mean(means)) if means else None,
        "coverage_se": float(np.sqrt(variance) / len(chosen)) if means else None,
        "lowest": float(min(means)) if means else None, "highest": float(max(means)) if means else None,
        "worst_silent_misses": float(max((~cell.covered & ~cell.warned).mean() for cell in found)),
    }


def wilson(share, n, z=1.96):
    """95 % interval of a probability from a share of n runs. Wilson, J. Am. Stat. Assoc. 22 (1927)."""
    middle, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(float((middle - half) / (1 + z**2 / n)), 0.0), min(float((middle + half) / (1 + z**2 / n)), 1.0)


def warned(estimate):
    """Output by output: warnings that name it, or are about the run as a whole."""
    return np.any([np.zeros(len(estimate), bool), *(_meant(text, estimate) for text in estimate.warnings)], axis=0)


def _meant(text, estimate):
    """The outputs that a warning is about: "'a': ...", "'a' and 2 more of 5 values: ..." (the worst and those next to it)."""
    found = re.match(r"'(.*?)'(?: and (\d+) more of \d+ values)?", text)
    if not found:
        return np.ones(len(estimate), bool)
    more = int(found[2] or 0)
    if not more:
        return np.array([name == found[1] for name in estimate.names])
    if "one row more" in text:
        size = estimate.diagnostics["one_row_more"]
    else:
        size = estimate.diagnostics["pareto_k"] if "heavy tail" in text else -np.array(estimate.diagnostics["effective_terms"])
    return np.argsort(np.argsort(-np.nan_to_num(size, nan=-np.inf))) <= more


def _row(run):
    estimate, low, high = run
    return estimate.value, estimate.std_error, low, high, warned(estimate), np.full(len(estimate), _mean_square(estimate))


def _mean_square(estimate):
    """E t^2 = nu / (nu - 2)."""
    degrees = estimate.degrees_of_freedom
    return 1.0 if degrees is None or np.isinf(degrees) else degrees / (degrees - 2) if degrees > 2 else np.inf


def share(name, hits):
    """Of runs, with its 95 % interval (Wilson)."""
    low, high = wilson(hits.mean(), len(hits))
    return {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}
