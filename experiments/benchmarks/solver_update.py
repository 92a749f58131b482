"""What a solver costs beside its denoiser, one thread: in C++, with a Python denoiser, and one update beside its memory bound.

    OMP_NUM_THREADS=1 python -m buffon.experiments.benchmarks.solver_update [--repeats 21] [--markdown]

A small C++ library is compiled against Buffon's headers; its denoiser writes one number. All times are processor time, and
differences of two tables that differ in nothing but their number of rows, so that the call of `sample` cancels.
A row in C++: tables of one solver, over their rows. A step with a Python denoiser that returns the same array always: less
the same calls in a Python loop. An update: tables whose last rows are means of the k latest values, beside the time in which
memcpy moves as many bytes, k operands read and one result written, in as large a working set, k arrays, as the result overwrites
the oldest operand; ratios of one turn, their median with quartiles.
"""
import argparse
import ctypes
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import buffon
from buffon import diffusion as bd
from buffon.experiments._page import markdown, show_benchmark
from buffon.experiments._report import Table

SOURCE = r"""
#include <cstring>
#include <ctime>
#include <string>
#include <vector>
#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/ddpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

using namespace buffon::diffusion;

namespace {

double seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class F>
double timed(std::int64_t rounds, const F& run) {
    const double begin = seconds();
    for (std::int64_t r = 0; r < rounds; ++r) run();
    return (seconds() - begin) / static_cast<double>(rounds);
}

Denoiser trivial(std::int64_t d) {
    return {d, [](const Query&, buffon::View out) { out.data[0] = 0.5; }};
}

Table solver(const std::string& name, std::int64_t steps) {
    if (name == "ddpm") return ddpm(VP(), {.steps = steps});
    if (name == "unipc") return unipc(VP(), {.steps = steps});
    return dpmpp(VP(), {.steps = steps});
}

/// One evaluation, then `rows` means of the k latest values.
Table means(std::int64_t k, std::int64_t rows) {
    Recorder recorder;
    std::vector<Combination> latest{recorder.denoise(Recorder::start())};
    const Nodes n = nodes(EDM(), {.steps = 1});
    for (std::int64_t i = 1; i < k + rows; ++i) {
        Combination sum;
        for (const Combination& value : latest) sum = sum + (1.0 / static_cast<double>(latest.size())) * value;
        latest.push_back(i + 1 < k + rows ? recorder.state(sum, n.rho[0]) : recorder.node(sum, 1, n.rho[1]));
        if (static_cast<std::int64_t>(latest.size()) > k) latest.erase(latest.begin());
    }
    Table table = recorder.seal();
    table.name = "means";
    table.nodes = n;
    return table;
}

}  // namespace

/// Seconds of sampling one state of d numbers; kind: "double", "float", or "levels", four states of a level each.
extern "C" double sampling(const char* name, const char* kind, std::int64_t d, std::int64_t steps, std::int64_t rounds) {
    static std::string last;
    static Table table;
    const std::string wanted = std::string(name) + std::to_string(steps);
    if (wanted != last) table = solver(name, steps);
    last = wanted;
    const Denoiser model = trivial(d);
    SampleOptions options{.x = buffon::Matrix(1, d, 1.0), .threads = 1};
    if (std::string(kind) == "float") options.dtype = StateType::float32;
    if (std::string(kind) == "levels") {
        options.x = buffon::Matrix(4, d, 1.0);
        options.level = std::vector<double>{40.0, 30.0, 20.0, 10.0};
    }
    return timed(rounds, [&] { (void)sample(model, table, options); });
}

/// Seconds of `rows` updates of k operands of d numbers beside one evaluation.
extern "C" double updates(std::int64_t k, std::int64_t rows, std::int64_t d, std::int64_t rounds) {
    const Table table = means(k, rows);
    const Denoiser model = trivial(d);
    const SampleOptions options{.x = buffon::Matrix(1, d, 1.0), .threads = 1};
    return timed(rounds, [&] { (void)sample(model, table, options); });
}

/// Seconds in which memcpy reads and writes `bytes` in all, in two arrays of half as much each.
extern "C" double copying(std::int64_t bytes, std::int64_t rounds) {
    std::vector<char> from(static_cast<std::size_t>(bytes / 2), 1), to(from.size());
    const auto copy = [&] {
        std::memcpy(to.data(), from.data(), from.size());
        asm volatile("" : : "r"(to.data()) : "memory");
    };
    copy();
    return timed(rounds, copy);
}
"""
TINY = [("dpmpp", "double", "DPM-Solver++ 2M"), ("unipc", "double", "UniPC"), ("ddpm", "double", "DDPM, random"),
        ("dpmpp", "float", "DPM-Solver++ 2M, float32 state"), ("dpmpp", "levels", "DPM-Solver++ 2M, four states of a level each")]
SHAPES = [(1, 1), (1, 1024), (1, 8192), (64, 128), (4096, 2), (1, 16_384), (64, 3072)]
UPDATES = [(k, d) for d in (4096, 32_768, 131_072, 1_048_576) for k in (2, 4)]
STEPS = 50


