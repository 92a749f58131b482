"""The figures of exposure bias in docs/exposure.md, from the recorded results.

    python -m buffon.experiments.exposure_page                    prints the tables
    python -m buffon.experiments.exposure_page docs/exposure.md   writes them between the page's markers
"""
import json

from buffon.experiments._page import Page, markdown, provenance
from buffon.experiments._report import Table, between, short
from buffon.experiments.exposure_bias import ARMS, DIGITS, FEW, MEASURES, MIXTURE, PLAIN

SHOWN = {f"{MIXTURE}: ddim": "mixture, `ddim`", f"{MIXTURE}: ddpm": "mixture, `ddpm`", f"{DIGITS}: ddim": "all digits, `ddim`",
         f"{FEW}: ddim": "300 digits, `ddim`"}


def figures(results):
    """Nodes of ten steps by denoiser, then samples of the corrections beside the plain solver's."""
    recorded = json.loads((results / "exposure_bias.json").read_text(encoding="utf-8"))
    cell = {(r["case"], r["arm"]): r for r in recorded["records"] if r["kind"] == "criterion"}
    levels = list(dict.fromkeys(arm for case, arm in cell if case == f"{MIXTURE}: ddim"))
    tables = [markdown(Table("", [title, *(m.replace("_", " ") for m in MEASURES)],
                             [[arm, *(_short(cell[case, arm], m) for m in MEASURES)] for arm in levels[4:]]), 0).strip()
              for case, title in SHOWN.items()]
    samples = Table(
        "",
        [
            "ten steps of `ddim`",
            *(f"{data}: {name}" for data in (MIXTURE, DIGITS) for name in ("energy, 1/1000", "ratio", "Fréchet ratio")),
        ],
        [
            [arm, *(word for data in (MIXTURE, DIGITS) for word in _sample(cell[f"{data}: samples", arm]))]
            for arm in ARMS
        ],
    )
    return "\n\n".join([*tables, markdown(samples, 0).strip(), provenance(recorded)])


def _short(record, name):
    return "-" if record[name] is None else between(record[name], record[f"{name}_low"], record[f"{name}_high"])


def _sample(record):
    ratios = ["-" if record["arm"] == PLAIN else _short(record, name) for name in ("ratio", "frechet_ratio")]
    return [short(1e3 * record["energy"]), *ratios]


PAGE = Page(
    "docs/exposure.md",
    figures,
    ("<!-- exposure bias: written by experiments/exposure_page.py -->", "<!-- end of exposure bias -->"),
)

if __name__ == "__main__":
    PAGE.command()
