"""Optimal transport and assignment on one GPU beside torch (eager, compiled) and SciPy.

    python experiments/benchmarks/gpu_transport.py [--json FILE] [--only WORD]

step: draws of the standard normal law are made, and counted by the target whose <x, y> + h is largest. torch draws,
    multiplies (float32, and TF32), adds, takes the argmax and counts, in pieces whose scores take 8 GB at most. Buffon
    with fresh draws does the same; with blocks that are reused (turned and mirrored, what transport_map does) an eighth
    of the rows are drawn. "exact" has every score in float32; the other form finds cells by tensor cores and scores
    close calls again in float32: the same counts, which is checked. Times are whole calls by the clock: heights go to
    the device and counts come back.
map: transport_map of 50,000 normal points in 64 dimensions to 2 %, and its counts on fresh draws; one run.
assign: 704 problems of 20 x 300 that lie on the device beside SciPy on the processor, whose costs must be the same to
    1e-12. "all read": what the 300 have is made, too, which waits until it is asked for. "one after the other": nothing
    else runs between the calls.

Medians of the repeats, alternating between the candidates; ratios are medians of the turns with one-sided 90 % bounds on
both sides.
"""
import argparse
import json
import time

import numpy as np
import torch

import buffon as bf
from buffon import diffusion as bd
from buffon._buffon import diffusion as _native
from buffon.experiments.benchmarks import _gpu_turns
from buffon.experiments.benchmarks._ratio import ratio

REPEATS = 20
STEPS = {"N = 1,797, d = 64, 2^20 draws": (1797, 64, 2**20), "N = 50,000, d = 64, 2^18 draws": (50_000, 64, 2**18),
         "N = 50,000, d = 3072, 2^16 draws": (50_000, 3072, 2**16)}


def torch_step(y, h, draws, tf32, compiled):
    """A call that counts `draws` draws by cells."""
    rows = min(draws, 2**31 // len(y))   # scores of 8 GB
    pieces = -(-draws // rows)

    def cells():
        x = torch.randn(draws // pieces, y.shape[1], device="cuda")
        return torch.bincount(torch.addmm(h, x, y.T).argmax(1), minlength=len(y))

    def nearest(x, y, h):
        return torch.addmm(h, x, y.T).argmax(1)

    best = torch.compile(nearest)

    def step():
        torch.backends.cuda.matmul.allow_tf32 = tf32
        if not compiled:
            return sum(cells() for _ in range(pieces)).cpu()
        return sum(
            torch.bincount(best(torch.randn(draws // pieces, y.shape[1], device="cuda"), y, h), minlength=len(y))
            for _ in range(pieces)
        ).cpu()

    return step


def step(n, d, draws):
    """Candidates of a step."""
    points = np.random.default_rng(n + d).normal(size=(n, d))
    heights = -0.5 * (points**2).sum(1)
    y, h = torch.tensor(points, device="cuda", dtype=torch.float32), torch.tensor(heights, device="cuda", dtype=torch.float32)
    ours = {
        "fresh draws": (False, False),
        "fresh draws, exact": (False, True),
        "reused blocks": (True, False),
        "reused blocks, exact": (True, True),
    }
    made = {name: _native._TransportStep(points, heights[:, None], reuse, exact, "cuda") for name, (reuse, exact) in ours.items()}
    for name in ("fresh draws", "reused blocks"):
        np.testing.assert_array_equal(made[name](draws, 1), made[f"{name}, exact"](draws, 1))
    jobs = {f"Buffon, {name}": lambda f=f: f(draws, 2) for name, f in made.items()}
    if d > 1000:
        del jobs["Buffon, fresh draws, exact"]
    jobs |= {"torch": torch_step(y, h, draws, False, False), "torch TF32": torch_step(y, h, draws, True, False),
             "torch.compile TF32": torch_step(y, h, draws, True, True)}
    return jobs


def assignments(problems=704, objects=20, queries=300):
    from scipy.optimize import linear_sum_assignment
    rng = np.random.default_rng(1)
    boxes, truth = rng.random((problems, 1, queries, 4)), rng.random((problems, objects, 1, 4))
    costs = 5 * np.abs(boxes - truth).sum(-1) - 2 * rng.beta(1, 4, (problems, objects, queries))
    there = torch.tensor(costs, device="cuda")
    expected = np.array([c[linear_sum_assignment(c)].sum() for c in costs])
    np.testing.assert_allclose(bf.assign(there).cost, expected, rtol=1e-12)
    return {
        "Buffon": lambda: bf.assign(there),
        "Buffon, all read": lambda: (found := bf.assign(there)).columns.sum() + found.rows.sum() + found.v.sum(),
        "Buffon, costs sent": lambda: bf.assign(costs, device="cuda"),
        "Buffon, processor": lambda: bf.assign(costs),
        "SciPy": lambda: [linear_sum_assignment(c) for c in costs],
    }


def show(job, times, records):
    print(job)
    ours = next(iter(times.values()))
    for name, t in times.items():
        record = {
            "job": job,
            "candidate": name,
            "median_ms": float(np.median(t) * 1e3),
            "least_ms": float(t.min() * 1e3),
            "most_ms": float(t.max() * 1e3),
        }
        line = f"  {name:30s} {record['median_ms']:9.3f} ms ({record['least_ms']:.3f} ... {record['most_ms']:.3f})"
        if t is not ours:
            record["ratio"] = list(ratio(ours, t))
            line += "   x {:.2f} ({:.2f} ... {:.2f})".format(*record["ratio"])
        print(line, flush=True)
        records.append(record)


def whole_map(n=50_000, d=64):
    """The search to 2 %, timed once, and what fresh draws say of it."""
    points = np.random.default_rng(7).normal(size=(n, d))
    begin = time.perf_counter()
    found = bd.transport_map(points, rng=1, device="cuda")
    took = time.perf_counter() - begin
    fresh = found.check(20_000_000, rng=2, device="cuda")
    print(
        f"transport_map of {n:,} points, d = {d}: {took:.2f} s, {found.n:,} draws, converged {found.converged}, L1 "
        f"{found.mass_error}; on fresh draws {fresh.mass_error}, {fresh.empty} empty cells",
        flush=True,
    )
    return {
        "job": "map",
        "seconds": took,
        "draws": found.n,
        "converged": found.converged,
        "l1": float(found.mass_error.value[0]),
        "fresh_l1": float(fresh.mass_error.value[0]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    print(_gpu_turns.place())
    records = []
    for name, sizes in STEPS.items():
        if arguments.only in name:
            show(name, _gpu_turns.in_turns(step(*sizes), REPEATS), records)
            torch.cuda.empty_cache()
    if arguments.only in "assign":
        jobs = assignments()
        show("704 assignments of 20 x 300", _gpu_turns.in_turns(jobs, REPEATS), records)
        for name in ("Buffon", "Buffon, all read"):
            show("704 assignments of 20 x 300, one after the other", _gpu_turns.in_turns({name: jobs[name]}, 50), records)
    if arguments.only in "map":
        records.append(whole_map())
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
