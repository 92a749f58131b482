"""DC-Solver's searched ratios beside ratios 1 and a random search, by errors on starts that no search saw.

Two exact mixtures (5 modes in 2 dimensions, 8 in 16), the grid uniform in lambda, and a class-conditional mixture at three
guidances. `searched` are ratios found by `dc_search`, `random` the best of as many random ones as the same evaluations pay
for, judged on the same search points, `plain` all ratios 1. `predictor alone` are cases without the corrector, a compensated
DPM-Solver++ of order 2. `fitted` are those of a cascade polynomial, fitted to searches at
part of the grid of steps and guidances and judged on the rest of it, beside searches there. An error is the root mean square
distance to an accurate solution from the same starts, a gain the part of the error of `plain` that is saved; every
repetition has fresh search points and fresh starts, and figures are means over them.
Source: Zhao, Wang, Zhou, Lu, "DC-Solver", ECCV 2024, arXiv:2409.03755.
"""
from dataclasses import dataclass

import numpy as np

import buffon as bf
from buffon import diffusion as bd
from buffon.experiments._claims import Claim
from buffon.experiments._report import Table, new_figure, save, short

MIXTURES = ("5 modes", "8 modes")
# mixture, steps -> least gain
LEAST = {("5 modes", 5): 0.4, ("8 modes", 5): 0.2, ("5 modes", 8): 0.15, ("8 modes", 8): 0.2}
GUIDED, ALONE = "guided", "predictor alone"
SEARCH_REFERENCE = 200   # evaluations per search point; a random search has the same
STEPS = (5, 6, 7, 8, 10)
GUIDANCES = (1.0, 2.0, 3.0, 5.0, 7.5)
EXPECTED = (
    *(
        Claim("gain", "searched", f"{mixture}, {steps} steps", "gain", at_least=least)
        for (mixture, steps), least in LEAST.items()
    ),
    *(
        Claim(
            "least gain of a repetition",
            "searched",
            f"{mixture}, {steps} steps{end}",
            "worst",
            at_least=-0.02,
            small=False,
        )
        for mixture in MIXTURES
        for steps in (5, 8, 10)
        for end in ("", f", {ALONE}")
    ),
    *(
        Claim(
            "gain beyond that of a random search", "searched", f"{mixture}, {steps} steps", "beyond_random", at_least=0
        )
        for mixture in MIXTURES
        for steps in (5, 8, 10)
    ),
    Claim(
        "part of the searched gain that the polynomial keeps elsewhere",
        "fitted",
        GUIDED,
        "kept",
        at_least=0.7,
        small=False,
    ),
)


@dataclass(frozen=True)
class Config:
    """``points`` search points and ``held_out`` others in each repetition; ``searches`` in each cell that the polynomial is
    fitted to."""

    points: int = 64
    held_out: int = 4096
    searches: int = 5
    repetitions: int = 12
    reference_steps: int = 200
    rng: int = 2
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(held_out=512, searches=2, repetitions=3, reference_steps=150)


def run(config, progress=None):
    """Records of gains; ``progress(n, total)`` counts repetitions."""
    found, total = [], config.repetitions * (len(MIXTURES) + 1)
    for k in range(config.repetitions):
        for m, measure in enumerate([*(lambda r, name=name: _of_mixture(name, r) for name in MIXTURES), _of_guidance]):
            found += measure(_Repetition(config, k, m))
            if progress:
                progress(k * (len(MIXTURES) + 1) + m + 1, total)
    return _records(found)


def tables(records):
    """What `buffon run` prints."""
    chosen = [r for r in records if r["case"] != GUIDED and "steps" in r and "guidance" not in r]
    cells = [r for r in records if "guidance" in r]
    header = ["", "ratios", "rms error", "gain", "gain of the median", "evaluations per point"]
    return [
        Table("Held-out errors", header, [_row(r) for r in chosen]),
        Table(
            "With guidance",
            header,
            [_row(r) for r in cells],
            "; ".join(
                f"{r['arm']}: keeps {r['kept']:.0%} ± {2 * r['kept_se']:.0%} of the searched gain"
                for r in records
                if "kept" in r
            ),
        ),
    ]


def picture(records, path):
    """Gains by number of steps, one panel per mixture, and by guidance."""
    figure, axes = new_figure(3, (11, 3.4))
    for ax, name in zip(axes, MIXTURES, strict=False):
        for arm, marker in (("searched", "o"), ("random", "s")):
            chosen = [r for r in records if r["case"].startswith(name) and not r["case"].endswith(ALONE) and r["arm"] == arm]
            ax.errorbar(
                [r["steps"] for r in chosen],
                [100 * r["gain"] for r in chosen],
                yerr=[200 * r["gain_se"] for r in chosen],
                fmt=marker + "-",
                markersize=4,
                capsize=3,
                label=arm,
            )
        ax.set_xlabel("steps")
        ax.set_title(name, fontsize=10)
    for arm, marker in (("searched", "o"), ("fitted", "^")):
        chosen = [r for r in records if "guidance" in r and r["arm"] == arm and not r["fitted_here"]]
        axes[2].errorbar(range(len(chosen)), [100 * r["gain"] for r in chosen], yerr=[200 * r["gain_se"] for r in chosen],
                         fmt=marker, markersize=4, capsize=3, label=arm)
        axes[2].set_xticks(range(len(chosen)), [f"{r['steps']}\n{r['guidance']:g}" for r in chosen], fontsize=7)
    axes[2].set_xlabel("steps and guidance, cells not fitted")
    for ax in axes:
        ax.axhline(0, color="0.7", linewidth=0.8)
        ax.legend(frameon=False, fontsize=8)
    axes[0].set_ylabel("part of the error saved, %")
    save(figure, path)


