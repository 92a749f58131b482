"""Pages whose figures are written from recorded results, between two markers; the words around them are anyone's."""
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from buffon._information import environment

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Page:
    """What stands between the markers is ``written(results)``; ``name`` is for messages."""

    name: str
    written: Callable[[Path], str]
    markers: tuple[str, str]

    def replaced(self, text, results=RESULTS):
        """The text of the page with what these results say."""
        first, last = self.markers
        before, middle, after = text.partition(first)
        after = after.partition(last)[2]
        if not middle or not after:
            raise ValueError(f"{self.name}: must hold the lines {first} and {last}")
        return f"{before}{first}\n{self.written(results)}\n{last}{after}"

    def command(self):
        """Without words print what is written; with a path write it there."""
        if len(sys.argv) > 1:
            path = Path(sys.argv[1])
            path.write_text(self.replaced(path.read_text(encoding="utf-8")), encoding="utf-8")
        else:
            print(self.written(RESULTS))


def markdown(table, level=3):
    """A Table of _report, its title as a heading (level 0: a line)."""
    lines = [table.header, ["---"] + ["---:"] * (len(table.header) - 1), *table.rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n\n".join([f"{'#' * level} {table.title}".strip(), body, *([table.note] if table.note else [])])


def provenance(result):
    """When, where and by which command a result was measured, as one sentence."""
    return f"`{result['command']}`, {result['date']}, {result['seconds'] / 60:.0f} min: {_where(result['environment'])}."


def show_benchmark(table, for_page):
    """Print the table of a benchmark, ``for_page`` in Markdown, and where it was measured."""
    print(markdown(table, 0) if for_page else table.text())
    print("\n" + _where(environment()))


def _where(words):
    return ", ".join(f"{key} {value}" for key, value in words.items() if value)
