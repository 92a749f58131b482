"""The figures of docs/rare.md: W of repeated runs, and whether intervals of rare events keep their word, from recorded results.

    python -m buffon.experiments.rare_page               prints them
    python -m buffon.experiments.rare_page docs/rare.md  writes them between the page's markers
"""
import json

from buffon.experiments import rare_coverage, rare_events
from buffon.experiments._page import RESULTS, Page, markdown, provenance
from buffon.experiments.coverage_page import verdict

# Recorded results: their file, the experiment that made them, and the heading.
CAMPAIGNS = (("rare_events", rare_events, "W over many runs"), ("rare_coverage", rare_coverage, "Do the intervals keep their word"))


def figures(results=RESULTS):
    """The campaigns in Markdown; one that was not recorded is left out."""
    parts = []
    for name, module, heading in CAMPAIGNS:
        path = results / f"{name}.json"
        if path.is_file():
            result = json.loads(path.read_text("utf-8"))
            parts += [f"### {heading}", provenance(result), *([verdict(result)] if result["claims"] else []), *(markdown(table, 4) for table in module.tables(result["records"]))]
    return "\n\n".join(parts)


PAGE = Page("docs/rare.md", figures, ("<!-- figures: written by experiments/rare_page.py -->", "<!-- end of figures -->"))

if __name__ == "__main__":
    PAGE.command()