class _Repetition:
    """Fresh search points, and starts that no search sees."""

    def __init__(self, config, k, part):
        self.config = config
        self.rng = np.random.default_rng([config.rng, k, part])

    def key(self):
        return int(self.rng.integers(2**62))

    def sample(self, model, table, x, condition=None):
        return bd.sample(model, table, x=x, condition=condition, threads=self.config.threads).x

    def reference(self, model, x, condition=None):
        steps = self.config.reference_steps
        return self.sample(model, bd.unipc(bd.VP(), steps=steps, order=3, lower_order_final=False), x, condition)

    def search(self, model, steps, **given):
        return bd.dc_search(model, bd.VP(), steps=steps, n=self.config.points, reference_steps=SEARCH_REFERENCE,
                            threads=self.config.threads, **given)

    def errors(self, model, exact, x, ratios, condition=None, corrector=True):
        """Root mean square and median over the starts."""
        d = self.sample(model, bd.dc(bd.VP(), steps=len(ratios), ratios=ratios, corrector=corrector), x, condition) - exact
        return float(np.sqrt(np.mean(d**2))), float(np.median(np.sqrt(np.mean(d**2, axis=1))))


def _of_mixture(name, r):
    """Errors of each arm at each number of steps."""
    model = _five_modes() if name == "5 modes" else _eight_modes()
    x = r.rng.standard_normal((r.config.held_out, model.dim))
    exact, out = r.reference(model, x), []
    for steps in (5, 8, 10):
        points = _net(r, model.dim)
        found = r.search(model, steps, x=points)
        per_point = found.evaluations / len(points)
        ratios = {"plain": np.ones(steps), "searched": found.ratios, "random": _random(r, model, points, steps, per_point)}
        out += [_measured(r, f"{name}, {steps} steps", arm, model, exact, x, values, evaluations=per_point * (arm != "plain"))
                for arm, values in ratios.items()]
        alone = r.search(model, steps, x=points, corrector=False)
        out += [_measured(r, f"{name}, {steps} steps, {ALONE}", arm, model, exact, x, values, corrector=False,
                          evaluations=alone.evaluations / len(points) * (arm != "plain"))
                for arm, values in {"plain": np.ones(steps), "searched": alone.ratios}.items()]
    return out


def _net(r, dim):
    """Search points as `dc_search` draws them."""
    net = bf.SobolSequence(dim, rng=r.key()).uniform(r.config.points)
    return bf.Normal().quantile(net.ravel()).reshape(net.shape)


def _random(r, model, points, steps, per_point):
    """The best of as many ratios as the evaluations of the search pay for, both with the reference."""
    exact = r.reference(model, points)
    tried = [np.ones(steps)]
    for _ in range(round((per_point - SEARCH_REFERENCE) / steps) - 1):
        tried.append(np.r_[1.0, 1.0, r.rng.uniform(0.3, 1.7, steps - 2)])
    return min(tried, key=lambda ratios: r.errors(model, exact, points, ratios)[0])


def _of_guidance(r):
    """Searches in every cell of the grid, and a polynomial fitted to some of them."""
    model, out, cells = _three_classes(), [], [(steps, g) for steps in STEPS for g in GUIDANCES]
    x, condition = r.rng.standard_normal((r.config.held_out, 2)), np.arange(r.config.held_out) % 3
    ratios = {}
    for steps, g in cells:
        ratios[steps, g] = [r.search(bd.guided(model, g), steps, rng=r.key(), condition=np.arange(r.config.points) % 3)
                            for _ in range(r.config.searches if _is_fitted(steps, g) else 1)]
    known = [(g, search.ratios) for (steps, g), searches in ratios.items() if _is_fitted(steps, g) for search in searches]
    polynomial = bd.fit_ratios([g for g, _ in known], [searched for _, searched in known])
    for g in GUIDANCES:
        guided = bd.guided(model, g)
        exact = r.reference(guided, x, condition)
        for steps in STEPS:
            searched = ratios[steps, g][0]
            for arm, values in {
                "plain": np.ones(steps),
                "searched": searched.ratios,
                "fitted": polynomial.predict(steps, g),
            }.items():
                out.append(
                    _measured(
                        r,
                        GUIDED,
                        arm,
                        guided,
                        exact,
                        x,
                        values,
                        condition,
                        guidance=g,
                        fitted_here=_is_fitted(steps, g),
                        evaluations=searched.evaluations / r.config.points if arm == "searched" else 0,
                    )
                )
    return out


