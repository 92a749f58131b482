"""Layers, installed headers, the mirror of tests, the registries: rules of the tree that a compiler or a look can check."""
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

import buffon

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("BUFFON_BUILD", ROOT / "build"))
LAYERS = ["lib", "estimators", "diffusion"]   # each may include itself and those before it

TOP_LEVEL = {
    "lib", "estimators", "diffusion", "bindings", "experiments", "tests", "notebooks", "docs", "subprojects",
    "meson.build", "meson.options", "pyproject.toml",
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff",
}

# Sources without a test of their own name, and why.
WITHOUT_TEST = {
    "lib/assign_kernel_list": "declarations of what test_assign_kernels.cpp tests",
    "lib/chain_terms": "formulas that tests/diffusion/test_chain_step.cpp and test_sigma_rules.cpp test",
    "lib/config": "macros",
    "lib/copula": "a list that the compiler checks",
    "lib/counted": "what test_text.cpp tests",
    "lib/crowded": "part of what test_assign.cpp tests",
    "lib/device_array": "a structure, read by test_device_pairs.cpp",
    "lib/device_assign": "what test_assign_on_device.cpp tests on every device",
    "lib/device_call": "checked calls of the CUDA runtime, part of what test_on_device.cpp tests",
    "lib/device_cell_counts": "what test_cells_on_device.cpp tests on every device",
    "lib/device_cell_draws": "what test_cells_on_device.cpp tests on every device",
    "lib/device_cell_scores": "what test_cells_on_device.cpp tests on every device",
    "lib/device_cells": "what test_cells_on_device.cpp tests on every device",
    "lib/device_cells_images": "images that device_cells_hopper reads",
    "lib/device_chains": "what tests/diffusion/test_chains_on_device.cpp tests on every device",
    "lib/device_close_calls": "part of device_cells_hopper",
    "lib/device_cells_hopper": "what test_cells_on_device.cpp tests on every device that has it",
    "lib/device_combine": "what test_device_buffer.cpp tests on every device",
    "lib/device_functions": "declarations",
    "lib/device_hopper": "instructions, part of what test_cells_on_device.cpp and tests/diffusion/test_device_block.cpp test",
    "lib/device_draws": "what test_cuda.py tests on every device",
    "lib/device_gather": "sums within a warp, part of what test_device_pairs.cpp tests on every device",
    "lib/device_gaussian_tiles": "what device_gaussians and device_weights share",
    "lib/device_gram": "what tests/estimators/test_final_sample_device.cpp tests on every device",
    "lib/device_kernels": "what tests/diffusion/test_device_block.cpp tests on every device",
    "lib/device_level_laws": "what tests/diffusion/test_chains_on_device.cpp tests on every device",
    "lib/device_memory": "what test_device_buffer.cpp tests on every device",
    "lib/device_mixture": "what tests/diffusion/test_device_block.cpp tests on every device",
    "lib/device_mixture_levels": "what tests/diffusion/test_chains_on_device.cpp tests on every device",
    "lib/device_mixture_rows": "part of device_mixture and device_mixture_levels",
    "lib/device_model": "structures, filled in by device_problem; read by test_device_sample.cpp",
    "lib/device_models": "what test_device_sample.cpp tests on every device",
    "lib/device_moments": "what test_device_sample.cpp tests on every device",
    "lib/device_pick_freeze": "what tests/estimators/test_sobol_device.cpp tests on every device",
    "lib/device_panels": "what test_device_pairs.cpp tests on every device",
    "lib/device_points": "what tests/diffusion/test_device_block.cpp tests on every device",
    "lib/device_points_split": "what tests/diffusion/test_device_block.cpp tests on every device that has it",
    "lib/device_projections": "what tests/estimators/test_slices_on_device.cpp tests on every device",
    "lib/device_proposal": "what tests/estimators/test_final_sample_device.cpp tests on every device",
    "lib/device_row_functions": "what tests/diffusion/test_device_block.cpp tests on every device",
    "lib/device_row_squares": "what tests/diffusion/test_device_block.cpp tests on every device",
    "lib/device_rows": "what test_device_sample.cpp tests on every device",
    "lib/device_scratch": "memory for the time of a call, part of what tests/estimators/test_slices_on_device.cpp tests",
    "lib/device_slice_gaps": "what tests/estimators/test_slices_on_device.cpp tests on every device",
    "lib/device_slice_keys": "words that device_slices and device_slice_gaps share",
    "lib/device_slices": "what tests/estimators/test_slices_on_device.cpp tests on every device",
    "lib/device_terms": "functions that test_on_device.cpp tests on every device",
    "lib/device_warp": "sums within a warp, part of what tests/diffusion/test_chains_on_device.cpp tests",
    "lib/device_work": "structures that hold what the functions of a device take",
    "diffusion/chain_shard": "part of what test_chains_on_device.cpp tests on every device",
    "diffusion/device_denoiser": "a structure, read by test_device_block.cpp",
    "diffusion/exact_reference": "a structure, read by test_cf_distance.cpp",
    "diffusion/device_levels": "part of what test_device_block.cpp tests",
    "diffusion/empirical_device": "part of what test_device_block.cpp tests",
    "diffusion/gaussian_mixture_components": "part of what test_gaussian_mixture.cpp tests",
    "diffusion/gaussian_mixture_row": "part of what test_gaussian_mixture.cpp tests",
    "diffusion/gaussian_mixture_device": "part of what test_device_block.cpp tests",
    "lib/errors": "exception classes without code",
    "lib/kernel_list": "declarations of what test_kernels.cpp tests",
    "lib/kernel_tables": "what test_assign_kernels.cpp and test_metric_kernels.cpp test",
    "lib/langevin_correction": "a formula that tests/diffusion/test_reverse_diffusion.cpp tests",
    "lib/metric_kernel_list": "declarations of what test_metric_kernels.cpp tests",
    "lib/pair_tile": "a loop, part of what test_pairwise.cpp and test_neighbours.cpp test",
    "estimators/adaptation_choice": "part of what test_adaptation.cpp tests",
    "estimators/adaptation_fit": "part of what test_adaptation.cpp tests",
    "estimators/adaptation_reach": "part of what test_adaptation.cpp tests",
    "estimators/adaptation_scouts": "what test_failure_modes_rare.cpp tests; the search itself: test_scout.cpp",
    "estimators/input_group": "a name and names",
    "estimators/pairs_told": "progress, which test_metrics.py tests",
    "estimators/points": "two words",
    "estimators/sobol_found": "what test_sobol.cpp tests",
    "estimators/sobol_run": "what test_sobol.cpp and test_sobol_state.cpp test",
    "estimators/sobol_sums": "part of what test_sobol.cpp tests",
    "lib/testing_formulas": "formulas that test_testing.cpp and test_device_sample.cpp test",
    "lib/testing_on_device": "part of what test_device_sample.cpp tests",
    "lib/testing_safety": "part of what test_testing.cpp tests",
    "lib/testing_rare": "part of what test_testing.cpp tests",
    "diffusion/prediction": "four words",
    "lib/run": "defaults and help texts, read by the test of every estimator",
    "lib/support": "a pair of numbers",
    "diffusion/chain_identity": "what test_chain_checkpoint.cpp tests",
    "diffusion/chain_samples": "part of what test_langevin_gibbs.cpp tests",
    "diffusion/langevin_gibbs_check": "part of what test_langevin_gibbs.cpp tests",
}


