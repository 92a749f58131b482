"""The README's table paper -> function -> experiment -> measured result, from the recorded results.

    python -m buffon.experiments.readme_table           prints it
    python -m buffon.experiments.readme_table README.md writes it between the file's markers
"""
import json

import buffon
import buffon.diffusion
from buffon.experiments._comparison import best_known, ratio
from buffon.experiments._page import RESULTS, Page
from buffon.experiments._report import between, short

# paper, its arXiv number, function, experiments
ROWS = [
    ("Demange-Chryst, Bachoc, Morio: joint estimation by adaptive importance sampling with control variates", "2212.00568",
     "aiscv", ("cantilever", "gaussian_moments", "cantilever_laws")),
    ("DEIS", "2204.13902", "diffusion.deis", ()),
    ("DPM-Solver++", "2211.01095", "diffusion.dpmpp", ()),
    ("DPM-Solver-v3", "2310.13268", "diffusion.dpm_v3", ()),
    ("UniPC", "2302.04867", "diffusion.unipc", ()),
    ("DC-Solver", "2409.03755", "diffusion.dc_search", ()),
    ("USF: unified sampling framework, solver search", "2312.07243", "diffusion.solver_search", ()),
    ("MRS: mean-reverting diffusion", "2502.07856", "diffusion.mrs", ()),
    ("DMCMC: denoising MCMC", "2209.14593", "diffusion.langevin_gibbs", ()),
    ("Exposure bias, shifted time steps", "2305.15583", "diffusion.time_shifted", ()),
    ("DPM-OT", "2307.11308", "diffusion.transport_start", ()),
    ("MMD fine-tuning", "2301.07969", "diffusion.finetune_mmd", ()),
    ("Multi-student distillation", "2410.23274", "diffusion.distill", ()),
    ("Group DETR", "2207.13085", "assign", ()),
    ("Co-DETR", "2211.12860", "assigners", ()),
    ("MutDet", "2407.09920", "", ()),
    ("Moment Probing", "2307.11342", "diffusion.moment_probe", ()),
]


def table(results=RESULTS):
    """The table in Markdown; a row without a recorded result says open."""
    lines = ["| paper | function | experiment | measured result |", "|---|---|---|---|"]
    for paper, number, function, experiments in ROWS:
        first = f"| [{paper}](https://arxiv.org/abs/{number}) | {_code(function)} |"
        found = [name for name in experiments if (results / f"{name}.json").is_file()]
        for i, name in enumerate(found):
            result = json.loads((results / f"{name}.json").read_text("utf-8"))
            lines.append(f"{'| | |' if i else first} `{name}` | {sentence(result)} |")
        if not found:
            lines.append(f"{first} | open |")
    return "\n".join(lines)


def sentence(result):
    """The figures of one comparison: criterion of the joint sample, and how many times smaller than that of each control."""
    criteria = [r for r in result["records"] if r["kind"] == "criterion"]
    joint, *controls = [r for r in criteria if r["case"] == criteria[0]["case"]]
    beaten = [f"{between(*ratio(best_known(c), best_known(joint)))} times less than {_words(c['arm'])}" for c in controls]
    return (f"squared error of all {joint['case']} {short(joint['criterion'])} ± {short(joint['criterion_se'])}: "
            f"{'; '.join(beaten)}. {joint['repetitions']} runs of {result['config']['budget']:,} points, {result['date']}")


def _words(arm):
    return {"plain": "plain Monte Carlo"}.get(arm, arm.replace("separately", "each separately"))


def _code(function):
    """The function's name where this Buffon has it."""
    found = buffon.diffusion if function.startswith("diffusion.") else buffon
    return f"`{function}`" if function and hasattr(found, function.rpartition(".")[2]) else ""


PAGE = Page("README", table, ("<!-- table: written by experiments/readme_table.py -->", "<!-- end of table -->"))

if __name__ == "__main__":
    PAGE.command()
