"""Records as tables of words and as pictures."""
import math
from dataclasses import dataclass

MANY = 40   # claims that are still a table to read


@dataclass(frozen=True)
class Table:
    """Cells are text; the first column is set to the left, the others to the right."""

    title: str
    header: list[str]
    rows: list[list[str]]
    note: str = ""

    def text(self):
        """The table in plain characters."""
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [_aligned(row, widths) for row in [self.header, ["-" * w for w in widths], *self.rows]]
        return "\n".join([self.title, *lines, *([self.note] if self.note else [])])


def _aligned(row, widths):
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()


def with_error(value, error):
    """As an Estimate prints it: "0.04386 ± 0.00002"."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.10g} ± {error:.1g}"
    magnitude, scale = math.floor(math.log10(error)), max(abs(value), error)
    if 1e-4 <= scale < 1e7 and magnitude > -13:
        digits = max(0, -magnitude)
        return f"{value:.{digits}f} ± {error:.{digits}f}"
    digits = min(max(math.floor(math.log10(scale)) - magnitude, 1), 16)
    return f"{value:.{digits}e} ± {error:.0e}"


def short(x):
    """Three digits: "0.0123", "8,460", "2.66e-12"."""
    if x is None or not math.isfinite(x):
        return "-"
    if 100 <= abs(x) < 1e7:
        return f"{round(x, 2 - math.floor(math.log10(abs(x)))):,.0f}"
    if x == 0 or 1e-3 <= abs(x) < 100:
        return f"{x:.3g}"
    return f"{x:.2e}".replace("e-0", "e-").replace("e+0", "e+").replace("e+", "e")


def between(value, low, high):
    """"8,460 (7,100 ... 9,900)"."""
    return f"{short(value)} ({short(low)} ... {short(high)})"


def value_table(records, case, arms, title, names=None):
    """A row per quantity (or per one of these names): the reference and the first run of each of these arms."""
    chosen = [r for r in records if r["kind"] == "value" and r["case"] == case]
    names = names or _unique(r["name"] for r in chosen)
    cell = {(r["arm"], r["name"]): r for r in chosen}
    rows = [[name, _reference(cell[arms[0], name]),
             *(with_error(cell[arm, name]["value"], cell[arm, name]["std_error"]) for arm in arms)] for name in names]
    return Table(title, ["", "reference", *arms], rows)


def error_table(records, case, title, note=""):
    """A row per arm: criterion, gain over plain Monte Carlo, coverage, cost."""
    rows = [[r["arm"], _criterion(r), between(r["gain"], r["gain_low"], r["gain_high"]) if r["arm"] != "plain" else "1",
             f"{r['coverage']:.1%}", f"{r['doubtful']} of {r['repetitions']}", f"{r['n']:,}", f"{1000 * r['cpu_seconds']:.0f} ms"]
            for r in records if r["kind"] == "criterion" and r["case"] == case]
    header = ["", "criterion", "times less than plain (95 %)", "coverage", "runs warned", "evaluations", "CPU per run"]
    return Table(title, header, rows, note)


def claim_table(claims):
    """A row per claim; what does not hold says so. Of many claims only those that fail have a row."""
    failed = [c for c in claims if not c["holds"]]
    note = f"{len(claims) - len(failed)} of {len(claims)} claims hold"
    several = len({c["case"] for c in claims}) > 1
    rows = [[f"{c['case']}: {c['claim']}" if several else c["claim"], between(c["measured"], c["low"], c["high"]), _bounds(c),
             "holds" if c["holds"] else "FAILS"] for c in (claims if len(claims) <= MANY else failed)]
    return Table("Expected", ["", "measured", "bound", ""], rows, note)


def error_picture(records, panels, arms, path):
    """Error of each quantity and arm over the runs, with 95 % intervals; panels: (case, title, divided by the value or not)."""
    figure, axes = new_figure(len(panels), (4.6 * len(panels) + 0.8, 4.2))
    for ax, (case, title, relative) in zip(axes, panels, strict=True):
        chosen = [r for r in records if r["kind"] == "value" and r["case"] == case]
        names = _unique(r["name"] for r in chosen)
        for a, arm in enumerate(arms):
            shift = 0.12 * (a - (len(arms) - 1) / 2)
            _error_bars(ax, [r for r in chosen if r["arm"] == arm], relative, shift, arm, "os^D"[a % 4])
        ax.set_xticks(range(len(names)), names, rotation=45 if max(map(len, names)) > 4 else 0)
        ax.set_yscale("log")
        ax.set_ylabel("root mean squared error" + " / value" * relative)
        ax.set_title(title, fontsize=10)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(arms), frameon=False, fontsize=9)
    save(figure, path)


def law_picture(records, case, arms, title, path):
    """A quantity under many laws, in the order of its references: first runs with 95 % intervals, and errors over all runs."""
    figure, axes = new_figure(2, (10.5, 4.2))
    chosen = sorted((r for r in records if r["kind"] == "value" and r["case"] == case), key=lambda r: r["reference"])
    for a, arm in reversed(list(enumerate(arms))):   # the first arm on top
        rows = [r for r in chosen if r["arm"] == arm]
        low, high = [r["low"] for r in rows], [r["high"] for r in rows]
        axes[0].vlines(range(len(rows)), low, high, f"C{a}", linewidth=2, label=arm)
        axes[1].plot([100 * r["rmse"] / abs(r["reference"]) for r in rows], ".", color=f"C{a}", markersize=4)
    axes[0].plot([r["reference"] for r in rows], "k-", linewidth=0.7, label="reference")
    axes[0].set_ylabel(title)
    axes[1].set_ylabel("root mean squared error in %")
    axes[1].set_yscale("log")
    for ax in axes:
        ax.set_xlabel("input law, in the order of its reference")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(arms) + 1, frameon=False, fontsize=9)
    save(figure, path)


def new_figure(columns, size):
    """Figure and list of axes, without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def save(figure, path):
    """A PNG of less than 100 kB, without date or version: the same records give the same file."""
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _error_bars(ax, records, relative, shift, label, marker):
    scale = [abs(r["reference"]) if relative else 1 for r in records]
    y, low, high = ([r[key] / s for r, s in zip(records, scale, strict=True)] for key in ("rmse", "rmse_low", "rmse_high"))
    bars = [[a - b for a, b in zip(y, low, strict=True)], [b - a for a, b in zip(y, high, strict=True)]]
    ax.errorbar([i + shift for i in range(len(y))], y, yerr=bars, fmt=marker, markersize=4, capsize=2, label=label)


def _reference(record):
    """With its own error where it has one."""
    value, error = record["reference"], record["reference_error"]
    return with_error(value, error) if error else f"{value:.6g}"


def _criterion(record):
    if record["criterion_exact"] is not None:
        return f"{short(record['criterion_exact'])} exactly"
    return f"{short(record['criterion'])} ± {short(record['criterion_se'])}"


def _bounds(claim):
    words = [f"at least {short(claim['at_least'])}"] * (claim["at_least"] is not None)
    return ", ".join(words + [f"at most {short(claim['at_most'])}"] * (claim["at_most"] is not None))


def _unique(items):
    return list(dict.fromkeys(items))
