"""What `buffon run` prints: the introduction of an experiment, and its tables."""
import dataclasses
import sys
import textwrap


def introduce(experiment, config):
    """What the experiment is about, in its own words, and its settings."""
    text, _, source = experiment.__doc__.partition("\nSource:")
    paragraphs = [*text.split("\n\n"), *([f"Source: {source}"] if source else [])]
    print("\n".join(textwrap.fill(" ".join(paragraph.split()), 110) for paragraph in paragraphs))
    settings = dataclasses.asdict(config).items()
    print("Set-up: " + ", ".join(f"{key} {value:,}" if isinstance(value, int) else f"{key} {value}" for key, value in settings))
    print(flush=True)


def show(table):
    """With rich where it is installed and the output is a terminal; otherwise in plain text."""
    if sys.stdout.isatty():
        try:
            _show_rich(table)
            return
        except ImportError:
            pass
    print(table.text() + "\n")


def _show_rich(table):
    from rich import box
    from rich.console import Console
    from rich.table import Table

    out = Table(title=table.title, title_justify="left", title_style="bold", caption=table.note or None, caption_justify="left",
                box=box.SIMPLE_HEAD)
    for i, head in enumerate(table.header):
        out.add_column(head, justify="left" if i == 0 else "right")
    for row in table.rows:
        out.add_row(*row)
    Console().print(out)
