"""Where and how this Buffon runs: versions, machine, threads, library; what `buffon info` prints and a result records."""
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

from buffon import _buffon

_COMPANIONS = ("numpy", "matplotlib", "pandas", "xarray", "pyarrow", "rich")
_NEIGHBOURS = ("scipy", "numba", "torch")   # models are made with them
VARIABLES = ("BUFFON_ISA", "OMP_", "GOMP_", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")   # change how it runs


def information():
    """Where and how this Buffon runs: words by key."""
    headers = _header_folders()
    versions = {package: _version(package) for package in (*_COMPANIONS, *_NEIGHBOURS)}
    return {
        "buffon": _buffon.__version__,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver()) or 'unknown C library'}",
        "machine": f"{_processor() or 'unknown processor'} ({platform.machine()}), {os.cpu_count()} processors{_memory()}",
        "threads": f"{_buffon._threads()} (threads=N or OMP_NUM_THREADS=N asks for others; no result depends on it)",
        "variables": ", ".join(f"{key}={os.environ[key]}" for key in sorted(os.environ) if key.startswith(VARIABLES)) or "none",
        "compiler": _compiler() or "unknown",
        "instructions": f"{_instructions()} of {', '.join(_buffon._isa_levels())} (no result depends on it)",
        "cuda": _buffon.cuda_status(),
        "extension": _buffon.__file__,
        "library": _library() or "unknown",
        "headers": ", ".join(map(str, headers)) if headers else "where pkg-config --cflags buffon says",
        "packages": ", ".join(f"{package} {version}" for package, version in versions.items() if version),
        "missing": ", ".join(package for package in _COMPANIONS if not versions[package]) or "none",
    }


def environment():
    """What a recorded figure depends on."""
    return {
        "buffon": _buffon.__version__,
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "compiler": _compiler(),
        "instructions": _instructions(),
    }


def _memory():
    """", 15 GB"; nothing where the system does not say."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return ""
    return f", {size / 1e9:.0f} GB"


def _library():
    """The file of libbuffon that this process has open; Linux only."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return None
    return next((line.split(maxsplit=5)[5] for line in lines if re.search(r"/libbuffon[^/]*\.so", line)), None)


def _processor():
    """Its name; Linux only."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return None
    found = re.search(r"^model name\s*: (.*)$", text, flags=re.MULTILINE)
    return found and found.group(1)


def _header_folders():
    """Include folders: the wheel's, or the three layers of a checkout."""
    package = Path(__file__).parent
    if (package / "include" / "buffon").is_dir():
        return [package / "include"]
    root = Path(__file__).resolve().parents[2]
    return [folder for folder in (root / layer for layer in ("lib", "estimators", "diffusion")) if (folder / "buffon").is_dir()]


def _compiler():
    """The compiler's own note in the library, as in "GCC: (Debian 12.2.0-14) 12.2.0"."""
    library = _library()
    if not library or not Path(library).exists():   # replaced since, by a build
        return None
    note = re.search(rb"GCC: \([^)\0]*\) [\d.]+|clang version [\d.]+", Path(library).read_bytes())
    return note and note.group().decode()


def _instructions():
    """The instruction set of the hot loops."""
    return _buffon.isa_level()


def _version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
