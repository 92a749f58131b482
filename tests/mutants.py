"""Small lies about the mathematics (mutants.toml), applied one at a time: each must make its named test fail.

    tests/run --mutants [WORD ...]      the mutants whose name or file holds one of the words; all without

Works in a copy of the tree under build/mutants/, built incrementally: the touched file is compiled, the library linked, and
a program of the named test file alone run. Mutants of one file follow each other, so it is restored once. Those of code that
a CUDA device runs (device = true) are left out where there is none.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:   # Python 3.10
    from pip._vendor import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "mutants.toml"
TREE = Path(os.environ.get("BUFFON_BUILD", ROOT / "build")) / "mutants"
BUILD = TREE / "build"
PATIENCE = 300   # seconds; a test that does not end has noticed


class Broken(Exception):
    """The mutant cannot be judged: it does not apply or compile, or its test passes nowhere."""


def read():
    return tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]


def test_of(mutant):
    """(path, name) of the test that must fail: 'tests/x/test_y.cpp: case' or 'tests/x/test_y.py::function'."""
    path, _, name = re.fullmatch(r"(\S+?\.(?:cpp|py))(: |::)(.+)", mutant["caught_by"]).groups()
    return path, name


def mutated(text, mutant):
    found = list(
        re.finditer(r"\s*".join(map(re.escape, re.sub(r"\s+", "", mutant["find"]))), text)
    )  # however its lines are broken
    if len(found) != 1:
        raise Broken(f"stale: `find` is {len(found)} times in {mutant['file']}")
    return text[:found[0].start()] + mutant["replace"] + text[found[0].end():]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, errors="replace", **options)


def shell(script):
    """A script in the copy, with the functions and folders of tests/environment.sh."""
    environment = {**os.environ, "BUFFON_BUILD": str(BUILD)}
    done = run(["bash", "-c", f"source tests/environment.sh; {script}"], cwd=TREE, env=environment)
    if done.returncode != 0:
        raise Broken("does not build:\n" + (done.stdout + done.stderr)[-2000:])
    return done.stdout


# The copy


def sources():
    listing = run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True).stdout.split("\n")
    return [Path(line) for line in listing if line and (ROOT / line).is_file()]


def synchronise():
    """Copies what differs; what did not change keeps its time, and its object."""
    wanted = sources()
    for path in wanted:
        target = TREE / path
        if not target.exists() or target.read_bytes() != (ROOT / path).read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, target)
            shutil.copymode(ROOT / path, target)
    known = {TREE / path for path in wanted}
    for path in [p for p in TREE.rglob("*") if p.is_file() and p not in known and not p.is_relative_to(BUILD)]:
        path.unlink()


def has_device():
    return shutil.which("nvidia-smi") is not None and "GPU" in run(["nvidia-smi", "-L"]).stdout


def is_python(path):
    return path.endswith(".py")


def needs_package(mutants):
    return any(is_python(test_of(m)[0]) for m in mutants)


def build(mutants, jobs):
    """What these mutants need: the library, the objects of their tests, the package for tests in Python."""
    targets = {object_of(test_of(m)[0]) for m in mutants if not is_python(test_of(m)[0])}
    targets |= {object_of("tests/main.cpp", path) for path in targets}
    if not all(m.get("inline") for m in mutants):
        targets.add(f"libbuffon{'.dylib' if sys.platform == 'darwin' else '.so'}")
    if any(m.get("device") for m in mutants):
        targets.add("libbuffon_cuda.so")
    if needs_package(mutants):
        targets.add("package")
    shell(f"ninja -C $build {jobs} {' '.join(sorted(targets))} && stage")


def object_of(source, beside=""):
    """The object file of a test, as the build names it; main.cpp has one in each program."""
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        path = (BUILD / command["file"]).resolve()
        if path == (TREE / source).resolve() and command["output"].startswith(beside.rpartition("/")[0]):
            return command["output"]
    raise Broken(f"{source} is not built")


# One test


def program(source):
    """A test program of this file alone, linked anew: its object may have changed."""
    output = BUILD / Path(source).stem
    test = object_of(source)
    link = [os.environ.get("CXX", "c++"), "-o", str(output), test, object_of("tests/main.cpp", test), "-L.", "-lbuffon",
            f"-Wl,-rpath,{BUILD}", "-fopenmp", "-pthread"]
    done = run(link, cwd=BUILD)
    if done.returncode != 0:
        raise Broken("does not link:\n" + done.stderr[-2000:])
    return output


def fails(mutant):
    """Whether the named test fails."""
    path, name = test_of(mutant)
    try:
        return fails_in_python(path, name) if is_python(path) else fails_in_cpp(path, name)
    except subprocess.TimeoutExpired:
        return True


def fails_in_cpp(path, name):
    pattern = name.replace(",", "?")   # a comma would part two patterns
    done = run([str(program(path)), f"--test-case={pattern}", "--no-skip", "--no-colors"], timeout=PATIENCE)
    count = re.search(r"test cases: +(\d+)", done.stdout)
    if count and int(count[1]) != 1:
        raise Broken(f"{count[1]} test cases are named '{name}'")
    return done.returncode != 0


def fails_in_python(path, name):
    environment = {**os.environ, "PYTHONPATH": str(BUILD / "python"), "BUFFON_BUILD": str(BUILD)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{path}::{name}"]
    done = run(command, cwd=TREE, env=environment, timeout=PATIENCE)
    if done.returncode not in (0, 1):
        raise Broken("pytest did not run it:\n" + done.stdout[-2000:])
    return done.returncode == 1


# All mutants


def judge(mutant, original, jobs):
    """'caught' or 'SURVIVED'; the file of the copy stays mutated."""
    (TREE / mutant["file"]).write_text(mutated(original, mutant), encoding="utf-8")
    build([mutant], jobs)
    return "caught" if fails(mutant) else "SURVIVED"


def judge_all(mutants, jobs):
    """A verdict each; of mutants in the order of their files, which are as they were afterwards."""
    verdicts = []
    originals = {m["file"]: (TREE / m["file"]).read_text(encoding="utf-8") for m in mutants}
    for i, mutant in enumerate(mutants):
        start = time.monotonic()
        try:
            verdicts.append(judge(mutant, originals[mutant["file"]], jobs))
        except Broken as broken:
            verdicts.append(f"ERROR {broken}")
        print(f"{time.monotonic() - start:5.0f} s   {verdicts[-1].partition(chr(10))[0]:10} {mutant['name']}", flush=True)
        if i + 1 == len(mutants) or mutants[i + 1]["file"] != mutant["file"]:
            (TREE / mutant["file"]).write_text(originals[mutant["file"]], encoding="utf-8")
    return verdicts


def check_tests(mutants):
    """Every named test passes as long as nothing is mutated: otherwise its failure would say nothing."""
    named = {m["caught_by"]: m for m in mutants}
    bad = [name for name, mutant in named.items() if fails(mutant)]
    if bad:
        raise Broken("these tests fail without a mutant:\n" + "\n".join(bad))


def main():
    words = sys.argv[1:]
    chosen = [m for m in read() if not words or any(word in m["name"] or word in m["file"] for word in words)]
    if not has_device():
        here = [m for m in chosen if not m.get("device")]
        print(f"{len(chosen) - len(here)} mutants left out: there is no CUDA device")
        chosen = here
    chosen.sort(key=lambda m: m["file"])
    jobs = f"-j {os.environ['BUFFON_JOBS']}" if "BUFFON_JOBS" in os.environ else ""
    begin = time.monotonic()
    synchronise()
    shell('configure_package')
    build(chosen, jobs)
    check_tests(chosen)
    print(f"{time.monotonic() - begin:5.0f} s   built; every named test passes without a mutant", flush=True)
    verdicts = judge_all(chosen, jobs)
    for mutant, verdict in zip(chosen, verdicts, strict=True):
        if verdict.startswith("ERROR"):
            print(f"\n{mutant['name']}: {verdict}")
    caught = verdicts.count("caught")
    print(f"\n{caught} of {len(chosen)} mutants caught in {time.monotonic() - begin:.0f} s")
    return caught != len(chosen)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as broken:
        sys.exit(f"mutants: {broken}")
