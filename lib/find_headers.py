"""Print the folders of the build's header-only requirements, one a line: Boost, Eigen, Thrust (CCCL), doctest.

Looked for in $BUFFON_INCLUDE (colon-separated), then among the packages of the running Python, then in the system's folders.
"""
import os
import site
import sys
from pathlib import Path

NEEDED = {
    "boost/version.hpp": "Boost: pip install cmeel-boost, or the system's libboost-dev",
    "Eigen/Core": "Eigen: pip install cmeel-eigen, or the system's libeigen3-dev",
    "thrust/version.h": "Thrust: pip install nvidia-cuda-cccl",
}
OPTIONAL = {"doctest/doctest.h": "doctest"}
SYSTEM = ["/usr/include", "/usr/local/include"]

packages = [Path(p) for p in [*sys.path, *site.getsitepackages()] if p]
parts = ["cmeel.prefix/include", "cmeel.prefix/include/eigen3", "nvidia/cu13/include/cccl"]
folders = [Path(p) for p in os.environ.get("BUFFON_INCLUDE", "").split(":") if p]
folders += [p / part for p in packages for part in parts]
folders += [Path(p) / sub for p in SYSTEM for sub in ("", "eigen3", "cccl")]

chosen = []
for header, name in {**NEEDED, **OPTIONAL}.items():
    here = next((f for f in folders if (f / header).is_file()), None)
    if here is None and header in NEEDED:
        sys.exit(f"{header} not found. {name}")
    if here is not None and str(here) not in SYSTEM and here not in chosen:
        chosen.append(here)
print("\n".join(map(str, chosen)))
