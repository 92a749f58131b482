"""Statistics on one GPU beside torch (eager, compiled) and CuPy: Ishigami's moments, Sobol' indices, densities of Gaussians.

    python experiments/benchmarks/gpu_statistics.py [--json FILE] [--only WORD]

All float64. Times are those of whole calls with their launches, copies and whatever the processor does, by the wall clock after
the device has come to rest; of densities those of the device alone, by CUDA events behind a pause of it. Medians of the repeats,
alternating between the candidates; ratios are medians of the turns with one-sided 90 % bounds on both sides. Errors say that all
candidates compute the same.
"""
import argparse
import json
import sys

import numpy as np
import torch

import buffon as bf
from buffon.experiments.benchmarks import _gpu_turns
from buffon.experiments.benchmarks._ratio import ratio

REPEATS = 20


def on_cupy(f):
    """f(cupy), or None where there is no CuPy."""
    try:
        import cupy
    except ImportError:
        return None
    return lambda: f(cupy)


def ishigami(ours=10**11, theirs=10**8):
    """Mean and variance; rates are samples a second."""
    problem = bf.testing.ishigami().problem

    def moments(n):
        x = (2 * torch.rand(3, n, device="cuda", dtype=torch.float64) - 1) * np.pi
        s = torch.sin(x[0])
        y = s + 7 * torch.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * s
        return y.mean(), y.var()

    def with_cupy(cupy):
        x = (2 * cupy.random.random((3, theirs)) - 1) * np.pi
        s = cupy.sin(x[0])
        y = s + 7 * cupy.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * s
        return y.mean(), y.var()

    compiled = torch.compile(moments)
    jobs = {"Buffon": (ours, lambda: bf.plain(problem, budget=ours, rng=1, device="cuda").value[0]),
            "torch": (theirs, lambda: moments(theirs)[0]), "torch.compile": (theirs, lambda: compiled(theirs)[0]),
            "CuPy": (theirs, on_cupy(lambda cupy: with_cupy(cupy)[0]))}
    return "Ishigami, mean and variance", "samples/s", jobs, lambda mean: abs(float(mean) - 3.5)


def quasi(ours=10**10):
    problem = bf.testing.ishigami().problem
    jobs = {"Buffon": (ours, lambda: bf.quasi(problem, budget=ours, rng=1, device="cuda").value[0])}
    return "Ishigami, mean over 16 scrambled nets", "samples/s", jobs, lambda mean: abs(float(mean) - 3.5)


def sobol(d=16, rows=2**22):
    """First and total order of the g-function; rates are calls of the model a second, d + 2 a row."""
    a = np.array([0, 0.2, 0.5, 1, 1.5, 2, 3, 4, 6, 9, 12, 20, 40, 60, 80, 99.0])[:d]
    known = bf.testing.g_function(list(a))
    n = rows * (d + 2)
    scale = torch.tensor(1 / (1 + a), device="cuda")
    shift = torch.tensor(a, device="cuda")

    def model(x):
        return (((4 * x - 2).abs() + shift) * scale).prod(1)

    def indices(model):
        first = torch.empty(d, device="cuda", dtype=torch.float64)
        total = torch.empty_like(first)
        x, y = torch.rand(rows, d, device="cuda", dtype=torch.float64), torch.rand(rows, d, device="cuda", dtype=torch.float64)
        fa, fb = model(x), model(y)
        variance = fa.var()
        for i in range(d):
            mixed = x.clone()
            mixed[:, i] = y[:, i]
            step = model(mixed) - fa
            first[i] = (fb * step).mean() / variance
            total[i] = 0.5 * (step * step).mean() / variance
        return first.cpu(), total.cpu()

    compiled = torch.compile(model)
    ours = lambda points: (
        bf.sobol(known.problem, budget=n, rng=1, surrogate=False, points=points, device="cuda").total_order.value
    )
    jobs = {"Buffon": (n, lambda: ours("rqmc")), "Buffon, ten calls": (10 * n, lambda: [ours("rqmc") for _ in range(10)][-1]),
            "Buffon, points='iid'": (n, lambda: ours("iid")),
            "torch": (n, lambda: indices(model)[1]), "torch.compile": (n, lambda: indices(compiled)[1])}
    return (
        f"Sobol' indices, g-function, d = {d}, N = {rows:,}",
        "model calls/s",
        jobs,
        lambda total: float(np.abs(np.asarray(total) - known.total_order).max()),
    )


