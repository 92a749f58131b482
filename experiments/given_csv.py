"""A table of past runs: what do they say under other laws of the inputs, and which input matters? No model is called.

With `--set file=runs.csv` the table is yours. `inputs` and `outputs` name its columns (by default all others); `law` says
which law made it, `laws` under which others the means are wanted, as in
  buffon run given_csv --set file=runs.csv --set outputs=y --set "law=a=Normal(1, 2), b=Uniform(0, 1)"
                       --set "laws=a=Normal(1.5, 2), b=Uniform(0, 1) | a=Normal(1, 2.5), b=Uniform(0, 1)"
A copula stands beside the inputs: copula=GaussianCopula({('a', 'b'): 0.3}). `law=fit` estimates the law from the table
(kernel densities and the copula with the smallest AIC); intervals then leave out the error of that estimate. Cells without a
number are told by row and column.

Without a file the table is one that is made here: the flood model of the experiment `flood` at draws of its published law,
written as a CSV file in which one run in fifty has failed (an empty or unreadable output, or "inf") and one in a hundred
lacks an input. The answers are known: by quasi-Monte Carlo, for the indices over two copies of the inputs that share one of
them. `reweight` is bf.reweight, `tilted` bf.perturbed_law (how much an answer changes, relatively, when the mean of one input
moves by half a standard deviation), `ranks` bf.sobol_given_data. The controls do what is easily done with a table:
`unweighted` takes the means of its rows and forgets that the law is another one, `halves` compares the rows above, or below,
the mean of an input with all, `zeros` gives failed runs the output 0, `correlation` takes squared correlations for indices.
Source: Owen, Zhou, J. Am. Stat. Assoc. 95 (2000), for the weights; Lemaitre et al., J. Stat. Comput. Simul. 85 (2015), for
perturbed laws; Gamboa, Gremaud, Klein, Lagnoux, Bernoulli 28 (2022), for the ranks.
"""
from dataclasses import dataclass

import buffon as bf
from buffon.experiments._claims import Claim
from buffon.experiments._comparison import Arm, campaign
from buffon.experiments._csv_known import indices_case, means_case, shifts_case
from buffon.experiments._csv_made import (
    DELTAS,
    INDICES,
    MEANS,
    NEW,
    SHIFTED,
    SHIFTS,
    halves,
    keyed,
    read_table,
    squared_correlations,
    unweighted,
)
from buffon.experiments._csv_own import own_table, own_tables
from buffon.experiments._report import Table, new_figure, save, short, with_error

