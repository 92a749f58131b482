"""The README's table paper -> function -> experiment -> measured result, from the recorded results.

    python -m buffon.experiments.readme_table           prints it
    python -m buffon.experiments.readme_table README.md writes it between the file's markers
"""
import json
from dataclasses import dataclass
from types import SimpleNamespace

import buffon
import buffon.diffusion
from buffon.experiments._comparison import best_known, ratio
from buffon.experiments._page import RESULTS, Page
from buffon.experiments._report import between, short


@dataclass(frozen=True)
class Finding:
    """What a recorded experiment says of one arm, in ``words``: {name} stands for the arm's figure of that name, with its
    interval, {against.name} for the control's. Without words: the criterion, beside those of all controls.
    """

    experiment: str
    case: str = ""
    arm: str = ""
    words: str = ""
    against: str = ""


def _race(arm):
    return Finding("solver_race", "five modes, VP, 10", arm, "five modes: median distance {error} to the end of the exact flow "
                   "after 10 evaluations, {gain} times less than DDIM's {against.error}", "ddim()")


def _total(metric, words):
    return f"{words} {{{metric}}}, {{{metric}_ratio_total}} of DDIM's"


# paper, its arXiv number ("" for what is new here), function, findings
ROWS = [
    ("Demange-Chryst, Bachoc, Morio: joint estimation by adaptive importance sampling with control variates", "2212.00568",
     "aiscv", (Finding("cantilever"), Finding("gaussian_moments"), Finding("cantilever_laws"))),
    ("Failures of samplers by great circles", "", "arcs", (
        Finding("failure_probability", "DDIM-10, 1e-4", "arcs",
                "failures of DDIM-10 with probability 1e-4: {gain} times fewer runs of the sampler than plain Monte Carlo; "
                "intervals cover {coverage}"),)),
    ("DEIS", "2204.13902", "diffusion.deis", (_race("deis(method=tab,order=3)"),)),
    ("DPM-Solver++", "2211.01095", "diffusion.dpmpp", (_race("dpmpp(order=3)"),)),
    ("DPM-Solver-v3", "2310.13268", "diffusion.dpm_v3", (
        _race("dpm_v3()"),
        Finding("ems", "five modes, 10", "1,024 pairs",
                "five modes, 10 evaluations: its statistics of the model make the error {gain} times less"))),
    ("UniPC", "2302.04867", "diffusion.unipc", (_race("unipc(order=2)"),)),
    ("DC-Solver", "2409.03755", "diffusion.dc_search", (
        Finding("dc_search", "5 modes, 5 steps", "searched",
                "five modes, 5 steps, other starts than searched on: r.m.s. error {rms}, less by a share of {gain}; "
                "by random search {against.gain}", "random"),)),
    ("USF: unified sampling framework, solver search", "2312.07243", "diffusion.solver_search", (
        Finding("solver_search", "five modes, 10", "evolution",
                "five modes, 10 evaluations: error {error} of a solver found by evolution; the best named one {against.error}",
                "best fixed"),)),
    ("MRS: mean-reverting diffusion", "2502.07856", "diffusion.mrs", (
        Finding("restoration", "all tasks", "noise, order 3",
                "as good as 100 evaluations of posterior sampling with at most 10 in {tasks} of 6 tasks"),)),
    ("DMCMC: denoising MCMC", "2209.14593", "diffusion.langevin_gibbs", (
        Finding("dmcmc", "gmm16", "many chains + ddim",
                f"8 modes in 16 dimensions, equal total evaluations: {_total('off_mode', 'samples off every mode')}; "
                f"{_total('energy', 'energy distance')}"),
        Finding("dmcmc_held_out", "gmm16", "many chains + ddim",
                "beside the best control, UniPC begun further out: samples off every mode {off_mode_ratio_unipc} of its, "
                "energy distance more by {energy_gap_unipc}"))),
    ("Exposure bias, shifted time steps", "2305.15583", "diffusion.time_shifted", (
        Finding("time_shift", "mixture, ddim", "calibrated",
                "8 modes in 16 dimensions, 10 steps: energy distance {ratio} of that without; by `noise_scaled` {against.ratio}",
                "noise / 1.02"),)),
    ("DPM-OT", "2307.11308", "diffusion.transport_start", (
        Finding("dpm_ot", "gmm16, N = 4096", "transport, level 0.2",
                "8 modes in 16 dimensions, 4,096 targets: a map and 5 evaluations leave {off} of the samples off every mode, "
                "energy distance {energy}, copies {memorised}; DDIM with 10: {against.off}, {against.energy}", "DDIM, 10"),)),
    ("MMD fine-tuning", "2301.07969", "diffusion.finetune_mmd", ()),
    ("Multi-student distillation", "2410.23274", "diffusion.distill", ()),
    ("Group DETR", "2207.13085", "assign", ()),
    ("Co-DETR", "2211.12860", "assigners", ()),
    ("MutDet", "2407.09920", "", ()),
    ("Moment Probing", "2307.11342", "diffusion.moment_features", (
        Finding("probing", "100 labels", "four heads",
                "digits, 100 labels: accuracy {accuracy} of a linear classifier with covariances over the tokens of "
                "frozen features, {against.accuracy} with their mean alone", "mean"),)),
]


def table(results=RESULTS):
    """The table in Markdown; a row without a recorded result says open."""
    lines = ["| paper | function | experiment | measured result |", "|---|---|---|---|"]
    for paper, number, function, findings in ROWS:
        first = f"| {f'[{paper}](https://arxiv.org/abs/{number})' if number else paper} | {_code(function)} |"
        found = [f for f in findings if (results / f"{f.experiment}.json").is_file()]
        for i, finding in enumerate(found):
            result = json.loads((results / f"{finding.experiment}.json").read_text("utf-8"))
            text = in_words(finding, result) if finding.words else sentence(result)
            lines.append(f"{'| | |' if i else first} `{finding.experiment}` | {text} |")
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


def in_words(finding, result):
    """A finding with the figures of a result, and its date."""
    arms = {r["arm"]: r for r in result["records"] if r["kind"] == "criterion" and r["case"] == finding.case}
    against = SimpleNamespace(**_figures(arms[finding.against])) if finding.against else None
    return f"{finding.words.format(**_figures(arms[finding.arm]), against=against)}. {result['date']}"


def _figures(record):
    """Every number of a record as text, with its interval or error where it has one."""
    return {name: _figure(record, name) for name, value in record.items() if isinstance(value, (int, float))}


def _figure(record, name):
    if f"{name}_low" in record and record[f"{name}_low"] < record[f"{name}_high"]:
        return between(record[name], record[f"{name}_low"], record[f"{name}_high"])
    return f"{short(record[name])} ± {short(record[f'{name}_se'])}" if f"{name}_se" in record else short(record[name])


def _words(arm):
    return {"plain": "plain Monte Carlo"}.get(arm, arm.replace("separately", "each separately"))


def _code(function):
    """The function's name where this Buffon has it."""
    found = buffon.diffusion if function.startswith("diffusion.") else buffon
    return f"`{function}`" if function and hasattr(found, function.rpartition(".")[2]) else ""


PAGE = Page("README", table, ("<!-- table: written by experiments/readme_table.py -->", "<!-- end of table -->"))

if __name__ == "__main__":
    PAGE.command()
