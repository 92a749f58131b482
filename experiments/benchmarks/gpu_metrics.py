"""Distances between samples on one GPU beside torch (eager, compiled): MMD, energy distance, KID, sliced W2.

    python experiments/benchmarks/gpu_metrics.py [--json FILE] [--only WORDS]

All float32, arrays that lie on the device. Two samples of n points, d = 64 (KID: 2048 features). Ours gives values, errors and
the floor; torch the value alone, from Gram matrices in blocks of 8,192 rows, and for the sliced distance (128 directions) from
a product and a sort. Whole calls by the clock, device and host waiting for each other; medians of 20 calls in turns after
warming up; ratios are medians of the turns with one-sided 90 % bounds on both sides. Errors: against float64 on the same
device, in standard errors of the estimate.
"""
import argparse
import json

import numpy as np
import torch

from buffon import diffusion as bd
from buffon.experiments.benchmarks import _gpu_turns
from buffon.experiments.benchmarks._ratio import ratio

REPEATS = 20


def of_gram(kernel, x, y, block=8192):
    """The unbiased value: mean k(x, x') + mean k(y, y') - 2 mean k(x, y)."""
    def total(a, b):
        return sum(kernel(part, b).sum(dtype=torch.float64) for part in a.split(block))

    n, m = len(x), len(y)
    own = [
        (total(a, a) - sum(kernel(part, part).diagonal().sum(dtype=torch.float64) for part in a.split(block)))
        / (len(a) * (len(a) - 1))
        for a in (x, y)
    ]
    return own[0] + own[1] - 2 * total(x, y) / (n * m)


def sliced(x, y, directions=128):
    """Products with directions, sorted along the rows."""
    theta = torch.nn.functional.normalize(torch.randn(directions, x.shape[1], device=x.device), dim=1)
    return ((theta @ x.T).sort(1).values - (theta @ y.T).sort(1).values).square().mean(dtype=torch.float64).sqrt()


def kernels(h, d):
    return {"mmd": lambda a, b: torch.exp(-(torch.cdist(a, b, compute_mode="use_mm_for_euclid_dist") ** 2) / (2 * h * h)),
            "gemm": lambda a, b: torch.exp((a @ b.T - 0.5 * a.square().sum(1)[:, None] - 0.5 * b.square().sum(1)) / (h * h)),
            "energy": lambda a, b: -torch.cdist(a, b), "kid": lambda a, b: (a @ b.T / d + 1) ** 3}


def cases():
    rng = np.random.default_rng(0)
    for n in (10_000, 50_000):
        x, y = (torch.tensor(rng.normal(m, 1, size=(n, 64)), device="cuda", dtype=torch.float32) for m in (0.02, 0.0))
        k = kernels(11.0, 64)
        compiled = torch.compile(k["gemm"], dynamic=False)
        yield (
            f"MMD, n = {n:,}, d = 64",
            lambda x=x, y=y: bd.mmd(x, y, bandwidth=11.0),
            {
                "torch": lambda x=x, y=y, k=k: of_gram(k["mmd"], x, y),
                "torch.compile": lambda x=x, y=y, compiled=compiled: of_gram(compiled, x, y),
            },
            lambda x=x, y=y: bd.mmd(x.double(), y.double(), bandwidth=11.0),
        )
        yield (
            f"energy, n = {n:,}, d = 64",
            lambda x=x, y=y: bd.energy(x, y),
            {"torch": lambda x=x, y=y, k=k: of_gram(k["energy"], x, y)},
            lambda x=x, y=y: bd.energy(x.double(), y.double()),
        )
    for n, d in ((10_000, 64), (50_000, 64), (10_000, 3072)):
        x, y = (torch.tensor(rng.normal(m, 1, size=(n, d)), device="cuda", dtype=torch.float32) for m in (0.2, 0.0))
        yield (
            f"sliced W2, n = {n:,}, d = {d}",
            lambda x=x, y=y: bd.sliced_w2(x, y, rng=1),
            {"torch": lambda x=x, y=y: sliced(x, y)},
            lambda x=x, y=y: bd.sliced_w2(x.double(), y.double(), rng=1),
        )
    x, y = (
        torch.tensor(np.maximum(rng.normal(m, 1, size=(10_000, 2048)), 0), device="cuda", dtype=torch.float32)
        for m in (0.02, 0.0)
    )
    yield (
        "KID, n = 10,000, d = 2048",
        lambda: bd.kid(x, y),
        {"torch": lambda: of_gram(kernels(1, 2048)["kid"], x, y)},
        lambda: bd.kid(x.double(), y.double()),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    records = []
    print(_gpu_turns.place())
    print("| job | candidate | time | error | ratio |\n| --- | --- | ---: | ---: | ---: |")
    for name, ours, theirs, exact in cases():
        if arguments.only not in name:
            continue
        double = exact()
        jobs = {"Buffon": ours, "Buffon, float64": exact} | theirs
        times = {job: 1e3 * t for job, t in _gpu_turns.in_turns(jobs, REPEATS, warm=3).items()}
        answers = {"Buffon": ours().value[0], "Buffon, float64": double.value[0]} | {
            key: float(job()) for key, job in theirs.items()
        }
        for candidate, t in times.items():
            error = abs(answers[candidate] - double.value[0]) / double.std_error[0]
            record = {"job": name, "candidate": candidate, "milliseconds": list(t), "error": error}
            text = ""
            if candidate in theirs:
                record["ratio"] = ratio(times["Buffon"], t)
                text = "x {:.2f} ({:.2f} ... {:.2f})".format(*record["ratio"])
            records.append(record)
            print(
                f"| {name} | {candidate} | {np.median(t):.3g} ms ({t.min():.3g} ... {t.max():.3g}) | {error:.1e} | {text} |",
                flush=True,
            )
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"device": torch.cuda.get_device_name(), "records": records}, file)


if __name__ == "__main__":
    main()
