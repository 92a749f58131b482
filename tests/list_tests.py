"""Print the C++ tests of a layer, one a line."""
import sys
from pathlib import Path

print("\n".join(sorted(map(str, Path(sys.argv[1]).glob("test_*.cpp")))))
