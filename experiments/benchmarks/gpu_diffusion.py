"""The diffusion layer on one GPU beside torch (eager, compiled): an update of a solver, the exact mixture, the ideal denoiser.

    python experiments/benchmarks/gpu_diffusion.py [--json FILE]

All float32, the update with states of float16 besides. Times are medians of CUDA events over 30 calls, alternating between the
candidates, after warming up and behind a pause of the device, so that no launch is timed; ratios are medians of the turns with
one-sided 90 % bounds on both sides. Errors are against float64 on the same device. The processor's answer is the reference of the
tests, not of this page.
"""
import argparse
import json
import sys

import numpy as np
import torch

from buffon import diffusion as bd
from buffon._buffon import diffusion as _native
from buffon.experiments.benchmarks import _gpu_turns
from buffon.experiments.benchmarks._ratio import ratio

REPEATS = 30


def half_a_millisecond_on(job):
    return _gpu_turns.on_device(job, cycles=1_000_000)


def relative_error(x, reference):
    return float((x.double() - reference).abs().max() / reference.abs().max())


def update(rows=4096, cols=3072, dtype=torch.float32):
    """Four operands, one result."""
    operands = [torch.randn(rows, cols, device="cuda").to(dtype) for _ in range(4)]
    weights = [0.9, -0.2, 0.4, -0.1]
    out = torch.empty_like(operands[0])

    def eager():
        return weights[0] * operands[0] + weights[1] * operands[1] + weights[2] * operands[2] + weights[3] * operands[3]

    compiled = torch.compile(eager)
    _native._combine(out, operands, weights)
    reference = sum(w * x.double() for w, x in zip(weights, operands, strict=True))
    bytes_moved = 5 * out.numel() * out.element_size()
    return (
        f"solver update, 4 terms, {rows} x {cols}, {str(dtype).removeprefix('torch.')}",
        {"Buffon": lambda: _native._combine(out, operands, weights), "torch": eager, "torch.compile": compiled},
        lambda answer: relative_error(out if answer is None else answer, reference),
        lambda ms: f"{bytes_moved / ms / 1e9:.2f} TB/s",
    )


def mixture(n=1_000_000, d=16, k=8, sigma=0.7):
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(k, d, d)) / 4
    covariances = factors @ factors.transpose(0, 2, 1) + 0.05 * np.eye(d)
    means, weights = rng.normal(size=(k, d)) * 2, np.arange(1.0, k + 1)
    model = bd.GaussianMixture(weights, means, covariances)
    x = torch.randn(n, d, device="cuda") * 2
    put = lambda a: torch.tensor(a, device="cuda")
    total = covariances + sigma**2 * np.eye(d)
    precision, gain = np.linalg.inv(total), covariances @ np.linalg.inv(total)
    whitening = np.linalg.cholesky(precision)
    log_norm = np.log(weights) - 0.5 * np.linalg.slogdet(total)[1]

    def posterior_mean(x, means, whitening, gain, log_norm):
        offset = x[None] - means[:, None]
        logits = log_norm[:, None] - 0.5 * (offset @ whitening).square().sum(-1)
        weight = torch.softmax(logits, 0)
        return (weight[..., None] * (means[:, None] + offset @ gain.transpose(1, 2))).sum(0)

    single = [put(a).float() for a in (means, whitening, gain, log_norm)]
    compiled = torch.compile(posterior_mean)
    some = x[:20_000].double()
    reference = posterior_mean(some, *[put(a) for a in (means, whitening, gain, log_norm)])
    return (
        f"exact mixture denoiser, {n:,} rows, {k} components, d = {d}",
        {
            "Buffon": lambda: model.denoise(x, sigma),
            "torch": lambda: posterior_mean(x, *single),
            "torch.compile": lambda: compiled(x, *single),
        },
        lambda answer: relative_error(answer[:20_000], reference),
        lambda ms: f"{n * k * d * d * 4 / ms / 1e9:.1f} TFLOP/s",
    )


def ideal(n=16_384, m=50_000, d=64, sigma=1.0):
    points = np.random.default_rng(1).normal(size=(m, d)).astype(np.float32)
    model = bd.Empirical(points, dtype="float32")
    y = torch.tensor(points, device="cuda")
    x = y[torch.randint(m, (n,), device="cuda")] + sigma * torch.randn(n, d, device="cuda")

    def softmax_of_product(x, y):
        logits = (x @ y.T - 0.5 * y.square().sum(1)) / sigma**2
        return torch.softmax(logits, 1) @ y

    def attention(x, y):
        bias = (-0.5 * y.square().sum(1) / sigma**2)[None, None, None]
        return torch.nn.functional.scaled_dot_product_attention(
            x[None, None], y[None, None], y[None, None], attn_mask=bias.expand(1, 1, x.shape[0], -1), scale=1 / sigma**2
        )[0, 0]

    compiled = torch.compile(softmax_of_product)
    some = x[:512].double()
    reference = softmax_of_product(some, y.double())
    return (
        f"ideal denoiser, {n:,} rows, {m:,} points, d = {d}, sigma = {sigma:g}",
        {
            "Buffon": lambda: model.denoise(x, sigma),
            "torch softmax(GEMM) GEMM": lambda: softmax_of_product(x, y),
            "torch.compile": lambda: compiled(x, y),
            "torch attention kernel": lambda: attention(x, y),
        },
        lambda answer: relative_error(answer[:512], reference),
        lambda ms: f"{4 * n * m * d / ms / 1e9:.1f} TFLOP/s",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    records = []
    print(_gpu_turns.place())
    for make in (update, lambda: update(dtype=torch.float16), mixture, ideal, lambda: ideal(m=1797), lambda: ideal(sigma=0.3)):
        name, jobs, error, rate = make()
        errors = {}
        for job in list(jobs):   # what does not run here is left out, and said
            try:
                errors[job] = error(jobs[job]())
            except Exception as problem:
                print(f"  {job}: {str(problem).splitlines()[0]}", file=sys.stderr)
                del jobs[job]
        times = {job: 1e3 * t for job, t in _gpu_turns.in_turns(jobs, REPEATS, half_a_millisecond_on, warm=3).items()}
        print(name)
        for job, t in times.items():
            line = (f"  {job:26s} {np.median(t) * 1e3:9.1f} us ({t.min() * 1e3:.1f} ... {t.max() * 1e3:.1f})  "
                    f"{rate(np.median(t))}, error {errors[job]:.1e}")
            record = {"job": name, "candidate": job, "median_us": float(np.median(t) * 1e3), "error": errors[job]}
            if job != "Buffon":
                middle, low, high = ratio(times["Buffon"], t)
                record["ratio"] = [float(middle), float(low), float(high)]
                line += f"   x {middle:.2f} ({low:.2f} ... {high:.2f})"
            print(line)
            records.append(record)
        torch.cuda.empty_cache()
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(records, file, indent=1)


if __name__ == "__main__":
    main()