def _is_fitted(steps, guidance):
    """Every other cell, as on a chessboard, corners included."""
    return (STEPS.index(steps) + GUIDANCES.index(guidance)) % 2 == 0


def _measured(r, case, arm, model, exact, x, ratios, condition=None, corrector=True, **more):
    rms, median = r.errors(model, exact, x, ratios, condition, corrector)
    return {"case": case, "arm": arm, "steps": len(ratios), "rms": rms, "median": median, **more}


def _records(found):
    """Means over the repetitions, cell by cell; then what the polynomial keeps."""
    cells = {}
    for one in found:
        cells.setdefault((one["case"], one["steps"], one.get("guidance"), one["arm"]), []).append(one)
    records = [_record(cells, key) for key in cells]
    kept, error = _kept(cells)
    return [*records, {"kind": "criterion", "case": GUIDED, "arm": "fitted", "role": "method", "kept": kept, "kept_se": error},
            {"kind": "criterion", "case": GUIDED, "arm": "plain", "role": "control"}]


def _record(cells, key):
    case, steps, guidance, arm = key
    runs = cells[key]
    gains = _gains(cells, key)
    medians = _gains(cells, key, "median")
    record = {"kind": "cell" if guidance is not None else "criterion", "case": case, "arm": arm, "steps": steps,
              "role": "method" if arm in ("searched", "fitted") else "control", "repetitions": len(runs),
              **{name: float(np.mean([r[name] for r in runs])) for name in ("rms", "median", "evaluations")},
              "gain": float(gains.mean()), "gain_se": _error(gains), "worst": float(gains.min()),
              "median_gain": float(medians.mean()), "median_gain_se": _error(medians)}
    if guidance is not None:
        record |= {"guidance": guidance, "fitted_here": runs[0]["fitted_here"]}
    elif (case, steps, guidance, "random") in cells and arm == "searched":
        beyond = gains - _gains(cells, (case, steps, guidance, "random"))
        record |= {"beyond_random": float(beyond.mean()), "beyond_random_se": _error(beyond)}
    return record


def _gains(cells, key, of="rms"):
    plain = cells[(*key[:3], "plain")]
    return np.array([1 - run[of] / base[of] for run, base in zip(cells[key], plain, strict=True)])


def _kept(cells):
    """Gains of the polynomial over gains of searches, both summed over the cells that were not fitted and the repetitions; and
    its error, from leaving out one repetition at a time."""
    others = [key[:3] for key in cells if key[3] == "fitted" and not _is_fitted(key[1], key[2])]
    of = {arm: sum(_gains(cells, (*key, arm)) for key in others) for arm in ("fitted", "searched")}
    left = (of["fitted"].sum() - of["fitted"]) / (of["searched"].sum() - of["searched"])
    return float(of["fitted"].sum() / of["searched"].sum()), float(np.sqrt((len(left) - 1) * np.var(left)))


def _error(values):
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _five_modes():
    angles = 2 * np.pi * np.arange(5) / 5
    sd = 0.15 + 0.05 * np.arange(5)
    return bd.GaussianMixture(
        np.arange(1, 6) / 15, 2 * np.stack([np.cos(angles), np.sin(angles)], 1), [s**2 * np.eye(2) for s in sd]
    )


def _eight_modes():
    k, j = np.arange(8)[:, None], np.arange(16)[None, :]
    means = 1.5 * np.sin(1.7 * (k + 1) + 0.9 * (j + 1) * (k + 2))
    sd = 0.2 + 0.05 * ((k + j) % 4)
    weights = 1 + np.arange(8) % 3
    return bd.GaussianMixture(weights / weights.sum(), means, [np.diag(s**2) for s in sd])


def _three_classes():
    """Six modes on a circle, two opposite ones of each class."""
    angles = 2 * np.pi * np.arange(6) / 6
    sd = 0.2 + 0.05 * (np.arange(6) % 3)
    return bd.GaussianMixture(
        np.full(6, 1 / 6),
        1.5 * np.stack([np.cos(angles), np.sin(angles)], 1),
        [s**2 * np.eye(2) for s in sd],
        labels=np.arange(6) % 3,
    )


def _row(r):
    name = (
        r["case"]
        if "guidance" not in r
        else f"{r['steps']} steps, guidance {r['guidance']:g}" + " (fitted)" * r["fitted_here"]
    )
    gain = "-" if r["arm"] == "plain" else f"{r['gain']:.1%} ± {2 * r['gain_se']:.1%}"
    median = "-" if r["arm"] == "plain" else f"{r['median_gain']:.1%} ± {2 * r['median_gain_se']:.1%}"
    return [name, r["arm"], short(r["rms"]), gain, median, short(r["evaluations"]) if r["evaluations"] else "-"]
