"""The most that an allocation allows: tables made by hand, and a second calculation that walks over the days."""

import math
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iwmo_gateway.contract.volumes import (
    Period,
    ToegewezenOmvang,
    comparable,
    explained,
    explained_in_all,
    fits,
    judged_period,
    most_in,
    most_in_all,
    quantity,
    unit_name,
)
from iwmo_gateway.standard.kinds import Domain

EFFORT = ("01", "04", "14", "16", "21", "84")
OUTPUT = ("82", "83")
FREQUENTIES = ("1", "2", "3", "4", "5", "6")


def omvang(  # one line in the tables below
    volume: int,
    eenheid: str,
    frequentie: str,
    begin: str,
    end: str | None,
    categorie: str | None = None,
    domain: Domain = Domain.WMO,
) -> ToegewezenOmvang:
    einddatum = None if end is None else date.fromisoformat(end)
    return ToegewezenOmvang(volume, eenheid, frequentie, date.fromisoformat(begin), einddatum, categorie, domain)


def most_for(allocated: ToegewezenOmvang, begin: str, end: str) -> int | None:
    return most_in(allocated, judged_period(allocated, date.fromisoformat(begin), date.fromisoformat(end)))


def text_for(allocated: ToegewezenOmvang, begin: str, end: str) -> str:
    return explained(allocated, judged_period(allocated, date.fromisoformat(begin), date.fromisoformat(end)))


# The worked example of the standard: 3 hours a week from 7 October to 30 December 2025.

EXAMPLE = omvang(3, "04", "2", "2025-10-07", "2025-12-30")


@pytest.mark.parametrize(
    ("begin", "end", "most", "text"),
    [
        ("2025-10-07", "2025-10-31", 12, "4 weken × 3 uur = 12 uur"),
        ("2025-11-01", "2025-11-30", 15, "5 weken × 3 uur = 15 uur"),
        ("2025-12-01", "2025-12-30", 15, "5 weken × 3 uur = 15 uur"),
    ],
)
def test_the_worked_example(begin: str, end: str, most: int, text: str) -> None:
    assert most_for(EXAMPLE, begin, end) == most
    assert text_for(EXAMPLE, begin, end) == text


def test_the_worked_example_counts_a_week_once_in_all() -> None:
    assert most_in_all(EXAMPLE) == 39
    assert explained_in_all(EXAMPLE) == "13 weken × 3 uur = 39 uur"


# What a line is held against.


@pytest.mark.parametrize(
    ("frequentie", "own", "line", "judged"),
    [
        ("2", ("2024-01-01", "2024-12-31"), ("2024-02-10", "2024-02-12"), ("2024-02-01", "2024-02-29")),
        ("2", ("2023-01-01", "2023-12-31"), ("2023-02-28", "2023-02-28"), ("2023-02-01", "2023-02-28")),
        ("2", ("2024-02-07", "2024-02-20"), ("2024-02-10", "2024-02-12"), ("2024-02-07", "2024-02-20")),
        ("2", ("2024-02-07", None), ("2024-02-10", "2024-02-12"), ("2024-02-07", "2024-02-29")),
        ("2", ("2023-01-01", "2024-12-31"), ("2023-11-30", "2024-01-01"), ("2023-11-01", "2024-01-31")),
        ("6", ("2024-01-15", "2024-12-31"), ("2024-01-20", "2024-01-20"), ("2024-01-15", "2024-01-31")),
        ("5", ("2023-04-01", "2025-03-31"), ("2024-05-01", "2024-05-31"), ("2024-01-01", "2024-12-31")),
        ("5", ("2023-04-01", "2025-03-31"), ("2023-05-01", "2023-05-31"), ("2023-04-01", "2023-12-31")),
        ("5", ("2023-04-01", "2025-03-31"), ("2024-12-01", "2025-01-31"), ("2024-01-01", "2025-03-31")),
        ("5", ("2023-04-01", None), ("9999-12-31", "9999-12-31"), ("9999-01-01", "9999-12-31")),
    ],
)
def test_a_line_is_held_against_its_months_within_the_allocation(
    frequentie: str, own: tuple[str, str | None], line: tuple[str, str], judged: tuple[str, str]
) -> None:
    begin, end = map(date.fromisoformat, line)
    expected = tuple(map(date.fromisoformat, judged))
    assert judged_period(omvang(1, "04", frequentie, *own), begin, end) == expected