def densities(n=2_000_000, k=100, d=6):
    """All log densities, and the log density of the mixture; rates are densities a second."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(k, d, d))
    means, covariances = rng.normal(size=(k, d)), a @ a.transpose(0, 2, 1) + np.eye(d)
    law = bf.Mixture(np.full(k, 1 / k), [bf.MultivariateNormal(m, c) for m, c in zip(means, covariances, strict=True)])
    x = torch.randn(n, d, device="cuda", dtype=torch.float64)
    put = lambda v: torch.tensor(v, device="cuda")
    inverse = put(np.linalg.inv(np.linalg.cholesky(covariances)))
    norm = put(-0.5 * np.linalg.slogdet(covariances)[1] - 0.5 * d * np.log(2 * np.pi))
    centre = put(means)

    def by_einsum(x):
        return norm - 0.5 * torch.einsum("kij,nkj->nki", inverse, x[:, None] - centre).square().sum(2)

    stacked, shift = inverse.reshape(k * d, d).T.contiguous(), torch.einsum("kij,kj->ki", inverse, centre).reshape(k * d)

    def by_product(x):
        return norm - 0.5 * (x @ stacked - shift).reshape(n, k, d).square().sum(2)

    def reduced(x):
        return torch.logsumexp(by_product(x), 1) - np.log(k)

    some = by_einsum(x[:1000]).cpu().numpy()
    whole = np.log(np.exp(some).mean(1))
    compiled, compiled_reduced = torch.compile(by_product), torch.compile(reduced)
    each = {"Buffon": (n * k, lambda: bf._buffon._component_log_densities(law, x)), "torch einsum": (n * k, lambda: by_einsum(x)),
            "torch GEMM": (n * k, lambda: by_product(x)), "torch.compile": (n * k, lambda: compiled(x))}
    mixture = {"Buffon, reduced": (n * k, lambda: law.log_density(x)), "torch GEMM, reduced": (n * k, lambda: reduced(x)),
               "torch.compile, reduced": (n * k, lambda: compiled_reduced(x))}

    def error(answer):
        first = answer[:1000].cpu().numpy()
        return float(np.abs(first - (some if first.ndim == 2 else whole)).max())

    return f"log densities of {k} Gaussians, d = {d}, {n:,} points", "densities/s", {**each, **mixture}, error


def aiscv(n=20_000_000):
    """100 laws of the cantilever; rates are evaluations a second."""
    laws = bf.testing.cantilever_laws()
    run = lambda device: bf.aiscv(laws.problem, laws=laws.laws, budget=n, rng=1, device=device).value
    exact = np.asarray(laws.exact)
    return (
        f"aiscv, 100 laws (T2b), {n:,} points",
        "points/s",
        {"Buffon": (n, lambda: run("cuda")), f"Buffon, {bf._buffon._threads()} cores": (n, lambda: run("cpu"))},
        lambda value: float(np.abs(np.asarray(value) / exact - 1).max()),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    records = []
    print(_gpu_turns.place(), flush=True)
    for make in (ishigami, quasi, sobol, densities, aiscv):
        if arguments.only not in make.__name__:
            continue
        name, unit, all_jobs, error = make()
        sizes, jobs, errors = {}, {}, {}
        for job, (size, run) in all_jobs.items():   # what does not run here is left out, and said
            try:
                errors[job] = error(run())
                sizes[job], jobs[job] = size, run
            except Exception as problem:
                print(f"  {job}: {str(problem).splitlines()[0]}", file=sys.stderr)
        clock = _gpu_turns.on_device if make is densities else _gpu_turns.by_the_clock
        repeats, warm = (3, 0) if make is aiscv else (REPEATS, 2)
        times = _gpu_turns.in_turns(jobs, repeats, clock, warm)
        print(name)
        rates = {job: sizes[job] / t for job, t in times.items()}
        for job, t in times.items():
            line = (f"  {job:26s} {np.median(t) * 1e3:9.2f} ms ({t.min() * 1e3:.2f} ... {t.max() * 1e3:.2f})  "
                    f"{np.median(rates[job]):.3g} {unit}, error {errors[job]:.1e}")
            record = {
                "job": name,
                "candidate": job,
                "median_ms": float(np.median(t) * 1e3),
                "rate": float(np.median(rates[job])),
                "error": errors[job],
            }
            reference = "Buffon, reduced" if ", reduced" in job else "Buffon"
            if job != reference:
                middle, low, high = ratio(1 / rates[reference], 1 / rates[job])
                record["ratio"] = [float(middle), float(low), float(high)]
                line += f"   x {middle:.2f} ({low:.2f} ... {high:.2f})"
            print(line, flush=True)
            records.append(record)
        torch.cuda.empty_cache()
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
