"""Charts of the console: SVG in the page, drawn by pygal and dressed by our own style sheet.

What pygal adds to a drawing to be looked at by itself is taken off: script, style and addresses. Each bar and point
tells its number in a title, and each series has a hatch or a dash of its own besides its colour. Who cannot see the
chart has the table with the same numbers, which every page puts beside it.
"""

import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import ceil, floor, log10
from typing import Any, Final

import pygal
from lxml import etree
from markupsafe import Markup
from pygal.style import Style

# It hooks itself into every import of the process, for plugins that it has not, in a way that Python gave up.
sys.meta_path[:] = [hook for hook in sys.meta_path if not isinstance(hook, pygal.PluginImportFixer)]

_WIDTH: Final = 520
_HEIGHT: Final = 260
_LETTER: Final = 7
"""About how wide a letter of a label is drawn, and a chart is, in the units of the drawing."""
_SVG: Final = "{http://www.w3.org/2000/svg}"
_STYLE: Final = Style(label_font_size=12, major_label_font_size=12, legend_font_size=12, title_font_size=12)
_HATCHES: Final = ("", "M0 8L8 0", "M0 4H8", "M0 0L8 8", "M4 0V8", "M0 8L8 0M0 0L8 8", "M0 4H8M4 0V8", "M0 2H8M0 6H8")
"""What is drawn over the colour of each series, in a square of 8."""

Series = Mapping[str, Sequence[float | None]]


def bars(title: str, labels: Sequence[str], series: Series, *, unit: str = "", stacked: bool = False) -> Markup:
    """A bar for each label and series, beside or on top of each other; None is no bar."""
    if stacked:
        highest = max((sum(value or 0 for value in values) for values in zip(*series.values(), strict=True)), default=0)
        chart = pygal.StackedBar
    else:
        highest, chart = _highest(series), pygal.Bar
    svg = _drawn(chart, title, labels, series, unit, highest)
    _hatch(svg, f"hatch-{sha256(title.encode()).hexdigest()[:8]}", len(series))
    return _written(svg)


def lines(title: str, labels: Sequence[str], series: Series, *, unit: str = "") -> Markup:
    """A line for each series, from zero; None is a gap."""
    return _written(_drawn(pygal.Line, title, labels, series, unit, _highest(series)))


def _highest(series: Series) -> float:
    return max((value for values in series.values() for value in values if value is not None), default=0)


def _drawn(kind: Any, title: str, labels: Sequence[str], series: Series, unit: str, highest: float) -> Any:
    """The drawing, from zero to a round number."""
    letters = 2 + max(map(len, labels), default=0)
    steps = _steps(highest)
    chart = kind(
        width=_WIDTH,
        height=_HEIGHT,
        margin=8,
        margin_right=ceil(letters * _LETTER / 2),
        spacing=6,
        style=_STYLE,
        js=[],
        y_title=unit or None,
        y_labels=[{"value": step, "label": _number(step)} for step in steps] if labels else None,
        range=(0, steps[-1]),
        allow_interruptions=True,
        formatter=_number,
        show_legend=len(series) > 1 or kind is pygal.StackedBar,
        legend_at_bottom=True,
        truncate_legend=-1,
        truncate_label=-1,
        show_minor_x_labels=False,
        x_labels_major_every=max(1, ceil(len(labels) * letters * _LETTER / (_WIDTH - 80))),
        no_data_text="Geen gegevens",
    )
    chart.x_labels = list(labels)
    for name, values in series.items():
        chart.add(name, list(values))
    svg = etree.fromstring(chart.render())
    _undress(svg)
    _entitle(svg, tuple(series), unit)
    svg.attrib.update(
        {
            "class": f"chart {'lines' if kind is pygal.Line else 'bars'}",
            "role": "img",
            "aria-label": f"{title} ({unit})" if unit else title,
        }
    )
    return svg


def _steps(highest: float) -> list[float]:
    """At most six round numbers, of which the last is the first that is high enough; for a whole one all are whole."""
    top = max(highest, 1)
    size = 10.0 ** floor(log10(top))
    parts = (0.2, 0.5, 1, 2) if size > 1 or highest % 1 else (1, 2)
    step = next(size * part for part in parts if size * part * 5 >= top)
    return [step * number for number in range(ceil(top / step) + 1)]


def _undress(svg: Any) -> None:
    """Takes off what is no drawing: script, style, comments, and what only that script would show."""
    etree.strip_tags(svg, etree.Comment)
    for node in list(svg.iter()):
        classes = set(node.get("class", "").split())
        if node.tag in {f"{_SVG}defs", f"{_SVG}title"} or classes & {"text-overlay", "tooltip-overlay"}:
            node.getparent().remove(node)
        for name in ("id", "style"):
            node.attrib.pop(name, None)


def _entitle(svg: Any, names: Sequence[str], unit: str) -> None:
    """Gives each bar and point its number in words, where pygal left it for its script."""
    for group in [one.getparent() for one in svg.iterfind(f".//{_SVG}desc[@class='value']")]:
        told = {one.get("class"): one.text for one in group.iterfind(f"{_SVG}desc")}
        kinds = next(one.get("class") for one in group.iterancestors() if "series" in one.get("class", "").split())
        name = names[int(kinds.rpartition("-")[2])]
        title = etree.SubElement(group, f"{_SVG}title")
        title.text = f"{told.get('x_label', '')}, {name}: {told['value']} {unit}".rstrip()
    etree.strip_elements(svg, f"{_SVG}desc")


def _hatch(svg: Any, place: str, count: int) -> None:
    """Fills the bars and the keys of each series with its colour and hatch."""
    definitions = etree.Element(f"{_SVG}defs")
    svg.insert(0, definitions)
    for number in range(count):
        pattern = etree.SubElement(
            definitions, f"{_SVG}pattern", id=f"{place}-{number}", width="8", height="8", patternUnits="userSpaceOnUse"
        )
        etree.SubElement(pattern, f"{_SVG}rect", {"class": f"colour-{number % len(_HATCHES)}"}, width="8", height="8")
        etree.SubElement(pattern, f"{_SVG}path", {"class": "hatch"}, d=_HATCHES[number % len(_HATCHES)])
        for kinds in (f"series serie-{number} color-{number}", f"color-{number} reactive"):
            for node in svg.iterfind(f".//*[@class='{kinds}']"):
                node.set("fill", f"url(#{place}-{number})")


def _number(value: float) -> str:
    """A number as the Dutch write it, with at most two decimals."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


def _written(svg: Any) -> Markup:
    etree.cleanup_namespaces(svg)
    # What came from outside is in it as text and attributes, escaped by lxml.
    return Markup(etree.tostring(svg, encoding="unicode"))  # noqa: S704