@pytest.mark.parametrize("frequentie", FREQUENTIES)
@pytest.mark.parametrize("eenheid", ["04", "82"])
@pytest.mark.parametrize("categorie", ["01", "02"])
@pytest.mark.parametrize(
    "line",
    [
        ("2022-12-01", "2022-12-31"),  # before the allocation, in months and in years
        ("2026-01-01", "2026-01-31"),  # after it
        ("2024-05-20", "2024-05-10"),  # reversed, within one month
        ("9999-12-31", "0001-01-01"),
    ],
)
def test_nothing_may_be_claimed_for_a_period_without_a_day(
    frequentie: str, eenheid: str, categorie: str, line: tuple[str, str]
) -> None:
    allocated = omvang(4, eenheid, frequentie, "2024-04-03", "2025-06-30", categorie)
    assert most_for(allocated, *line) == 0
    assert text_for(allocated, *line).startswith("geen dag binnen de toewijzing: 0 ")


@pytest.mark.parametrize("frequentie", FREQUENTIES)
@pytest.mark.parametrize("eenheid", ["04", "82"])
def test_an_allocation_that_ends_before_it_begins_allows_nothing(frequentie: str, eenheid: str) -> None:
    allocated = omvang(4, eenheid, frequentie, "2024-04-03", "2024-04-02")
    assert most_for(allocated, "2024-04-01", "2024-04-30") == 0
    assert most_in_all(allocated) == 0


# Units against frequencies.


@pytest.mark.parametrize("eenheid", EFFORT)
@pytest.mark.parametrize(
    ("frequentie", "month", "broken_month", "in_all"),
    [
        # From Wednesday 17 January to Friday 15 March of a leap year; February touches weeks 5 to 9.
        ("1", 2 * 29, 2 * 15, 2 * (15 + 29 + 15)),
        ("2", 2 * 5, 2 * 3, 2 * 9),
        ("3", 3, 2, 5),
        ("4", 2, 2, 2 * 3),
        ("5", 2, 2, 2),
        ("6", 2, 2, 2),
    ],
)
def test_effort_by_frequency(eenheid: str, frequentie: str, month: int, broken_month: int, in_all: int) -> None:
    allocated = omvang(2, eenheid, frequentie, "2024-01-17", "2024-03-15")
    assert most_for(allocated, "2024-02-01", "2024-02-29") == month
    assert most_for(allocated, "2024-01-17", "2024-01-31") == broken_month
    assert most_for(allocated, "2024-03-01", "2024-03-15") == broken_month
    assert most_in_all(allocated) == in_all


@pytest.mark.parametrize("eenheid", OUTPUT)
@pytest.mark.parametrize(
    ("frequentie", "month", "first", "last", "in_all"),
    [
        ("1", 2 * 29, 2 * 15, 2 * 15, 2 * (15 + 29 + 15)),
        # Sundays: 21 and 28 January, four in February, 3 and 10 March, and the rest of the week of the 15th.
        ("2", 2 * 4, 2 * 2, 2 * 3, 2 * 9),
        ("3", 3, 2, 2, 5),
        ("4", 2, 2, 2, 2 * 3),
        ("5", 2, 2, 2, 2),
        ("6", 2, 2, 2, 2),
    ],
)
def test_output_by_frequency(eenheid: str, frequentie: str, month: int, first: int, last: int, in_all: int) -> None:
    allocated = omvang(2, eenheid, frequentie, "2024-01-17", "2024-03-15")
    assert most_for(allocated, "2024-02-01", "2024-02-29") == month
    assert most_for(allocated, "2024-01-17", "2024-01-31") == first
    assert most_for(allocated, "2024-03-01", "2024-03-15") == last
    assert most_in_all(allocated) == in_all


