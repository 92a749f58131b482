"""Reports: one HTML page for a folder of results, readable without Buffon and without a network.

``buffon report DIR`` and ``Estimate.report(path)`` are made of the same sections; `_html` writes pages, `_svg` pictures.
"""
import importlib
import json
import math
from pathlib import Path

from buffon import _advice, _html, _svg, _words
from buffon._buffon import Estimate, Indices

_OPEN = 20   # rows of a table that are shown without a click

# Density of each law; y = (x - location) / scale.
FORMULAS = {
    "Normal": "exp(-(x - mean)² / (2 sd²))",
    "LogNormal": "that of exp(Normal(mu, sigma))",
    "Uniform": "constant on (lower, upper)",
    "Exponential": "exp(-rate x)",
    "Gamma": "x^(shape - 1) exp(-x / scale)",
    "Beta": "t^(a - 1) (1 - t)^(b - 1), t = (x - lower) / (upper - lower)",
    "Weibull": "y^(shape - 1) exp(-y^shape)",
    "Gumbel": "exp(-y - exp(-y))",
    "Triangular": "up to mode, down to upper, straight",
    "StudentT": "(1 + y² / df)^(-(df + 1) / 2)",
    "Logistic": "exp(-y) / (1 + exp(-y))²",
    "Truncated": "that of the law, inside [lower, upper]",
    "Histogram": "constant in each bin",
    "KernelDensity": "mean of the densities of Normal(point, bandwidth)",
    "Discrete": "probability of each value",
    "Constant": "one value",
}


