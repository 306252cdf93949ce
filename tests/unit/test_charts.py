"""Charts are drawings alone: no script, no style, no address; and each number is told in words."""

import re

import pytest
from lxml import etree
from markupsafe import Markup

from iwmo_gateway.web.console.charts import bars, lines

SVG = "{http://www.w3.org/2000/svg}"
CLAIMED = {"gedeclareerd": [1.5, None, 1203], "toegewezen": [2, 2, 2]}
MONTHS = ["2023-01", "2023-02", "2023-03"]


def read(chart: Markup) -> etree._Element:
    return etree.fromstring(chart)


@pytest.mark.parametrize(
    "chart", [bars("Uren", MONTHS, CLAIMED, unit="uur"), lines("Uren", MONTHS, CLAIMED, unit="uur")]
)
def test_it_is_a_drawing_alone(chart: Markup) -> None:
    svg = read(chart)
    kinds = {etree.QName(node).localname for node in svg.iter()}
    assert not kinds & {"script", "style", "a", "foreignObject", "desc"}
    assert "<!--" not in chart
    assert set(re.findall(r"https?://[^\"]*", chart)) == {"http://www.w3.org/2000/svg"}
    assert not {name for node in svg.iter() for name in node.attrib if name == "style" or name.startswith("on")}
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Uren (uur)")
    assert "width" not in svg.attrib, "it could not become smaller than that"
    assert svg.get("viewBox")


@pytest.mark.parametrize("draw", [bars, lines])
def test_each_number_is_told_in_words(draw: type) -> None:
    told = [title.text for title in read(draw("Uren", MONTHS, CLAIMED, unit="uur")).iter(f"{SVG}title")]
    assert sorted(told) == sorted(
        [f"{month}, toegewezen: 2 uur" for month in MONTHS]
        + ["2023-01, gedeclareerd: 1,5 uur", "2023-03, gedeclareerd: 1.203 uur"]
    )


def test_series_differ_without_colour() -> None:
    svg = read(bars("Soorten", ["1"], {name: [1] for name in "abcdef"}, stacked=True))
    hatches = [path.get("d") for path in svg.iterfind(f".//{SVG}pattern/{SVG}path")]
    assert len(set(hatches)) == 6
    ids = [pattern.get("id") for pattern in svg.iter(f"{SVG}pattern")]
    keys = [node.get("fill") for node in svg.iter(f"{SVG}rect") if "color-" in node.get("class", "")]
    assert keys == [f"url(#{one})" for one in ids]


def test_the_same_numbers_are_the_same_drawing() -> None:
    assert bars("Uren", MONTHS, CLAIMED) == bars("Uren", MONTHS, CLAIMED), "a live part would change without news"


def test_names_are_text() -> None:
    svg = bars("<b>&", ["<i>"], {"<script>": [1], '"': [2]})
    assert "<script" not in svg
    assert read(svg).get("aria-label") == "<b>&"


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [], "b": []}])
def test_nothing_to_draw_is_no_fault(series: dict[str, list[float | None]]) -> None:
    read(bars("Niets", [], series))
    read(bars("Niets", [], series, stacked=True))
    read(lines("Niets", [], series))


@pytest.mark.parametrize(
    ("highest", "steps"),
    [(0, ["0", "1"]), (1, ["0", "1"]), (3, ["0", "1", "2", "3"]), (7, ["0", "2", "4", "6", "8"]), (950, None)],
)
def test_the_axis_has_round_numbers(highest: int, steps: list[str] | None) -> None:
    svg = read(bars("As", ["x"], {"a": [highest]}))
    found = [text.text for text in svg.iterfind(f".//{SVG}g[@class='axis y always_show']//{SVG}text")]
    assert found == (steps or ["0", "200", "400", "600", "800", "1.000"])