@pytest.mark.parametrize("frequentie", FREQUENTIES)
@pytest.mark.parametrize("end", ["2024-03-15", None])
def test_a_unit_without_size_has_no_most(frequentie: str, end: str | None) -> None:
    allocated = omvang(2, "81", frequentie, "2024-01-17", end, "01")
    assert most_for(allocated, "2024-02-01", "2024-02-29") is None
    assert most_in_all(allocated) is None
    assert text_for(allocated, "2024-02-01", "2024-02-29") == explained_in_all(allocated)
    assert explained_in_all(allocated) == "geen maximum: de eenheid heeft geen omvang"


@pytest.mark.parametrize("eenheid", EFFORT + OUTPUT)
@pytest.mark.parametrize("frequentie", FREQUENTIES)
def test_without_an_end_only_a_total_has_a_most_in_all(eenheid: str, frequentie: str) -> None:
    allocated = omvang(7, eenheid, frequentie, "2024-01-17", None)
    assert most_in_all(allocated) == (7 if frequentie == "6" else None)
    assert most_for(allocated, "2024-02-01", "2024-02-29") == {
        "1": 7 * 29,
        "2": 7 * (4 if eenheid in OUTPUT else 5),
        "3": 9,
    }.get(frequentie, 7)


@pytest.mark.parametrize(
    ("begin", "end", "weeks"),
    [
        ("2023-05-01", "2023-05-01", 1),  # a Monday
        ("2023-05-07", "2023-05-07", 1),  # a Sunday
        ("2023-05-07", "2023-05-08", 2),  # two days, two weeks
        ("2023-05-01", "2023-05-07", 1),
        ("2021-02-01", "2021-02-28", 4),  # from a Monday to a Sunday
        ("2023-01-01", "2023-01-31", 6),  # begins on a Sunday, ends on a Tuesday
        ("2020-12-31", "2021-01-01", 1),  # week 53 of 2020, in two years
        ("2020-01-01", "2020-12-31", 53),
        ("2024-12-30", "2024-12-31", 1),  # week 1 of 2025
        ("2024-01-01", "2024-12-31", 53),  # 52 weeks of 2024 and two days of the next
        ("2023-01-01", "2023-12-31", 53),  # the last day of 2022's week 52, and 52 whole ones
        ("2026-01-01", "2026-12-31", 53),
    ],
)
def test_weeks_touched(begin: str, end: str, weeks: int) -> None:
    assert most_in_all(omvang(1, "04", "2", begin, end)) == weeks


@pytest.mark.parametrize(
    ("volume", "end", "most"),
    [
        (4, "2024-01-07", 1),  # one week: 4 / 4
        (5, "2024-01-07", 2),  # 5 / 4
        (1, "2024-01-28", 1),
        (1, "2024-01-29", 2),  # the first day of a fifth week
        (8, "2024-03-31", 26),
        (0, "2024-03-31", 0),
    ],
)
def test_four_weeks_are_shared_out_by_week_and_rounded_up(volume: int, end: str, most: int) -> None:
    allocated = omvang(volume, "04", "3", "2024-01-01", end)
    assert most_in_all(allocated) == most


@pytest.mark.parametrize(
    ("begin", "end", "years"),
    [
        ("2023-01-01", "2023-12-31", 1),
        ("2023-12-31", "2024-01-01", 2),
        ("2023-07-01", "2025-06-30", 3),
    ],
)
def test_a_volume_per_year_is_granted_for_each_calendar_year_touched(begin: str, end: str, years: int) -> None:
    allocated = omvang(100, "04", "5", begin, end)
    assert most_in_all(allocated) == years * 100
    assert most_for(allocated, begin, begin) == 100
    assert most_for(allocated, begin, end) == years * 100


# Sundays.