EXPECTED = (
    Claim("reweight beats the unweighted mean", "reweight", MEANS, against="unweighted", at_least=1, sure=True),
    Claim("reweight beats zeros for failed runs", "reweight", MEANS, against="zeros", at_least=1, sure=True),
    Claim("tilted laws beat halves of the table", "tilted", SHIFTS, against="halves", at_least=1, sure=True),
    Claim("ranks beat squared correlations", "ranks", INDICES, against="correlation", at_least=1, sure=True),
    Claim("reweight: coverage", "reweight", MEANS, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("tilted: coverage", "tilted", SHIFTS, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim("ranks: coverage", "ranks", INDICES, "coverage", at_least=0.92, at_most=0.98, small=False),
    Claim(
        "reweight: share of the references' errors in the criterion",
        "reweight",
        MEANS,
        "reference_share",
        at_most=0.05,
        small=False,
    ),
)


@dataclass(frozen=True)
class Config:
    """``file`` a table, or none for tables of ``budget`` rows that are made here; ``reference`` model calls of each reference;
    ``threads`` 1 so that CPU times are those of one core."""

    file: str = ""
    inputs: str = ""
    outputs: str = ""
    law: str = ""
    laws: str = ""
    budget: int = 5_000
    repetitions: int = 100
    reference: int = 2**18
    rng: int = 1
    threads: int = 1

    @classmethod
    def small(cls):
        """A few seconds."""
        return cls(budget=3_000, repetitions=10, reference=2**15)


def run(config, progress=None):
    """Records of the table, or of the two comparisons; ``progress(n, total)`` counts rows."""
    if config.file:
        return own_table(config)

    def arm(name, estimate, control=True, fill=None, **options):
        return Arm(name, lambda rng: keyed(estimate(read_table(config, rng, fill), **options), rng), control)

    one_core, new = {"threads": config.threads}, {"laws": [law.inputs() for law in NEW.values()]}
    means = [arm("reweight", bf.reweight, control=False, **new, **one_core), arm("unweighted", unweighted),
             arm("zeros", bf.reweight, fill=0.0, **new, **one_core)]
    shift = {"inputs": list(SHIFTED), "delta": list(DELTAS), "perturb": "mean"}
    shifts = [arm("tilted", bf.perturbed_law, control=False, **shift, **one_core), arm("halves", halves)]
    indices = [arm("ranks", bf.sobol_given_data, control=False, **one_core), arm("correlation", squared_correlations)]
    return campaign([(means, [means_case(config)], config), (shifts, [shifts_case(config)], config),
                     (indices, [indices_case(config)], config)], progress)


def tables(records):
    """What `buffon run` prints."""
    if any(r["kind"] == "table" for r in records):
        return own_tables(records)
    titles = {
        MEANS: "Means under three other laws",
        SHIFTS: "Relative change when the mean of an input moves by half a standard deviation",
        INDICES: "First-order Sobol' indices",
    }
    return [table for case, title in titles.items()
            for table in (_values(records, case, f"{title}, first table (± one standard error)"), _errors(records, case))]


def picture(records, path):
    """Values with 95 % intervals, and references where they are known: means and indices."""
    cases = list(dict.fromkeys(r["case"] for r in records if r["kind"] == "value"))
    figure, axes = new_figure(len(cases), (4.8 * len(cases), 4.2))
    for ax, case in zip(axes, cases, strict=True):
        rows = [r for r in records if r["kind"] == "value" and r["case"] == case]
        names = list(dict.fromkeys(r["name"] for r in rows))
        names = [name for name in names if len(names) <= 12 or name.endswith(": cost")] or names[:40]   # of many one output's
        for a, arm in enumerate(dict.fromkeys(r["arm"] for r in rows)):
            chosen = [r for r in rows if r["arm"] == arm and r["name"] in names]
            scale = [r["reference"] if r["reference"] and case == MEANS else 1 for r in chosen]
            x, low, high = ([r[key] / s for r, s in zip(chosen, scale, strict=True)] for key in ("value", "low", "high"))
            places = [names.index(r["name"]) + 0.2 * a for r in chosen]
            ax.hlines(places, low, high, f"C{a}", linewidth=2)
            ax.plot(x, places, "os^"[a % 3], color=f"C{a}", markersize=4, label=arm)
        known = [(r["reference"] / s, p) for r, s, p in zip(chosen, scale, places, strict=True) if r["reference"] is not None]
        ax.plot([x for x, _ in known], [y - 0.1 for _, y in known], "k|", markersize=14, label="reference")
        ax.set_yticks(range(len(names)), names, fontsize=7)
        ax.invert_yaxis()
        ax.set_title(case + (", divided by the reference" if case == MEANS else ""), fontsize=10)
        ax.legend(fontsize=8)
    save(figure, path)


def _values(records, case, title):
    rows = [r for r in records if r["kind"] == "value" and r["case"] == case]
    arms, names = (list(dict.fromkeys(r[key] for r in rows)) for key in ("arm", "name"))
    cell = {(r["arm"], r["name"]): r for r in rows}
    return Table(title, ["", "reference", *arms],
                 [[name, with_error(cell[arms[0], name]["reference"], cell[arms[0], name]["reference_error"]),
                   *(with_error(cell[arm, name]["value"], cell[arm, name]["std_error"]) for arm in arms)] for name in names])


def _errors(records, case):
    unit = ", each over the variance of its output" if case == MEANS else ""
    rows = [[r["arm"], f"{short(r['criterion'])} ± {short(r['criterion_se'])}", f"{r['coverage']:.1%}",
             f"{r['reference_share']:.1%}", f"{r['n']:,}",
             f"{1000 * r['cpu_seconds']:.0f} ms"]
            for r in records if r["kind"] == "criterion" and r["case"] == case]
    return Table(
        f"Errors over all tables: {case}{unit}",
        ["", "summed squared errors", "coverage", "of it the references'", "rows", "CPU per table"],
        rows,
    )