def library(folder):
    """The C++ part, compiled against the wheel's headers, or those of the source tree beside a build."""
    package = Path(buffon.__file__).resolve().parent
    tree = package.parents[1]
    layers = (
        [package / "include"]
        if (package / "include").is_dir()
        else [tree / layer for layer in ("lib", "estimators", "diffusion")]
    )
    loaded = next(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libbuffon.so" in line)
    source, made = Path(folder) / "cost.cpp", Path(folder) / "cost.so"
    source.write_text(SOURCE)
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    words = [compiler, "-std=c++20", "-O2", "-shared", "-fPIC", source, "-o", made, loaded, f"-Wl,-rpath,{Path(loaded).parent}"]
    subprocess.run([*words, *(f"-I{layer}" for layer in layers)], check=True)
    code = ctypes.CDLL(str(made))
    for function in (code.sampling, code.updates, code.copying):
        function.restype = ctypes.c_double
    return code


def clocked(run):
    """Seconds of processor time."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def spread(values, digits):
    """Median and quartiles."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} ... {high:.{digits}f})"


def rows_in_cpp(code, repeats):
    """Microseconds of a row and of a whole call of few steps, of states of two numbers."""
    lines = []
    for name, kind, title in TINY:
        rows = [len(getattr(bd, name)(bd.VP(), steps=steps).rows) for steps in (STEPS, 3 * STEPS)]
        states = 4 if kind == "levels" else 1

        def run(steps, name=name, kind=kind):
            return 1e6 * code.sampling(
                name.encode(), kind.encode(), ctypes.c_int64(2), ctypes.c_int64(steps), ctypes.c_int64(200)
            )

        run(STEPS)
        turns = [(run(STEPS), run(3 * STEPS)) for _ in range(repeats)]
        lines.append([title, f"{16 * states}", spread([(b - a) / (rows[1] - rows[0]) for a, b in turns], 2), "3"])
    return lines


def steps_in_python(repeats):
    """Microseconds of a step of `sample` beyond the denoiser's own call."""
    lines = []
    for n, d in SHAPES:
        answer = np.zeros((n, d))
        model = bd.Denoiser(lambda x, sigma, answer=answer: answer, dim=d)
        tables = {steps: bd.dpmpp(bd.EDM(), steps=steps) for steps in (STEPS, 11 * STEPS)}
        x, sigma = np.ones((n, d)), np.ones(n)

        def called(answer=answer, x=x, sigma=sigma):
            function = lambda x, sigma: answer   # the denoiser itself
            for _ in range(10 * STEPS):
                function(x, sigma)

        def run(steps, model=model, tables=tables, x=x):
            return clocked(lambda: bd.sample(model, tables[steps], x=x, threads=1))
        run(STEPS)
        turns = [1e6 * (run(11 * STEPS) - run(STEPS) - clocked(called)) / (10 * STEPS) for _ in range(repeats)]
        bytes_ = 8 * n * d
        lines.append(
            [
                f"({n}, {d}), a step with a Python denoiser",
                f"{bytes_:,}",
                spread(turns, 1),
                "15" if bytes_ <= 65_536 else "",
            ]
        )
    return lines


def updates_beside_copies(code, repeats):
    """An update over its memory bound, turn by turn."""
    lines, many = [], 40
    for k, d in UPDATES:
        rounds = max(2, 20_000_000 // (d * (k + 1) * many))

        def update(rows, k=k, d=d, rounds=rounds):
            return code.updates(ctypes.c_int64(k), ctypes.c_int64(rows), ctypes.c_int64(d), ctypes.c_int64(rounds))

        def turn(k=k, d=d, rounds=rounds, update=update):
            bound = code.copying(ctypes.c_int64(8 * d * k), ctypes.c_int64(rounds * many)) * (k + 1) / k
            return (update(2 * many) - update(many)) / many, bound
        turn()
        turns = [turn() for _ in range(repeats)]
        ratios = [update / bound for update, bound in turns]
        lines.append(
            [
                f"{k} operands",
                f"{8 * d:,}",
                spread([1e6 * update for update, _ in turns], 1),
                f"{1e6 * statistics.median(bound for _, bound in turns):.1f}",
                spread(ratios, 2),
                "1.5" if 8 * d >= 262_144 else "",
            ]
        )
    return lines


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=21, help="counted turns (default: %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        code = library(folder)
        fixed = [
            *([f"{title}, a row in C++", *rest] for title, *rest in rows_in_cpp(code, arguments.repeats)),
            *steps_in_python(arguments.repeats),
        ]
        update = updates_beside_copies(code, arguments.repeats)
    update = Table(
        "One update, and its ratio to the bound",
        ["", "bytes of the state", "us", "bound, us", "ratio", "at most"],
        update,
    )
    print(markdown(update, 0) if arguments.markdown else update.text(), end="\n\n")
    header = ["", "bytes of the state", "us", "at most"]
    show_benchmark(Table("Microseconds, median (lower ... upper quartile)", header, fixed), arguments.markdown)


if __name__ == "__main__":
    main()