@pytest.mark.parametrize(
    ("begin", "end", "october", "november", "in_all"),
    [
        # Sundays: 8, 15, 22 and 29 October, 5 and 12 November.
        ("2023-10-02", "2023-11-05", 4, 1, 5),  # ends on a Sunday: nothing is left over
        ("2023-10-02", "2023-11-04", 5, 0, 5),  # the rest counts in October, where the last Sunday lies
        ("2023-10-02", "2023-10-29", 4, 0, 4),
        ("2023-10-02", "2023-10-28", 4, 0, 4),
        ("2023-10-02", "2023-11-06", 4, 2, 6),
        ("2023-10-08", "2023-11-06", 4, 2, 6),
        ("2023-10-09", "2023-11-06", 3, 2, 5),
        ("2023-10-30", "2023-11-04", 1, 1, 1),  # no Sunday: one volume, claimed in either month
        ("2023-10-31", "2023-10-31", 1, 0, 1),
        ("2023-10-29", "2023-10-29", 1, 0, 1),  # only a Sunday
        ("2023-10-29", "2023-10-30", 2, 0, 2),
    ],
)
def test_output_per_week_is_granted_by_sunday(begin: str, end: str, october: int, november: int, in_all: int) -> None:
    for eenheid, volume in (("82", 1), ("83", 2500)):
        allocated = omvang(volume, eenheid, "2", begin, end)
        assert most_for(allocated, "2023-10-01", "2023-10-31") == october * volume
        assert most_for(allocated, "2023-11-01", "2023-11-30") == november * volume
        assert most_in_all(allocated) == in_all * volume


def test_the_rest_of_a_last_week_counts_in_the_month_of_a_sunday_that_ends_it() -> None:
    allocated = omvang(2, "82", "2", "2023-12-01", "2024-01-02")
    assert most_for(allocated, "2023-12-01", "2023-12-31") == (5 + 1) * 2
    assert most_for(allocated, "2024-01-01", "2024-01-02") == 0


def test_the_rest_of_a_last_week_counts_in_the_month_of_a_sunday_that_begins_it() -> None:
    allocated = omvang(2, "82", "2", "2023-09-01", "2023-10-03")
    assert most_for(allocated, "2023-09-01", "2023-09-30") == 4 * 2
    assert most_for(allocated, "2023-10-01", "2023-10-03") == (1 + 1) * 2


# Category 01.


def test_household_help_per_week_may_take_six_volumes_in_a_month() -> None:
    allocated = omvang(4, "04", "2", "2023-02-01", "2023-03-31", "01")
    assert most_for(allocated, "2023-02-01", "2023-02-28") == 24
    assert most_for(allocated, "2023-02-27", "2023-02-27") == 24
    assert most_for(allocated, "2023-02-01", "2023-03-31") == 48
    assert most_in_all(allocated) == 9 * 4


def test_six_volumes_count_for_output_as_well() -> None:
    allocated = omvang(4, "82", "2", "2023-02-01", "2023-03-31", "01")
    assert most_for(allocated, "2023-02-01", "2023-02-28") == 24
    assert most_in_all(allocated) == 9 * 4


@pytest.mark.parametrize(
    ("frequentie", "categorie", "domain", "most"),
    [
        ("2", "01", Domain.JW, 20),
        ("2", "02", Domain.WMO, 20),
        ("2", None, Domain.WMO, 20),
        ("1", "01", Domain.WMO, 112),
        ("3", "01", Domain.WMO, 5),
        ("4", "01", Domain.WMO, 4),
    ],
)
def test_six_volumes_are_for_household_help_per_week_alone(
    frequentie: str, categorie: str | None, domain: Domain, most: int
) -> None:
    allocated = omvang(4, "04", frequentie, "2023-02-01", "2023-03-31", categorie, domain)
    assert most_for(allocated, "2023-02-01", "2023-02-28") == most


# Texts.


