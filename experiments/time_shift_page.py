"""The figures of Time-Shift in docs/denoisers.md, from the recorded results.

    python -m buffon.experiments.time_shift_page                     prints the tables
    python -m buffon.experiments.time_shift_page docs/denoisers.md   writes them between the page's markers
"""
import json

from buffon.experiments._page import Page, markdown, provenance
from buffon.experiments._report import Table
from buffon.experiments.time_shift import ARMS, DATA, PLAIN, SOLVERS


def figures(results):
    """A table per solver: what each arm adds to the energy distance of the plain solver, in thousandths."""
    recorded = json.loads((results / "time_shift.json").read_text(encoding="utf-8"))
    cell = {(r["case"], r["arm"]): r for r in recorded["records"] if r["kind"] == "criterion"}
    tables = [markdown(Table("", [f"`{solver}`, {cell[f'mixture, {solver}', PLAIN]['evaluations']} evaluations", *DATA],
                             [[arm, *(_words(cell[f"{data}, {solver}", arm]) for data in DATA)] for arm in ARMS]), 0).strip()
              for solver in SOLVERS]
    return "\n\n".join([*tables, provenance(recorded)])


def _words(record):
    if record["arm"] == PLAIN:
        return f"{1e3 * record['energy']:.1f}"
    gap, low, high = (1e3 * record[key] for key in ("gap", "gap_low", "gap_high"))
    return f"{gap:+.1f} ({low:+.1f} ... {high:+.1f})"


PAGE = Page("docs/denoisers.md", figures,
            ("<!-- time shift: written by experiments/time_shift_page.py -->", "<!-- end of time shift -->"))

if __name__ == "__main__":
    PAGE.command()
