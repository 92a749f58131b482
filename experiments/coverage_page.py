"""The figures of docs/coverage.md: coverage of every estimator's intervals, and aiscv where it could hurt, from recorded results.

    python -m buffon.experiments.coverage_page                   prints them
    python -m buffon.experiments.coverage_page docs/coverage.md  writes them between the page's markers
"""
import json

from buffon.experiments import coverage, safety
from buffon.experiments._page import RESULTS, Page, markdown, provenance

# Recorded results: their file, the experiment that made them, and the heading.
CAMPAIGNS = (("coverage_adaptive", coverage, "Coverage and calibration of adaptive runs"),
             ("coverage", coverage, "Coverage and calibration of the others"), ("safety", safety, "Safety"))


def figures(results=RESULTS):
    """The campaigns in Markdown; one that was not recorded is left out."""
    parts = []
    for name, module, heading in CAMPAIGNS:
        path = results / f"{name}.json"
        if path.is_file():
            result = json.loads(path.read_text("utf-8"))
            parts += [f"## {heading}", provenance(result), f"![{heading}](../experiments/results/{name}.png)",
                      verdict(result), *(markdown(table) for table in module.tables(result["records"]))]
    return "\n\n".join(parts)


def verdict(result):
    """How many claims hold, and each that does not."""
    failed = [claim for claim in result["claims"] if not claim["holds"]]
    words = [f"{len(result['claims']) - len(failed)} of {len(result['claims'])} claims hold."]
    words += [f"- Not held: {claim['case']}: {claim['claim']}: {claim['measured']:.3g}"
              f" ({claim['low']:.3g} ... {claim['high']:.3g})" for claim in failed]
    return "\n".join(words[:1] + [""] * bool(failed) + words[1:])


PAGE = Page("docs/coverage.md", figures, ("<!-- figures: written by experiments/coverage_page.py -->", "<!-- end of figures -->"))

if __name__ == "__main__":
    PAGE.command()