@pytest.mark.parametrize(
    ("allocated", "text"),
    [
        (omvang(4, "04", "2", "2023-01-01", "2023-12-31"), "5 weken × 4 uur = 20 uur"),
        (omvang(4, "04", "2", "2023-05-29", "2023-12-31"), "1 week × 4 uur = 4 uur"),
        (omvang(1, "01", "2", "2023-05-29", "2023-12-31"), "1 week × 1 minuut = 1 minuut"),
        (omvang(2, "16", "1", "2023-05-04", "2023-12-31"), "28 dagen × 2 dagdelen = 56 dagdelen"),
        (omvang(1, "14", "1", "2023-05-31", "2023-12-31"), "1 dag × 1 etmaal = 1 etmaal"),
        (omvang(2, "82", "2", "2023-01-01", "2023-12-31"), "4 zondagen × 2 stuks = 8 stuks"),
        (omvang(2, "82", "2", "2023-05-08", "2023-05-30"), "(3 zondagen + 1) × 2 stuks = 8 stuks"),
        (omvang(1, "82", "2", "2023-05-30", "2023-05-31"), "geen zondag in de hele toewijzing: 1 stuk"),
        (omvang(5000, "83", "4", "2023-01-01", None), "1 kalendermaand × 5000 eurocent = 5000 eurocent"),
        (omvang(6, "04", "3", "2023-01-01", None), "5 weken × 6 uur / 4, naar boven afgerond = 8 uur"),
        (omvang(3, "84", "5", "2023-01-01", None), "1 kalenderjaar × 3 stuks = 3 stuks"),
        (omvang(40, "04", "6", "2023-01-01", None), "totaal 40 uur"),
        (omvang(2, "21", "6", "2023-01-01", None), "totaal 2 weken"),
        (
            omvang(4, "04", "2", "2023-01-01", None, "01"),
            "6 × 4 uur (categorie 01, 6 per kalendermaand) = 24 uur",
        ),
    ],
)
def test_how_the_most_for_may_2023_was_arrived_at(allocated: ToegewezenOmvang, text: str) -> None:
    assert text_for(allocated, "2023-05-01", "2023-05-31") == text


def test_the_text_of_an_allocation_without_an_end() -> None:
    assert explained_in_all(omvang(4, "04", "2", "2023-01-01", None, "01")) == (
        "geen maximum: de toewijzing heeft geen einddatum"
    )
    assert explained_in_all(omvang(40, "04", "6", "2023-01-01", None)) == "totaal 40 uur"


# Units of the allocation and of the claim.


@pytest.mark.parametrize("toegewezen", [*EFFORT, *OUTPUT, "81"])
@pytest.mark.parametrize("gedeclareerd", [*EFFORT, *OUTPUT, "81"])
def test_a_claim_is_in_the_allocated_unit_or_in_minutes_for_hours(toegewezen: str, gedeclareerd: str) -> None:
    assert fits(toegewezen, gedeclareerd) is (
        toegewezen == gedeclareerd or (toegewezen == "04" and gedeclareerd == "01")
    )


@pytest.mark.parametrize(
    ("toegewezen", "eenheid", "volume", "compared"),
    [
        ("04", "04", 3, 180),
        ("04", "01", 180, 180),
        ("01", "01", 180, 180),
        ("01", "04", 3, 180),  # claimed when the allocation was still in hours
        ("16", "16", 3, 3),
        ("82", "82", 3, 3),
        ("83", "83", 3, 3),
    ],
)
def test_time_is_compared_in_minutes(toegewezen: str, eenheid: str, volume: int, compared: int) -> None:
    assert comparable(toegewezen, eenheid, volume) == compared


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_as_many_hours_fit_whether_claimed_in_hours_or_in_minutes(allowed: int, hours: int) -> None:
    most = comparable("04", "04", allowed)
    assert (comparable("04", "04", hours) <= most) is (hours <= allowed)
    assert (comparable("04", "01", 60 * hours) <= most) is (hours <= allowed)
    assert (comparable("04", "01", 60 * hours + 1) <= most) is (hours < allowed)


@pytest.mark.parametrize(
    ("compared", "toegewezen", "text"),
    [
        (720, "04", "12 uur"),
        (730, "04", "12 uur en 10 minuten"),
        (61, "04", "1 uur en 1 minuut"),
        (59, "04", "59 minuten"),
        (0, "04", "0 uur"),
        (720, "01", "720 minuten"),
        (1, "16", "1 dagdeel"),
        (2, "84", "2 stuks"),
        (5000, "83", "5000 eurocent"),
    ],
)
def test_a_compared_volume_is_told_in_the_allocated_unit(compared: int, toegewezen: str, text: str) -> None:
    assert quantity(compared, toegewezen) == text