def sources(layer):
    """Paths of a layer's headers and sources below its include root."""
    files = (ROOT / layer / "buffon").rglob("*")
    return sorted(p.relative_to(ROOT / layer) for p in files if p.suffix in {".hpp", ".cpp", ".cuh", ".cu"})


def compile_command(source):
    """How the build compiles `source`, without the source and its outputs: compiler, include roots, flags."""
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    entry = next(c for c in commands if (BUILD / c["file"]).resolve() == (ROOT / source).resolve())
    words = shlex.split(entry["command"])
    paired = {"-MQ", "-MF", "-o", "-c"}   # each followed by a file
    return [w for before, w in pairwise(["", *words]) if w not in paired | {"-MD"} and before not in paired]


def check_syntax(command, file):
    return subprocess.run([*command, "-fsyntax-only", str(file)], cwd=BUILD, capture_output=True, text=True)


# Top level


def test_top_level_holds_only_what_the_design_names():
    git = shutil.which("git")
    if not git or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: generated files cannot be told apart")
    listing = subprocess.check_output([git, "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
    found = {line.split("/")[0] for line in listing.splitlines()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_version_is_written_alike_everywhere():
    build = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text())[1]
    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M)[1]
    assert build == citation == buffon.__version__


# Layers


def test_no_path_exists_in_two_layers():
    paths = [p for layer in LAYERS for p in sources(layer)]
    assert len(paths) == len(set(paths)), sorted(p for p in paths if paths.count(p) > 1)


@pytest.mark.parametrize(
    "header, right, wrong",
    [
        ("buffon/estimate.hpp", "estimators/buffon/plain.cpp", "lib/buffon/problem.cpp"),
        ("buffon/diffusion/schedule.hpp", "diffusion/buffon/diffusion/schedule.cpp", "estimators/buffon/plain.cpp"),
        ("buffon/diffusion/schedule.hpp", "diffusion/buffon/diffusion/schedule.cpp", "lib/buffon/problem.cpp"),
    ],
)
def test_an_include_in_the_wrong_direction_does_not_compile(tmp_path, header, right, wrong):
    file = tmp_path / "includes.cpp"
    file.write_text(f"#include <{header}>\n")
    accepted = check_syntax(compile_command(right), file)
    assert accepted.returncode == 0, accepted.stderr
    refused = check_syntax(compile_command(wrong), file)
    assert refused.returncode != 0
    assert f"{header}: No such file" in refused.stderr


# Installed headers


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the headers that a wheel holds and nothing else."""
    folder, root = tmp_path_factory.mktemp("include"), "{py_platlib}/buffon/include/"
    plan = json.loads((BUILD / "meson-info" / "intro-install_plan.json").read_text())
    targets = {source: target["destination"] for source, target in plan["python"].items()}
    headers = {source: destination for source, destination in targets.items() if destination.startswith(root)}
    for source, destination in headers.items():
        copy = folder / destination.removeprefix(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)
    return folder


def headers_of(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.hpp"))


def test_headers_are_installed_under_the_path_they_have_in_the_tree(installed):
    in_tree = {p.as_posix() for layer in LAYERS for p in sources(layer)}
    assert headers_of(installed) and set(headers_of(installed)) <= in_tree


def test_installed_headers_include_only_the_standard_library_and_each_other(installed):
    allowed = set(headers_of(installed))
    for header in headers_of(installed):
        text = (installed / header).read_text()
        assert text.count("#include") == len(re.findall(r"^#include <", text, re.M)), f"{header}: every include is #include <...>"
        for name in re.findall(r"^#include <(.+)>", text, re.M):
            assert name in allowed or re.fullmatch(r"[a-z_]+", name), f"{header} includes <{name}>, which is not installed"


def test_each_installed_header_compiles_alone(installed, tmp_path):
    def errors(header):
        file = tmp_path / (header.replace("/", "-") + ".cpp")
        file.write_text(f"#include <{header}>\n#include <{header}>\n")
        command = [os.environ.get("CXX", "c++"), "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{installed}"]
        result = check_syntax(command, file)
        return f"<{header}> alone:\n{result.stderr}" if result.returncode else ""

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert not "".join(pool.map(errors, headers_of(installed)))


# The mirror of tests


@pytest.mark.parametrize("layer", LAYERS)
def test_every_source_has_a_test_of_its_name(layer):
    """lib/buffon/stream.hpp: tests/lib/test_stream.cpp. One file may test a folder: lib/buffon/laws/: test_laws.cpp."""
    missing = set()
    for source in sources(layer):
        names = {source.stem, *source.parent.parts} - {"buffon", layer}
        tested = any((ROOT / "tests" / layer / f"test_{name.removesuffix('_kernel')}.cpp").exists() for name in names)
        if not tested and f"{layer}/{source.stem}" not in WITHOUT_TEST:
            missing.add(f"tests/{layer}/test_{source.stem.removesuffix('_kernel')}.cpp")
    assert not missing, "these tests are missing:\n" + "\n".join(sorted(missing))


def test_exceptions_from_the_mirror_are_still_needed():
    for name in WITHOUT_TEST:
        layer, stem = name.split("/")
        assert any(p.stem == stem for p in sources(layer)), f"{name} is gone"
        assert not (ROOT / "tests" / layer / f"test_{stem}.cpp").exists(), f"{name} has a test"


def test_no_two_headers_define_classes_of_one_name():
    """The linker keeps one of two functions of the same name, destructors that nobody wrote among them: memory is lost without a
    word."""
    found = {}
    for layer in LAYERS:
        for header in (ROOT / layer / "buffon").rglob("*.hpp"):
            space = []
            for line in header.read_text().splitlines():
                if opened := re.match(r"(?:inline )?namespace ([\w:]*) ?\{", line):
                    space.append(opened[1])
                elif line.startswith("}  // namespace"):
                    space = space[:-1]
                elif (defined := re.match(r"(?:struct|class) (\w+)(?: final)?(?: :[^;]*)? ?\{", line)) and space:
                    found.setdefault(("::".join(space), defined[1]), set()).add(header.relative_to(ROOT).as_posix())
    assert len(found) > 200
    assert not {name: files for name, files in found.items() if len(files) > 1}


# Equal bits on every machine

OWN_FUNCTIONS = [   # what decides which points are drawn, and how they weigh
    "lib/buffon/frame.cpp", "lib/buffon/gaussian_fit.cpp", "lib/buffon/gaussians.cpp", "lib/buffon/linalg.cpp",
    "lib/buffon/logspace.cpp", "lib/buffon/mixture.cpp", "lib/buffon/working_space.cpp",
    "estimators/buffon/kept_rows.cpp", "estimators/buffon/pool.cpp",
]


@pytest.mark.parametrize("source", OWN_FUNCTIONS)
def test_where_results_depend_on_it_exp_and_log_are_our_own(source):
    """Those of the C library differ in the last bit from one processor to the next."""
    assert re.findall(r"std::(?:exp|log|expm1|log1p|sin|cos|erfc)\(", (ROOT / source).read_text()) == []


# The registries


def registered(layer, variable):
    text = (ROOT / layer / "meson.build").read_text()
    words = re.search(rf"^{variable} = \[(.*?)\]", text, re.M | re.S)
    return re.findall(r"'(\w+)'", words[1]) if words else []


ESTIMATORS = registered("estimators", "estimator_names")


def test_the_registry_is_read():
    assert "plain" in ESTIMATORS and len(ESTIMATORS) == len(set(ESTIMATORS))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_registered_estimator_has_source_header_and_docstring(name):
    assert (ROOT / "estimators" / "buffon" / f"{name}.cpp").is_file()
    assert (ROOT / "estimators" / "buffon" / f"{name}.hpp").is_file()
    assert name in buffon.__all__
    doc = inspect.getdoc(getattr(buffon, name)) or ""
    assert re.match(r"[A-Z].+\.\n\n", doc), f"{name}: the docstring begins with a sentence"
    assert [s for s in ("Parameters", "Returns", "References", "Examples") if f"\n{s}\n---" not in doc] == []
