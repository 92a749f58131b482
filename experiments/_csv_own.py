"""A table of the user's own: its holes, means of its rows and under new laws, perturbed laws, indices.

Records, and their tables.
"""

import warnings

import numpy as np

import buffon as bf
from buffon._law_text import read_law
from buffon.experiments._csv_made import DELTAS, made_estimate
from buffon.experiments._report import Table, short, with_error

TABLE = "your table"


def own_table(config):
    words = {
        key: [w.strip() for w in getattr(config, key).split(",")] if getattr(config, key) else None
        for key in ("inputs", "outputs")
    }
    law = "fit" if config.law == "fit" else read_law(config.law) if config.law else None
    new = [read_law(text) for text in config.laws.split("|")] if config.laws else []
    if new and law is None:
        raise ValueError("given_csv: laws need the law that made the table: --set law=...")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # they are a table of their own
        sample = bf.Sample.from_csv(config.file, words["inputs"], words["outputs"], law)
    found = [("as it is", _column_means(sample), "control")]
    found += [("reweight", bf.reweight(sample, laws=new, doubtful="warn"), "method")] if new else []
    refused = []
    for arm, estimate in (("tilted", _shifted if law is not None else None), ("ranks", bf.sobol_given_data)):
        try:
            found += [(arm, estimate(sample), "method")] if estimate else []
        except ValueError as error:   # a law without variance, an output that is the same everywhere: no reason to hide the rest
            refused.append(str(error))
    head = {"kind": "table", "case": TABLE, "arm": "table", "role": "method"}
    records = [{**head, "rows": len(sample) + sample.n_dropped, "left_out": sample.n_dropped, "failed": sample.n_failed,
                "missing": [list(cell) for cell in sample.missing[:1000]], "warnings": list(dict.fromkeys(
                    [*(text for _, e, _ in found for text in [*sample.warnings, *e.warnings]), *refused]))}]
    return records + [record for arm, e, role in found for record in _own_values(arm, e, role)]


def _shifted(sample):
    return bf.perturbed_law(sample, delta=list(DELTAS), perturb="mean")


def _column_means(sample):
    y = sample.y[np.isfinite(sample.y).all(axis=1)]
    return made_estimate(y.mean(axis=0), np.atleast_2d(np.cov(y.T)) / len(y), sample.outputs, len(sample))


def _own_values(arm, e, role):
    low, high = e._interval()
    return [{"kind": "value", "case": arm, "arm": arm, "role": role, "name": name, "reference": None, "reference_error": 0.0,
             "value": float(v), "std_error": float(s), "low": float(a), "high": float(b)}
            for name, v, s, a, b in zip(e.names, e.value, e.std_error, low, high, strict=True)]


def own_tables(records):
    head = records[0]
    cells = [[str(row), column, text or "(empty)"] for row, column, text in head["missing"]]
    out = [
        Table(
            "The table",
            ["", "rows"],
            [
                ["read", f"{head['rows']:,}"],
                ["left out: an input is missing", f"{head['left_out']:,}"],
                ["failed: an output is missing", f"{head['failed']:,}"],
            ],
            "\n".join(head["warnings"]),
        )
    ]
    out += [Table("Cells without a number", ["row", "column", "what stands there"], cells)] if cells else []
    titles = {
        "as it is": "Means of the rows",
        "reweight": "Means under the new laws, in their order",
        "tilted": "Perturbed-law indices: relative change when the mean of an input moves by half a standard deviation",
        "ranks": "First-order Sobol' indices",
    }
    for arm, title in titles.items():
        rows = [[r["name"], with_error(r["value"], r["std_error"]), f"{short(r['low'])} ... {short(r['high'])}"]
                for r in records if r["kind"] == "value" and r["arm"] == arm]
        out += [Table(title, ["", "value", "95 %"], rows)] if rows else []
    return out