def folder(path):
    """Write ``report.html`` about every result in the folder: files of ``buffon run``, ``Estimate.save`` and ``Indices.save``.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    ValueError
        If the folder holds no such file, or one that is damaged.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"report: {path} must be a folder")
    found = [(file, *item) for file in sorted(path.glob("*.json")) if (item := _read(file))]
    if not found:
        raise ValueError(f"report: {path} must hold files written by `buffon run`, Estimate.save or Indices.save")
    sections = [_section(file, kind, content) for file, kind, content in found]
    links = (
        [_html.element("nav", *(_html.element("a", file.stem, href=f"#{_anchor(file)}") for file, *_ in found))]
        if len(found) > 1
        else []
    )
    name = found[0][0].stem if len(found) == 1 else path.resolve().name
    return _html.write(path / "report.html", f"Buffon report: {name}", [*links, *sections])


def of_estimate(estimate, path):
    """Write the page of one estimate."""
    record = getattr(estimate, "_record", None)
    return _html.write(path, f"Buffon report: {Path(path).stem}", estimate_parts(estimate, record.to_dict() if record else None))


def _read(file):
    """("estimate", Estimate) or ("experiment", its result); None for files of others."""
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return None
    if not isinstance(state, dict):
        return None
    if state.get("kind") == "buffon.Estimate":
        return "estimate", Estimate.load(file)
    if state.get("kind") == "buffon.Indices":
        indices = Indices.load(file)
        joint = indices.joint
        joint._record = getattr(indices, "_record", None)
        return "estimate", joint
    return ("experiment", state) if {"experiment", "records", "config"} <= state.keys() else None


def _anchor(file):
    return f"r{_svg.hash_of(file.name)}"


def _section(file, kind, content):
    if kind == "estimate":
        record = getattr(content, "_record", None)
        parts = estimate_parts(content, record.to_dict() if record else None)
        return _html.section(file.stem, *parts, anchor=_anchor(file))
    return _html.section(file.stem, *experiment_parts(content, file.with_suffix(".png")), anchor=_anchor(file))


# An estimate


def estimate_parts(estimate, record=None):
    """Values with intervals, doubts with advice, convergence, inputs, diagnostics, and how to repeat it."""
    record = record or {}
    return [
        _summary(estimate), *_doubts(estimate), *_values(estimate), *_convergence(record.get("history") or []),
        *_inputs(record.get("inputs")), _diagnostics(estimate), *_provenance(estimate, record),
    ]


def _summary(e):
    failed = f", of which {e.n_failed:,} failed" if e.n_failed else ""
    state = "Nothing makes the intervals doubtful." if not e.warnings else "Read the doubts below before you use the intervals."
    return _html.paragraph(f"{_words.counted(len(e), 'value')} from {_words.spent(e)}{failed}; key {e.rng_key}. {state}")


def _doubts(e):
    told = [_html.notice(text[:1].upper() + text[1:], _advice.of_warning(text), doubt=True) for text in e.warnings]
    seen = "".join(e.warnings)
    more = [
        f
        for f in _advice.findings(e)
        if f.doubt and not (f.key in ("pareto_k", "effective_terms") and ("tail" in seen or "terms" in seen))
    ]
    return told + [_html.notice(f"{f.key}: {f.seen}", f"{f.meaning} {f.advice}".strip(), doubt=True) for f in more]


def _values(e):
    low, high = e._interval()
    rows = [[name, f"{value:.6g}", f"{error:.2g}", f"{a:.6g}", f"{b:.6g}", _relative(value, error)]
            for name, value, error, a, b in zip(e.names, e.value, e.std_error, low, high, strict=True)]
    level = _advice.interval_title(e, 0.95)
    header = ["", "value", "standard error", f"low ({level})", f"high ({level})", "relative error"]
    title = f"Values with intervals ({level})"
    picture = _svg.intervals(e.names, e.value.tolist(), low.tolist(), high.tolist(), title)
    return [
        _html.element("h3", "Values"),
        *_long(header, rows),
        _maybe_folded(
            len(rows), "Picture of all values", _html.figure(_html.Markup(picture), f"{title}.")
        ),
    ]


def _relative(value, error):
    return f"{error / abs(value):.1%}" if value and math.isfinite(error) else "-"


def _long(header, rows, caption="", text_columns=()):
    """A table; of a long one the first rows, and all of them folded."""
    if len(rows) <= _OPEN:
        return [_html.table(header, rows, caption, text_columns)]
    return [_html.table(header, rows[:_OPEN], caption, text_columns),
            _html.folded(f"All {len(rows):,} rows", _html.table(header, rows, caption, text_columns))]


def _maybe_folded(size, summary, part):
    return part if size <= _OPEN else _html.folded(summary, part)


def _convergence(history):
    """A picture for each value and label; those after the first are folded."""
    series = {}
    for record in history:
        for j, name in enumerate(record["names"]):
            columns = {key: [row[j] for row in record[key]] for key in ("value", "low", "high")}
            keep = [i for i in range(len(record["n"])) if all(v is not None and math.isfinite(v[i]) for v in columns.values())]
            if len(keep) > 1:
                line = {
                    "label": record["label"],
                    "n": [record["n"][i] for i in keep],
                    **{key: [v[i] for i in keep] for key, v in columns.items()},
                }
                series.setdefault(name, []).append(line)
    figures = [_html.figure(_html.Markup(_svg.curves(lines, f"Convergence of {name}", "evaluations")),
                            f"{name}: estimate so far with its 95 % interval.") for name, lines in series.items()]
    if not figures:
        return []
    more = [_html.folded(f"{len(figures) - 1:,} more", *figures[1:])] if len(figures) > 1 else []
    return [_html.element("h3", "Convergence"), figures[0], *more]


def _inputs(inputs):
    if not inputs:
        return []
    rows = [[m["name"], m["law"] or "-", _formula(m["law"]), _small(m)] for m in inputs["marginals"]]
    first = inputs["text"].partition("\n")[0].rstrip(":")
    return [
        _html.element("h3", "Inputs"),
        _html.paragraph(first + "."),
        *_long(["", "law", "density (up to a constant)", ""], rows, text_columns=(1, 2)),
        *(part for copula in inputs.get("copulas", []) for part in _copula(copula)),
    ]


def _copula(copula):
    """Its words, and a table of its correlations where they are more than one."""
    names, table = copula["names"], copula["correlation"]
    parts = [_html.paragraph(f"{' and '.join([', '.join(names[:-1]), names[-1]])} depend on each other: {copula['text']}.")]
    if table and len(names) > 2:
        rows = [[name, *(f"{number:.4g}" for number in row)] for name, row in zip(names, table, strict=True)]
        parts.append(_html.folded("Correlations of the normal scores", _html.table(["", *names], rows)))
    return parts


def _formula(law):
    return FORMULAS.get(law.partition("(")[0], "-")


def _small(marginal):
    if "edges" not in marginal:
        return ""
    return _html.Markup(_svg.density(marginal["edges"], marginal["heights"], f"Density of {marginal['name']}"))


def _diagnostics(e):
    rows = [[f.key, f.seen, f"{f.meaning} {f.advice}".strip()] for f in _advice.findings(e)]
    return (
        _html.folded("Diagnostics, and what they mean", _html.table(["", "seen", "meaning"], rows, text_columns=(1, 2)))
        if rows
        else ""
    )


def _provenance(e, record):
    parts = [_html.element("h3", "To repeat it"), _html.code(record["call"])] if record.get("call") else []
    told = [f"{record['date']}, {record['seconds']:.3g} s"] if record.get("date") else []
    return [*parts, *(_html.paragraph(text) for text in told), *_machine(record.get("environment"))]


def _machine(words):
    if not words:
        return []
    rows = [[key, str(value)] for key, value in words.items() if value]
    return [_html.folded("Version and machine", _html.table(["", ""], rows, text_columns=(1,)))]


# An experiment


def experiment_parts(result, picture=None):
    """Its claims, tables and picture, first runs with intervals, convergence, settings, and how to repeat it."""
    claims, failed = result["claims"], [c for c in result["claims"] if not c["holds"]]
    state = f"{len(claims) - len(failed)} of {len(claims)} claims hold." if claims else ""
    command = result.get("command") or f"buffon run {result['experiment']}"
    minutes = f"{result['date']}, {result['seconds'] / 60:.1f} min."
    parts = [_html.paragraph(f"{minutes} {state}")]
    parts += [
        _html.notice(
            f"{c['case']}: {c['claim']}", f"Measured {c['measured']:.4g} ({c['low']:.4g} ... {c['high']:.4g}).", doubt=True
        )
        for c in failed
    ]
    if picture is not None and picture.is_file():
        parts.append(_html.figure(_html.image(picture, f"Picture of {result['experiment']}"), "The picture of the experiment."))
    parts += _first_runs(result["records"])
    parts += [_maybe_folded(len(t.rows), t.title, _table(t)) for t in _tables(result)]
    parts += _convergence(result.get("history") or [])
    settings = [[key, str(value)] for key, value in result["config"].items()]
    return [
        *parts,
        _html.element("h3", "To repeat it"),
        _html.code(command),
        _html.folded("Settings", _html.table(["", ""], settings, text_columns=(1,))),
        *_machine(result.get("environment")),
    ]


def _tables(result):
    """What `buffon run` printed, where this Buffon still has the experiment and its records are of today's form."""
    from buffon.experiments import EXPERIMENTS
    from buffon.experiments._report import claim_table

    if result["experiment"] not in EXPERIMENTS:
        return []
    try:
        tables = importlib.import_module(f"buffon.experiments.{result['experiment']}").tables(result["records"])
    except (KeyError, TypeError, ValueError, IndexError):
        return []
    return [*tables, *([claim_table(result["claims"])] if result["claims"] else [])]


def _table(t):
    return _html.join([_html.table(t.header, t.rows, t.title), *([_html.paragraph(t.note)] if t.note else [])])


def _first_runs(records):
    """Of the first arm in each case: values with intervals beside their references."""
    parts = []
    for case in dict.fromkeys(r["case"] for r in records if r["kind"] == "value"):
        rows = [r for r in records if r["kind"] == "value" and r["case"] == case]
        first = [r for r in rows if r["arm"] == rows[0]["arm"]]
        title = f"{case}: {rows[0]['arm']}, first run (95 %) and reference (cross)"
        drawn = _svg.intervals([r["name"] for r in first], *([r[key] for r in first] for key in ("value", "low", "high")), title,
                               [r["reference"] for r in first])
        parts.append(_maybe_folded(len(first), title, _html.figure(_html.Markup(drawn), title)))
    return parts