@given(st.sampled_from(EFFORT + OUTPUT), st.integers(0, 10**6))
def test_the_most_is_told_as_it_was_explained(eenheid: str, volume: int) -> None:
    total = omvang(volume, eenheid, "6", "2023-01-01", None)
    assert explained_in_all(total) == f"totaal {quantity(comparable(eenheid, eenheid, volume), eenheid)}"


def test_every_unit_has_a_name() -> None:
    assert {eenheid: unit_name(eenheid) for eenheid in [*EFFORT, *OUTPUT, "81"]} == {
        "01": "minuten",
        "04": "uur",
        "14": "etmalen",
        "16": "dagdelen",
        "21": "weken",
        "81": "tijdsonafhankelijk",
        "82": "stuks",
        "83": "eurocent",
        "84": "stuks",
    }


# Hostile dates.


@pytest.mark.parametrize("eenheid", ["04", "82"])
@pytest.mark.parametrize("frequentie", FREQUENTIES)
@pytest.mark.parametrize("categorie", ["01", None])
@pytest.mark.parametrize("end", [None, date.max, date.min])
def test_no_date_is_too_far(eenheid: str, frequentie: str, categorie: str | None, end: date | None) -> None:
    allocated = ToegewezenOmvang(99_999_999, eenheid, frequentie, date.min, end, categorie, Domain.WMO)
    for line in [(date.min, date.max), (date.min, date.min), (date.max, date.max), (date.max, date.min)]:
        period = judged_period(allocated, *line)
        assert most_in(allocated, period) is not None
        assert explained(allocated, period)
    assert explained_in_all(allocated)


def test_the_whole_calendar_of_python_is_counted() -> None:
    everything = ("0001-01-01", "9999-12-31")
    assert most_in_all(omvang(1, "04", "1", *everything)) == 3_652_059
    assert most_in_all(omvang(1, "04", "2", *everything)) == 521_723
    assert most_in_all(omvang(1, "82", "2", *everything)) == 521_723
    assert most_in_all(omvang(1, "04", "4", *everything)) == 9999 * 12
    assert most_in_all(omvang(1, "04", "5", *everything)) == 9999


def test_an_unknown_frequency_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="Frequentie"):
        most_in_all(omvang(1, "04", "7", "2023-01-01", "2023-12-31"))


# Day by day: the same rules once more, in the plainest way.


def days_of(period: Period) -> Iterator[date]:
    begin, end = period
    for number in range((end - begin).days + 1):
        yield begin + timedelta(days=number)


def walked(allocated: ToegewezenOmvang, days: list[date]) -> int:
    if not days:
        return 0
    weeks = {day.isocalendar()[:2] for day in days}
    times: int | float
    match allocated.frequentie:
        case "1":
            times = len(days)
        case "2" if allocated.eenheid in OUTPUT:
            times = walked_sundays(allocated, days)
        case "2":
            times = len(weeks)
        case "3":
            return math.ceil(allocated.volume * len(weeks) / 4)
        case "4":
            times = len({(day.year, day.month) for day in days})
        case "5":
            times = len({day.year for day in days})
        case _:
            times = 1
    return allocated.volume * times


def walked_sundays(allocated: ToegewezenOmvang, days: list[date]) -> int:
    sundays = sum(day.isoweekday() == 7 for day in days)
    if allocated.einddatum is None:
        return sundays
    own = [day for day in days_of((allocated.ingangsdatum, allocated.einddatum)) if day.isoweekday() == 7]
    if not own:
        return 1
    return sundays + (own[-1] in days and allocated.einddatum.isoweekday() != 7)


def walked_in_line(allocated: ToegewezenOmvang, line: Period) -> int:
    """Collects the days of the months or years that the line touches, as far as the allocation runs."""
    width = 4 if allocated.frequentie == "5" else 7
    touched = {day.isoformat()[:width] for day in days_of(line)}
    # From well before the line's year to well after it, so that every touched month and year is walked whole.
    around = (date(line[0].year - 1, 1, 1), date(line[1].year + 1, 12, 31))
    days = [
        day
        for day in days_of(around)
        if day.isoformat()[:width] in touched
        and day >= allocated.ingangsdatum
        and (allocated.einddatum is None or day <= allocated.einddatum)
    ]
    if days and (allocated.domain, allocated.categorie, allocated.frequentie) == (Domain.WMO, "01", "2"):
        return 6 * allocated.volume * len({(day.year, day.month) for day in days})
    return walked(allocated, days)


