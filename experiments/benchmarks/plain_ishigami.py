"""Samples per second of plain Monte Carlo of the Ishigami function: Buffon beside NumPy and a loop in C++, one and two threads.

    python -m buffon.experiments.benchmarks.plain_ishigami [--repeats 21] [--budget 20000000] [--markdown]

Mean and variance of `budget` points. Each instruction set has a process of its own, and all arms take turns, so that a slow
moment of the machine meets all of them. NumPy draws and evaluates 65,536 points at a time; the C++ loop is compiled here with
-O3 -march=native and uses the standard library's generator and sine. One thread: processor time. Two: time on the clock, of one
thread too in their ratio. The bound is that of the median, one-sided, 90 %, from the order of the repeats.
"""
import argparse
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy

import buffon as bf
from buffon.experiments._page import show_benchmark
from buffon.experiments._report import Table
from buffon.experiments.benchmarks._ratio import lower_bound

LEVELS = ("v4", "v3")
LOOP = """
#include <cmath>
#include <cstdint>
#include <random>
extern "C" double mean_and_variance(std::int64_t n, std::uint64_t seed, double* variance) {
    std::mt19937_64 engine(seed);
    std::uniform_real_distribution<double> angle(-M_PI, M_PI);
    double sum = 0, square = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double x1 = angle(engine), x2 = angle(engine), x3 = angle(engine);
        const double s = std::sin(x1), r = std::sin(x2);
        const double y = s + 7 * r * r + 0.1 * x3 * x3 * x3 * x3 * s;
        sum += y;
        square += y * y;
    }
    *variance = square / n - sum / n * (sum / n);
    return sum / n;
}
"""


def ours(threads):
    """Buffon, on so many threads."""
    problem = bf.testing.ishigami().problem
    return lambda n, key: bf.plain(problem, budget=n, rng=key, threads=threads).value[0]


def numpy_blocks(n, key):
    """What one writes with NumPy."""
    rng = numpy.random.default_rng(key)
    total, square = 0.0, 0.0
    for first in range(0, n, 65_536):
        x = rng.uniform(-numpy.pi, numpy.pi, (3, min(65_536, n - first)))
        s = numpy.sin(x[0])
        y = s + 7 * numpy.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * s
        total += y.sum()
        square += y @ y
    return total / n


def cpp_loop(folder):
    """What one writes in C++, or None without a compiler."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if not compiler:
        return None
    source, library = Path(folder) / "loop.cpp", Path(folder) / "loop.so"
    source.write_text(LOOP)
    subprocess.run([compiler, "-std=c++20", "-O3", "-march=native", "-shared", "-fPIC", source, "-o", library], check=True)
    call = ctypes.CDLL(str(library)).mean_and_variance
    call.restype, variance = ctypes.c_double, ctypes.c_double()
    return lambda n, key: call(ctypes.c_int64(n), ctypes.c_uint64(key), ctypes.byref(variance))


def serve():
    """A process of one instruction set: reads "arm n key" by line, answers with [processor seconds, seconds, level, mean]."""
    with tempfile.TemporaryDirectory() as folder:
        arms = {"1": ours(1), "2": ours(2), "numpy": numpy_blocks, "loop": None}
        for line in sys.stdin:
            arm, n, key = line.split()
            if arm == "loop" and arms[arm] is None:
                arms[arm] = cpp_loop(folder)
            if arms[arm] is None:
                print("null", flush=True)
                continue
            processor, clock = time.process_time(), time.perf_counter()
            mean = arms[arm](int(n), int(key))
            seconds = time.process_time() - processor, time.perf_counter() - clock
            print(json.dumps([*seconds, bf._buffon.isa_level(), mean]), flush=True)


class Server:
    """The process of one instruction set."""

    def __init__(self, level):
        command = [sys.executable, "-m", "buffon.experiments.benchmarks.plain_ishigami", "--serve"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=os.environ | {"BUFFON_ISA": level}, text=True, **pipes)

    def ask(self, arm, n, key):
        self.process.stdin.write(f"{arm} {n} {key}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(repeats, budget):
    """(level, arm) -> [(samples per second by processor time, by the clock)]; a first round is not counted."""
    servers = {level: Server(level) for level in LEVELS}
    out = {}
    try:
        for r in range(repeats + 1):
            for level, server in servers.items():
                for arm in ("1", "2") if level != LEVELS[0] else ("1", "2", "numpy", "loop"):
                    n = budget if arm in "12" else budget // 10
                    answer = server.ask(arm, n, r)
                    if answer is None:
                        continue
                    processor, clock, found, mean = answer
                    if abs(mean - 3.5) > 6 * 3.72 / n**0.5:   # standard deviation of a point: 3.72
                        raise RuntimeError(f"{level} {arm}: mean {mean}")
                    if r and found == level:   # a processor without the level runs a lower one
                        out.setdefault((level, arm), []).append((n / processor, n / clock))
    finally:
        for server in servers.values():
            server.close()
    return out


def table(rates):
    """Samples per second."""
    names = {"1": "Buffon, one thread", "2": "Buffon, two threads", "numpy": "NumPy, one thread", "loop": "C++ loop, one thread"}
    reference = statistics.median(p for p, _ in rates[next(iter(rates))])
    rows = []
    for (level, arm), pairs in rates.items():
        values = [clock if arm == "2" else processor for processor, clock in pairs]
        ratio = ""
        if arm == "2":
            ratios = [two / one for (_, two), (_, one) in zip(pairs, rates[level, "1"], strict=True)]
            ratio = f"{statistics.median(ratios):.2f} (≥ {lower_bound(ratios):.2f})"
        level_text = f", x86-64-{level}" if arm in "12" else ""
        rows.append([names[arm] + level_text, f"{statistics.median(values):.3g}", f"{lower_bound(values):.3g}",
                     f"{statistics.median(values) / reference:.3f}", ratio])
    header = ["", "median", "at least", "of the first row", "of one thread"]
    return Table("Samples a second, median and lower 90 % bound", header, rows)


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21, help="counted runs of each arm (default: %(default)s)")
    parser.add_argument("--budget", type=int, default=20_000_000, help="points of a run; a tenth for the others (%(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    result = table(measure(arguments.repeats, arguments.budget))
    show_benchmark(result, arguments.markdown)


if __name__ == "__main__":
    main()
