"""Chains of Denoising MCMC on one GPU beside its processor and beside torch (eager, compiled), float64.

    python experiments/benchmarks/gpu_chains.py [--json FILE] [--chains N] [--repeats K] [--eager]

A step is a corrected Langevin step and an exact draw of sigma on 1,000 levels, of the mixture of eight modes in 16 dimensions.
Buffon: whole calls of langevin_gibbs by the clock, of few and of many steps, the difference over those between; so start
and end, which are the same, drop out. The traces of every step are in it. torch: the same step without traces, in turns;
medians, ratios with 90 % bounds.
"""
import argparse
import json
import math
import time

import numpy as np
import torch

from buffon import diffusion as bd
from buffon.experiments._modes import gmm16
from buffon.experiments.benchmarks._ratio import ratio

LOW, HIGH, LEVELS, STEP = 0.05, 8.0, 1000, 1.0


def buffon_seconds(model, device, chains, few, many):
    """Of one step."""
    table = bd.ddim(bd.EDM(LOW, HIGH), steps=2, grid="rho", to_zero=True)
    spent = []
    for steps in (few, many):
        start = time.perf_counter()
        bd.langevin_gibbs(model, table, n=chains, chains=chains, skip=steps, burn_in=0, step=STEP, metropolis=True, levels=LEVELS,
                          x=model.forward(chains, 1.0, rng=1), level=1.0, rng=2, device=device)
        spent.append(time.perf_counter() - start)
    return (spent[1] - spent[0]) / (many - few)


def torch_step(model):
    """(x, sigma) -> the same a step later."""
    def put(a):
        return torch.tensor(np.asarray(a), device="cuda")

    variance, axes = np.linalg.eigh(model.covariances)
    variance, axes, means, log_weight = put(variance), put(axes), put(model.means), put(np.log(model.weights))
    d = means.shape[1]
    levels = put(np.geomspace(LOW, HIGH, LEVELS))
    precision = 1 / (variance[None] + levels[:, None, None] ** 2)                     # (levels, modes, d)
    norms = log_weight + 0.5 * precision.log().sum(-1)

    def known(x, sigma):
        """Log density up to a constant, and score."""
        y = torch.einsum("nkd,kde->nke", x[:, None] - means, axes)
        p = 1 / (variance + sigma[:, None, None] ** 2)
        logits = log_weight + 0.5 * p.log().sum(-1) - 0.5 * (y * y * p).sum(-1)
        weights = torch.softmax(logits, 1)
        return torch.logsumexp(logits, 1), -torch.einsum("nk,nke,kde->nd", weights, y * p, axes)

    def step(x, sigma):
        eta = STEP * sigma[:, None] ** 2
        density, score = known(x, sigma)
        ahead = x + eta / 2 * score + eta.sqrt() * torch.randn_like(x)
        density_ahead, score_ahead = known(ahead, sigma)
        there, back = ahead - x - eta / 2 * score, x - ahead - eta / 2 * score_ahead
        log_ratio = density_ahead - density + ((there**2).sum(1) - (back**2).sum(1)) / (2 * eta[:, 0])
        x = torch.where((torch.rand_like(sigma).log() < log_ratio)[:, None], ahead, x)
        y = torch.einsum("nkd,kde->nke", x[:, None] - means, axes).square()
        logits = torch.logsumexp(norms - 0.5 * torch.einsum("nke,lke->nlk", y, precision), 2)
        return x, levels[torch.multinomial(torch.softmax(logits, 1), 1)[:, 0]]

    assert d == model.dim
    return step


def torch_seconds(step, model, chains):
    x = torch.tensor(model.forward(chains, 1.0, rng=1), device="cuda")
    state = x, torch.ones(chains, device="cuda", dtype=x.dtype)
    for _ in range(3):
        state = step(*state)
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(20):
        state = step(*state)
    torch.cuda.synchronize()
    assert all(math.isfinite(v) for v in state[0][0].tolist())
    return (time.perf_counter() - start) / 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    parser.add_argument("--chains", type=int, default=16_384)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--eager", action="store_true", help="without torch.compile")
    arguments = parser.parse_args()
    model, n = gmm16(), arguments.chains
    step = torch_step(model)
    compiled = torch.compile(step)
    jobs = {
        "Buffon": lambda: buffon_seconds(model, "cuda", n, 20, 120),
        "Buffon, the processor": lambda: buffon_seconds(model, "cpu", n, 2, 12),
        "torch": lambda: torch_seconds(step, model, n),
        "torch.compile": lambda: torch_seconds(compiled, model, n),
    }
    if arguments.eager:
        del jobs["torch.compile"]
    times = {name: [] for name in jobs}
    for turn in range(arguments.repeats):
        for name, job in jobs.items():
            if turn < 1 or name != "Buffon, the processor":   # seconds each
                times[name].append(job())
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}: a step of {n:,} chains")
    records = []
    for name, t in times.items():
        middle, low, high = ratio((times["Buffon"] * len(t))[: len(t)], t)
        spread = f"({min(t) * 1e3:.3f} ... {max(t) * 1e3:.3f})"
        print(f"  {name:24s} {np.median(t) * 1e3:9.3f} ms {spread}   x {middle:.2f} ({low:.2f} ... {high:.2f})")
        records.append({"candidate": name, "ms": [1e3 * v for v in t], "ratio": [middle, low, high]})
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
