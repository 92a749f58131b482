"""Semi-discrete optimal transport beside the torch loop that users write and POT: the masses' error against processor time.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.transport_map
        [--keys 5] [--only accuracy] [--torch 1 4 16 64] [--pot 256 1000]

Needs scikit-learn for the digits; torch and POT where they are installed. All have one thread, all run in this process.

accuracy: `transport_map` at fixed numbers of draws, checks included, of each key: processor time, and the debiased L1
    error measured on 4,000,000 fresh draws. Targets: the digits (1,797 in 64 dimensions, pixels in [-1, 1]) and their
    first 8 principal scores (unit overall standard deviation) under the standard normal law; 5,000 normal points in 16;
    256 points in 8 clusters under the uniform law on the square.
check: the same map measured by 1,000,000 draws of the check and by 4,000,000 plain draws of NumPy, counted by a product
    in float32.
torch: product, argmax, counts, Adam whose steps decay over its budget of seconds, running average; batches of 4,096.
pot: `ot.semidiscrete.solve_semidiscrete` (0.9.7 or later) on torch tensors, batches of 1,024.
reuse: processor time of a draw where a block of a normal source serves eight times and where every draw is fresh, on
    the same kernel, and what a draw is worth: the variance of the counts over that of independent draws ("inflation").
    Gain: time of an effective draw, fresh over reused.
coverage: how often the 95 % interval of the masses' error holds that of 4,000,000 fresh draws, for 40 targets in 3 dimensions.
"""
import argparse
import importlib.util
import statistics
import time

import numpy as np

import buffon as bf
from buffon import diffusion as bd

FRESH = 4_000_000


def digits():
    from sklearn.datasets import load_digits
    return load_digits().data / 8 - 1


def scores():
    y = digits()
    centred = y - y.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    first = (u * s)[:, :8]
    return first / first.std()


def clusters():
    rng = np.random.default_rng(31)
    angle = np.arange(8) * np.pi / 4
    y = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[rng.integers(8, size=256)] + 0.2 * rng.standard_normal((256, 2))
    return (y - y.min(0)) / (y.max(0) - y.min(0))


SQUARE = bf.Joint([bf.Uniform(0, 1)] * 2)
PROBLEMS = {   # targets, source, draws
    "digits, d = 64": (digits, None, [4_000_000, 20_000_000]),
    "digits, d = 8": (scores, None, [4_000_000, 15_000_000]),
    "5,000 normal points, d = 16": (lambda: np.random.default_rng(5).standard_normal((5000, 16)), None, [4_000_000]),
    "256 clustered points, square": (clusters, SQUARE, [4_600_000]),
}


def timed(f):
    begin = time.process_time()
    result = f()
    return result, time.process_time() - begin


def measured(points, heights, source=None, key=10**6):
    """The L1 error and the number of empty cells of heights, on fresh draws."""
    start = bd.transport_map(
        points, source=source, heights=heights, target_error=1.9, rng=key, threads=1
    )  # ends with its first check
    return start.check(FRESH, rng=key + 1)


def accuracy(keys):
    print("| targets | draws | CPU s | L1 error | largest | empty cells |\n|---|---:|---:|---:|---:|---:|")
    for name, (points, source, budgets) in PROBLEMS.items():
        y = points()
        for budget in budgets:
            rows = []
            for key in range(1, keys + 1):
                found, seconds = timed(
                    lambda: bd.transport_map(y, source=source, target_error=0, budget=budget, rng=key, threads=1)  # noqa: B023
                )
                fresh = found.check(FRESH, rng=1000 + key)
                rows.append((seconds, fresh.mass_error.value[0], fresh.empty))
            errors = [e for _, e, _ in rows]
            print(
                f"| {name} | {budget:,} | {statistics.median(s for s, _, _ in rows):.2f} | "
                f"{statistics.mean(errors):.4f} | {max(errors):.4f} | {max(n for _, _, n in rows)} |",
                flush=True,
            )


