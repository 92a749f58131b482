"""The ideal denoiser of a data set beside torch: 4,096 rows, the 1,797 digits of 64 numbers, one thread, processor time.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.ideal_denoiser [--repeats 15] [--sigma 1]

Arms take turns, and a ratio is the median of the ratios of one turn, with quartiles. torch's form is the quickest that a user
would write: blocks of 256 rows, scores by a matrix product, softmax, and a second product. Without scikit-learn the data are
clusters of the same size; without torch, NumPy stands in.
"""
import argparse
import statistics
import time

import numpy as np

from buffon import diffusion as bd

ROWS, BLOCK = 4096, 256


def data():
    """The digits in [-1, 1], or clusters like them."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        rng = np.random.default_rng(0)
        return rng.standard_normal((10, 64))[np.arange(1797) % 10] * 0.6 + 0.4 * rng.standard_normal((1797, 64))
    return load_digits().data / 8 - 1


def by_torch(x, y, sigma, dtype):
    """A function that denoises x."""
    import torch
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    x, y = torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype)
    bias, keys = -0.5 * (y * y).sum(1), y.T.contiguous()

    def run():
        out = torch.empty_like(x)
        for i in range(0, len(x), BLOCK):
            logits = torch.addmm(bias, x[i:i + BLOCK], keys).div_(sigma**2)
            torch.mm(torch.softmax(logits, 1), y, out=out[i:i + BLOCK])
        return out.numpy()
    return run


def by_numpy(x, y, sigma, dtype):
    """A function that denoises x."""
    x, y = x.astype(dtype), y.astype(dtype)
    bias, keys = -0.5 * (y * y).sum(1), np.ascontiguousarray(y.T)

    def run():
        out = np.empty_like(x)
        for i in range(0, len(x), BLOCK):
            logits = (x[i:i + BLOCK] @ keys + bias) / dtype(sigma**2)
            weights = np.exp(logits - logits.max(1, keepdims=True))
            out[i:i + BLOCK] = weights / weights.sum(1, keepdims=True) @ y
        return out
    return run


def measure(repeats, sigma):
    """arm -> milliseconds of each turn, and its largest difference from float64."""
    y = data()
    rng = np.random.default_rng(1)
    x = y[rng.integers(0, len(y), ROWS)] + sigma * rng.standard_normal((ROWS, y.shape[1]))
    models = {dtype: bd.Empirical(y, dtype=dtype) for dtype in ("float64", "float32")}
    arms = {f"Buffon {dtype}": lambda model=model: model.denoise(x, sigma) for dtype, model in models.items()}
    try:
        import torch
        arms |= {f"torch {name}": by_torch(x, y, sigma, getattr(torch, name)) for name in ("float64", "float32")}
    except ImportError:
        arms |= {f"NumPy {name}": by_numpy(x, y, sigma, getattr(np, name)) for name in ("float64", "float32")}
    reference = by_numpy(x, y, sigma, np.float64)()
    errors = {arm: float(np.abs(run() - reference).max()) for arm, run in arms.items()}
    times = {arm: [] for arm in arms}
    for _ in range(repeats):
        for arm, run in arms.items():
            begin = time.process_time()
            run()
            times[arm].append(1000 * (time.process_time() - begin))
    return times, errors


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="counted turns (default: %(default)s)")
    parser.add_argument("--sigma", type=float, default=1.0, help="noise level (default: %(default)s)")
    arguments = parser.parse_args()
    times, errors = measure(arguments.repeats, arguments.sigma)
    for arm, values in times.items():
        print(f"{arm:16s} {statistics.median(values):7.1f} ms (least {min(values):.1f}), error {errors[arm]:.1e}")
    others = [arm for arm in times if not arm.startswith("Buffon")]
    for ours in ("Buffon float64", "Buffon float32"):
        for other in others:
            low, middle, high = statistics.quantiles([b / a for a, b in zip(times[ours], times[other], strict=True)], n=4)
            print(f"{other} / {ours}: {middle:.2f} ({low:.2f} ... {high:.2f})")


if __name__ == "__main__":
    main()