FIRST = date(2019, 11, 1)
DAYS = st.integers(0, 900).map(lambda number: FIRST + timedelta(days=number))
LENGTHS = st.one_of(st.integers(0, 10), st.integers(0, 900))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    begin = draw(DAYS)
    return begin, begin + timedelta(days=draw(LENGTHS))


@st.composite
def allocations(
    draw: st.DrawFn,
    *,
    eenheden: tuple[str, ...] = EFFORT + OUTPUT,
    frequenties: tuple[str, ...] = FREQUENTIES,
    endless: bool = True,
) -> ToegewezenOmvang:
    begin, end = draw(periods())
    return ToegewezenOmvang(
        volume=draw(st.integers(0, 200)),
        eenheid=draw(st.sampled_from(eenheden)),
        frequentie=draw(st.sampled_from(frequenties)),
        ingangsdatum=begin,
        einddatum=None if endless and draw(st.booleans()) else end,
        categorie=draw(st.sampled_from(["01", "02", None])),
        domain=draw(st.sampled_from(Domain)),
    )


@given(allocations(), periods())
@example(EXAMPLE, (date(2025, 10, 7), date(2025, 12, 30)))
def test_a_line_against_a_walk_over_the_days(allocated: ToegewezenOmvang, line: Period) -> None:
    assert most_in(allocated, judged_period(allocated, *line)) == walked_in_line(allocated, line)


@given(allocations(endless=False))
def test_the_whole_against_a_walk_over_the_days(allocated: ToegewezenOmvang) -> None:
    assert allocated.einddatum is not None
    days = list(days_of((allocated.ingangsdatum, allocated.einddatum)))
    assert most_in_all(allocated) == walked(allocated, days)


def by_month(allocated: ToegewezenOmvang) -> list[int]:
    """The most for every month of the allocation, each claimed on a line of its own."""
    assert allocated.einddatum is not None
    firsts = sorted({day.replace(day=1) for day in days_of((allocated.ingangsdatum, allocated.einddatum))})
    most = [most_in(allocated, judged_period(allocated, first, first)) for first in firsts]
    return [month for month in most if month is not None]


@given(allocations(endless=False))
def test_the_months_together_allow_no_less_than_the_whole(allocated: ToegewezenOmvang) -> None:
    in_all = most_in_all(allocated)
    assert in_all is not None
    assert sum(by_month(allocated)) >= in_all


@given(allocations(frequenties=("1", "4"), endless=False))
def test_per_day_and_per_month_the_months_are_exactly_the_whole(allocated: ToegewezenOmvang) -> None:
    assert sum(by_month(allocated)) == most_in_all(allocated)


@given(allocations(eenheden=OUTPUT, frequenties=("2",), endless=False))
def test_output_per_week_grants_every_week_once(allocated: ToegewezenOmvang) -> None:
    """By its Sunday, or as the rest that the allocation ends with: in all as much as by weeks touched."""
    assert allocated.einddatum is not None
    weeks = {day.isocalendar()[:2] for day in days_of((allocated.ingangsdatum, allocated.einddatum))}
    in_all = most_in_all(allocated)
    assert in_all is not None
    if any(day.isoweekday() == 7 for day in days_of((allocated.ingangsdatum, allocated.einddatum))):
        assert in_all == allocated.volume * len(weeks)
    else:
        assert in_all == allocated.volume


@given(allocations(endless=False), st.integers(1, 400))
def test_a_longer_allocation_never_allows_less(allocated: ToegewezenOmvang, longer: int) -> None:
    assert allocated.einddatum is not None
    extended = ToegewezenOmvang(
        allocated.volume,
        allocated.eenheid,
        allocated.frequentie,
        allocated.ingangsdatum,
        allocated.einddatum + timedelta(days=longer),
        allocated.categorie,
        allocated.domain,
    )
    before, after = most_in_all(allocated), most_in_all(extended)
    assert before is not None
    assert after is not None
    assert before <= after
