"""The one writer of HTML pages: a page is one file, without a script, a font or a picture from elsewhere.

Every text is escaped here; what is already markup is a `Markup`, made by the functions of this module and of `_svg`.
"""
import base64
import html
import os
from pathlib import Path

_STYLE = """
:root { color-scheme: light dark; --edge: #8888; --good: #0072B2; --bad: #B34700; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
body { color: #111; background: #fff; }
h1, h2, h3 { line-height: 1.2; } h2 { border-top: 1px solid var(--edge); padding-top: 1rem; margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--edge); vertical-align: middle; }
th:first-child, td:first-child, td.text { text-align: left; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
.wide { overflow-x: auto; } figure { margin: 1rem 0; } figcaption { font-size: .9rem; }
svg, img { max-width: 100%; height: auto; }
.notice { border-left: .3rem solid var(--good); padding: .4rem .8rem; margin: .6rem 0; background: #8881; }
.notice.doubt { border-color: var(--bad); } code, pre { font: .9em/1.4 ui-monospace, monospace; }
pre { background: #8881; padding: .7rem; overflow-x: auto; } summary { cursor: pointer; font-weight: 600; }
nav a { margin-right: 1rem; } a { color: var(--good); } dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
@media (prefers-color-scheme: dark) { :root { --good: #6CB8EA; --bad: #F0A35E; } body { color: #eee; background: #161616; } }
"""


class Markup(str):
    """Text that is HTML already."""


def text(value):
    """A text as HTML."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def join(parts):
    return Markup("\n".join(text(part) for part in parts))


def element(name, *parts, **attributes):
    """<name attributes>parts</name>; a trailing underscore keeps Python's words apart (class_)."""
    words = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"' for key, value in attributes.items())
    return Markup(f"<{name}{words}>{''.join(text(part) for part in parts)}</{name}>")


def paragraph(*parts):
    return element("p", *parts)


def code(value):
    return element("pre", element("code", value))


def table(header, rows, caption="", text_columns=()):
    """Cells are texts or markup; the first column, and those of `text_columns`, are set to the left."""
    def cell(j, value):
        return (
            element("th", value, scope="row")
            if j == 0
            else element("td", value, **({"class_": "text"} if j in text_columns else {}))
        )

    head = element("tr", *(element("th", name, scope="col") for name in header))
    body = [element("tr", *(cell(j, value) for j, value in enumerate(row))) for row in rows]
    named = [element("caption", caption)] if caption else []
    return element("div", element("table", *named, element("thead", head), element("tbody", *body)), class_="wide")


def figure(picture, caption):
    return element("figure", picture, element("figcaption", caption))


def image(path, alternative):
    """A PNG file inside the page."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    return Markup(f'<img alt="{html.escape(alternative)}" src="data:image/png;base64,{data}">')


def folded(summary, *parts, opened=False):
    """What is long, under a line that opens it."""
    return element("details", element("summary", summary), *parts, **({"open": "open"} if opened else {}))


def notice(title, advice, doubt=False):
    """A remark that must be seen; a doubt says so in words, not by its colour alone."""
    return element("div", element("strong", ("Doubt: " if doubt else "") + title), element("div", advice) if advice else "",
                   class_="notice doubt" if doubt else "notice", role="note")


def section(title, *parts, anchor=None):
    return element("section", element("h2", title), *parts, **({"id": anchor} if anchor else {}))


def page(title, parts):
    """The whole page as text."""
    head = (f'<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>")
    body = f"<h1>{html.escape(title)}</h1>\n{join(parts)}"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def write(path, title, parts):
    """The page into a file, in one step."""
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(page(title, parts), encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
