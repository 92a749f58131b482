"""python -m buffon: the folders a C++ build needs (--pkgconfigdir, --includedir); with anything else the command `buffon`."""
import sys
from pathlib import Path

_FOLDERS = {"--pkgconfigdir": "lib/pkgconfig", "--includedir": "include"}


def main():
    words = sys.argv[1:]
    if len(words) == 1 and words[0] in _FOLDERS:
        folder = Path(__file__).parent / _FOLDERS[words[0]]
        if not folder.is_dir():
            return f"buffon {words[0]}: only the wheel keeps {folder.name} here; pip install buffon, or ask pkg-config by itself"
        print(folder)
        return 0
    from buffon.cli import main as command

    return command()


if __name__ == "__main__":
    sys.exit(main())