def check():
    """The check's chi-squared beside that of plain draws of another generator."""
    for name, points in (("digits, d = 64", digits), ("digits, d = 8", scores)):
        y = points()
        found = bd.transport_map(y, target_error=0, budget=4_000_000, rng=7, threads=1)
        ours = found.check(1_000_000, rng=8).mass_error.diagnostics
        rng, n, block = np.random.default_rng(9), FRESH, 4096
        centred, h = (y - y.mean(0)).astype(np.float32), (found.heights - found.heights.mean()).astype(np.float32)
        counts = np.zeros(len(y), int)
        for _ in range(n // block):
            counts += np.bincount(
                (rng.standard_normal((block, y.shape[1]), dtype=np.float32) @ centred.T + h).argmax(1), minlength=len(y)
            )
        n = counts.sum()
        plain = (np.sum((counts / n * len(y) - 1) ** 2) / len(y)) - (len(y) - 1) / n
        error = np.sqrt(2 * len(y)) / n * np.sqrt(1 + 2 * plain * n / len(y))
        z = (ours["chi_squared"] - plain) / np.hypot(ours["chi_squared_std_error"], error)
        print(
            f"{name}: chi-squared {ours['chi_squared']:.2e} +- {ours['chi_squared_std_error']:.1e}, plain {plain:.2e} "
            f"+- {error:.1e}: {z:+.1f} standard errors",
            flush=True,
        )


def reuse(groups=128, draws=16_384, turns=5):
    """Groups of draws, all independent of each other; the arms take turns."""
    print("| targets | draws | ns a draw | inflation | ns an effective draw | gain |\n|---|---|---:|---:|---:|---:|")
    for name, points in (("digits, d = 64", digits), ("digits, d = 8", scores)):
        y = points()
        heights = bd.transport_map(y, target_error=0, budget=4_000_000, rng=11, threads=1).heights
        arms = {
            kind: bd._native._TransportStep(y, heights[:, None], kind == "reused", False, "cpu")
            for kind in ("fresh", "reused")
        }
        seconds, counts = {kind: [] for kind in arms}, {kind: [] for kind in arms}
        for turn in range(turns):
            for kind, step in arms.items():
                found, spent = timed(lambda: [step(draws, turn * groups + g) for g in range(groups)])  # noqa: B023
                counts[kind] += found
                seconds[kind].append(spent / sum(c.sum() for c in found))
        worth = {}
        for kind, found in counts.items():
            c = np.array(found, float)
            n, w = c[0].sum(), c.mean(0) / c[0].sum()
            inflation = c.var(0, ddof=1).sum() / (n * w * (1 - w)).sum()
            worth[kind] = (1e9 * statistics.median(seconds[kind]), inflation)
        gains = np.array(seconds["fresh"]) * worth["fresh"][1] / (np.array(seconds["reused"]) * worth["reused"][1])
        for kind, (ns, inflation) in worth.items():
            gain = f"{np.median(gains):.2f} ({gains.min():.2f} to {gains.max():.2f})" if kind == "reused" else ""
            print(f"| {name} | {kind} | {ns:.0f} | {inflation:.3f} | {ns * inflation:.0f} | {gain} |", flush=True)


def torch_loop(y, seconds, seed=2, batch=4096):
    """Adam on E max_j(<x, y_j> + h_j) - mean h, its steps decaying over the whole time."""
    import torch
    torch.set_num_threads(1)
    n, d = y.shape
    generator = torch.Generator().manual_seed(seed)
    points = torch.from_numpy(y.astype(np.float32)).T.contiguous()
    h = torch.from_numpy((-0.5 * (y**2).sum(1)).astype(np.float32))
    h -= h.mean()
    m, v, average, rate = torch.zeros(n), torch.zeros(n), h.clone(), 0.05 * y.std() * np.sqrt(d)
    spent, t = 0.0, 0
    while spent < seconds:
        begin = time.process_time()
        x = torch.randn(batch, d, generator=generator)
        g = torch.bincount(torch.addmm(h, x, points).argmax(1), minlength=n) / batch - 1 / n
        t += 1
        m.mul_(0.9).add_(g, alpha=0.1)
        v.mul_(0.99).addcmul_(g, g, value=0.01)
        h -= rate / (1 + 100 * spent / seconds) * (m / (1 - 0.9**t)) / ((v / (1 - 0.99**t)).sqrt() + 1e-8 + 0.02 / n)
        h -= h.mean()
        average += (h - average) / min(t, 1 + t // 3)
        spent += time.process_time() - begin
    return average.numpy().astype(float), t * batch, spent


def pot_solver(y, iterations, batch=1024):
    import torch
    from ot.semidiscrete import solve_semidiscrete as solve
    torch.set_num_threads(1)
    torch.manual_seed(3)
    d = y.shape[1]
    points = torch.from_numpy(y.astype(np.float32))
    found, seconds = timed(lambda: solve(points, lambda n: torch.randn(n, d), batch_size=batch, max_iter=iterations))
    return found.numpy().astype(float) / 2 - 0.5 * (y**2).sum(1), iterations * batch, seconds   # its cost is |x - y|^2


def peers(seconds, iterations):
    for name, points in (("digits, d = 64", digits), ("digits, d = 8", scores)):
        y = points()
        rows = [("torch loop", *torch_loop(y, s)) for s in seconds] if importlib.util.find_spec("torch") else []
        if iterations and importlib.util.find_spec("ot"):
            rows += [("POT", *pot_solver(y, n)) for n in iterations]
        for who, heights, draws, spent in rows:
            fresh = measured(y, heights)
            print(f"| {name}, {who} | {draws:,} | {spent:.1f} | {fresh.mass_error.value[0]:.4f} | | {fresh.empty} |", flush=True)


def coverage(runs=100):
    y = np.random.default_rng(1).standard_normal((40, 3))
    held = 0
    for key in range(runs):
        found = bd.transport_map(y, rng=key, threads=1)
        low, high = found.mass_error.confidence_interval(0.95)
        truth = found.check(FRESH, rng=5000 + key).mass_error.value[0]
        held += low[0] <= truth <= high[0]
    print(f"coverage: the 95 % interval held the error of {held} of {runs} maps that had stopped at 2 %", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=5)
    parser.add_argument("--only", choices=["accuracy", "check", "reuse", "peers", "coverage"])
    parser.add_argument("--torch", type=float, nargs="*", default=[1, 4, 16, 64])
    parser.add_argument("--pot", type=int, nargs="*", default=[256, 1000])
    arguments = parser.parse_args()
    print(f"instruction set {bf._buffon.isa_level()}", flush=True)
    parts = {
        "accuracy": lambda: accuracy(arguments.keys),
        "check": check,
        "reuse": reuse,
        "peers": lambda: peers(arguments.torch, arguments.pot),
        "coverage": coverage,
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()


if __name__ == "__main__":
    main()
