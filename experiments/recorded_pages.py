"""Figures of pages that are tables of recorded results: rare events, stopping at a target error, Sobol' indices of tails,
Denoising MCMC, denoising losses, rare failures of samplers, indices of their quality, multilevel Monte Carlo,
reports about samplers, what transport maps cost.

    python -m buffon.experiments.recorded_pages docs   writes them between the markers of the pages in this folder
"""
import json
import sys
from functools import partial
from pathlib import Path

from buffon.experiments import (
    dmcmc,
    dmcmc_held_out,
    failure_probability,
    hyper_indices,
    loss_levels,
    map_scaling,
    multilevel,
    rare_coverage,
    rare_events,
    sampler_report,
    sobol_tails,
    stopping,
    surrogate,
)
from buffon.experiments._page import RESULTS, Page, markdown, provenance
from buffon.experiments.coverage_page import verdict

# Page -> recorded results: their file, the experiment that made them, and the heading.
CAMPAIGNS = {
    "rare": (
        ("rare_events", rare_events, "W over many runs"),
        ("rare_events_200", rare_events, "In 200 inputs"),
        ("rare_coverage", rare_coverage, "Do the intervals keep their word"),
        ("rare_coverage_vmfn", rare_coverage, "Those of von Mises-Fisher-Nakagami components"),
    ),
    "chains": (
        ("dmcmc", dmcmc, "Figures"),
        ("dmcmc_held_out", dmcmc_held_out, "On other mixtures, beside the best solvers"),
    ),
    "denoisers": (("loss_levels", loss_levels, "Levels drawn in four ways"),),
    "failures": (("failure_probability", failure_probability, "Seven ways side by side"),),
    "multilevel": (
        ("multilevel", multilevel, "Levels below a sampler, and a fine solver as control"),
        ("surrogate", surrogate, "A fitted mixture as control"),
    ),
    "report": (("sampler_report", sampler_report, "Four denoisers"),),
    "transport": (
        ("map_scaling", map_scaling, "By the number of targets and dimensions, one core"),
        ("map_scaling_gpu", map_scaling, "On a GPU"),
    ),
    "stopping": (("stopping", stopping, "Every estimator, and the naive rule"),),
    "sobol": (
        ("sobol_tails", sobol_tails, "Errors and coverage"),
        ("hyper_indices", hyper_indices, "Random models, and what the quality of a sampler depends on"),
    ),
}
MARKERS = ("<!-- figures: written by experiments/recorded_pages.py -->", "<!-- end of figures -->")


def figures(campaigns, results=RESULTS):
    """The campaigns in Markdown; one that was not recorded is left out."""
    parts = []
    for name, module, heading in campaigns:
        path = results / f"{name}.json"
        if path.is_file():
            result = json.loads(path.read_text("utf-8"))
            told = [verdict(result)] if result["claims"] else []
            parts += [
                f"### {heading}",
                provenance(result),
                *told,
                *(markdown(table, 4) for table in module.tables(result["records"])),
            ]
    return "\n\n".join(parts)


PAGES = {name: Page(f"docs/{name}.md", partial(figures, campaigns), MARKERS) for name, campaigns in CAMPAIGNS.items()}

if __name__ == "__main__":
    for name, page in PAGES.items():
        path = Path(sys.argv[1]) / f"{name}.md"
        path.write_text(page.replaced(path.read_text("utf-8")), encoding="utf-8")
