"""Print the files that match any of the patterns, one a line, relative to the folder:  list_files.py FOLDER PATTERN..."""
import sys
from pathlib import Path

folder = Path(sys.argv[1])
found = {path.relative_to(folder) for pattern in sys.argv[2:] for path in folder.glob(pattern) if path.is_file()}
print("\n".join(sorted(p.as_posix() for p in found if not any(part.startswith(".") for part in p.parts))))
