"""Statutory interest (Rhenen, annex 8, 8.11): the rates by date, the sum by hand, and what holds of every sum."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iwmo_gateway.contract.interest import Rente, RenteOnbekend, Rentesoort, Rentetabel, interest, rentetabel, uitleg

WETTELIJK, HANDEL = rentetabel(Rentesoort.WETTELIJK), rentetabel(Rentesoort.HANDEL)
FIRST, BEYOND = date(2015, 1, 1), date(2027, 1, 1)

tables = st.sampled_from([WETTELIJK, HANDEL])
days = st.dates(FIRST, BEYOND)
amounts = st.integers(0, 100_000_000)


def day(text: str) -> date:
    return date.fromisoformat(text)


def counted(cents: int, vanaf: str, tot: str, tabel: Rentetabel = WETTELIJK) -> Rente:
    found = interest(cents, day(vanaf), day(tot), tabel)
    assert isinstance(found, Rente)
    return found


def exact(rente: Rente | RenteOnbekend) -> Fraction:
    """What the stretches come to, before it is rounded."""
    assert isinstance(rente, Rente)
    return sum((part.rente for part in rente.delen), Fraction(0))


class TestRates:
    @pytest.mark.parametrize(
        ("on", "wettelijk", "handel"),
        [
            ("2015-01-01", "2", "8.05"),
            ("2016-07-01", "2", "8"),
            ("2022-12-31", "2", "8"),
            ("2023-01-01", "4", "10.5"),
            ("2023-06-30", "4", "10.5"),
            ("2023-07-01", "6", "12"),
            ("2024-01-01", "7", "12.5"),
            ("2024-07-01", "7", "12.25"),
            ("2025-01-01", "6", "11.15"),
            ("2025-07-01", "6", "10.15"),
            ("2026-01-01", "4", "10.15"),
            ("2026-12-31", "4", "10.4"),
        ],
    )
    def test_on_a_day(self, on: str, wettelijk: str, handel: str) -> None:
        rates = [tabel.on(day(on)) for tabel in (WETTELIJK, HANDEL)]
        assert [rate and rate.procent for rate in rates] == [Decimal(wettelijk), Decimal(handel)]

    @pytest.mark.parametrize("tabel", [WETTELIJK, HANDEL])
    def test_stand_in_order_with_their_source(self, tabel: Rentetabel) -> None:
        assert all(one.vanaf < other.vanaf for one, other in pairwise(tabel.percentages))
        assert all(one.bron and 0 < one.procent < 20 for one in tabel.percentages)
        assert tabel.percentages[-1].vanaf <= tabel.bekend_tot_en_met

    @pytest.mark.parametrize("on", ["2014-12-31", "2027-01-01"])
    def test_are_not_guessed(self, on: str) -> None:
        assert (WETTELIJK.on(day(on)), HANDEL.on(day(on))) == (None, None)


class TestByHand:
    def test_half_a_year_at_one_rate(self) -> None:
        # 1 January up to 1 July 2023 is 181 days: 100,000 × 4 % × 181 / 365 = 1,983.56.
        rente = counted(10_000_000, "2023-01-01", "2023-07-01")
        assert (rente.cents, len(rente.delen), rente.delen[0].dagen) == (198_356, 1, 181)

    def test_over_a_change_of_the_rate(self) -> None:
        # 30 days of June at 4 % and 31 of July at 6 %: 3,287.671 + 5,095.890 = 8,383.561 cents.
        rente = counted(1_000_000, "2023-06-01", "2023-08-01")
        assert rente.cents == 8384
        assert list(uitleg(rente)) == [
            "2023-06-01 t/m 2023-06-30: € 10.000,00 × 4 % × 30 dagen / 365 = € 32,88",
            "2023-07-01 t/m 2023-07-31: € 10.000,00 × 6 % × 31 dagen / 365 = € 50,96",
            "Wettelijke rente (artikel 6:119 BW), eenmaal afgerond: € 83,84",
        ]

    def test_of_a_leap_year_a_day_is_one_in_366(self) -> None:
        assert counted(100_000, "2024-01-01", "2025-01-01").cents == 7000
        # 182 days at 12.50 % and 184 at 12.25 %, of 366.
        rente = counted(100_000, "2024-01-01", "2025-01-01", HANDEL)
        assert exact(rente) == (Fraction("12.5") * 182 + Fraction("12.25") * 184) * 1000 / 366
        assert [part.dagen_per_jaar for part in counted(1, "2023-12-31", "2025-01-02").delen] == [365, 366, 366, 365]

    def test_after_a_year_the_interest_bears_interest(self) -> None:
        # Two years at 2 %: 1,000.00 becomes 1,020.00, and that 1,040.40.
        rente = counted(100_000, "2017-01-01", "2019-01-01")
        assert (rente.cents, [part.hoofdsom for part in rente.delen]) == (4040, [100_000, 102_000])

    def test_the_year_begins_on_the_first_day_and_not_in_january(self) -> None:
        rente = counted(100_000, "2017-03-15", "2018-03-16")
        assert [(part.vanaf, part.hoofdsom) for part in rente.delen] == [
            (day("2017-03-15"), 100_000),
            (day("2018-03-15"), 102_000),
        ]

    def test_a_year_from_a_leap_day_ends_with_february(self) -> None:
        starts = [part.vanaf for part in counted(100_000, "2016-02-29", "2021-01-01").delen]
        assert {day("2017-03-01"), day("2018-03-01"), day("2019-03-01"), day("2020-02-29")} <= set(starts)

    def test_half_a_cent_goes_up(self) -> None:
        # 25 cents at 2 % for a year are half a cent.
        assert counted(25, "2017-01-01", "2018-01-01").cents == 1
        assert counted(24, "2017-01-01", "2018-01-01").cents == 0

    def test_one_day_is_told_as_one(self) -> None:
        told = next(uitleg(counted(10_000_000, "2026-07-01", "2026-07-02", HANDEL)))
        assert told == "2026-07-01 t/m 2026-07-01: € 100.000,00 × 10,4 % × 1 dag / 365 = € 28,49"


class TestUnknown:
    def test_after_the_last_known_day_nothing_is_guessed(self) -> None:
        assert interest(100, date(2026, 12, 1), BEYOND, WETTELIJK) != RenteOnbekend(Rentesoort.WETTELIJK, BEYOND)
        found = interest(100, date(2026, 12, 1), date(2027, 1, 2), WETTELIJK)
        assert found == RenteOnbekend(Rentesoort.WETTELIJK, date(2027, 1, 1))
        assert "wettelijke rente op 2027-01-01 is hier niet bekend" in found.tekst

    def test_nor_before_the_first(self) -> None:
        found = interest(100, date(2014, 12, 31), date(2016, 1, 1), HANDEL)
        assert found == RenteOnbekend(Rentesoort.HANDEL, date(2014, 12, 31))

    def test_no_days_need_no_rate(self) -> None:
        found = interest(100, date(2040, 1, 1), date(2040, 1, 1), HANDEL)
        assert isinstance(found, Rente)
        assert (found.cents, found.delen) == (0, ())

    @pytest.mark.parametrize(("cents", "tot"), [(-1, "2024-01-02"), (1, "2023-12-31")])
    def test_what_makes_no_sense_is_refused(self, cents: int, tot: str) -> None:
        with pytest.raises(ValueError, match="no interest on"):
            interest(cents, day("2024-01-01"), day(tot), WETTELIJK)


class TestEverySum:
    @settings(deadline=None, max_examples=60)
    @given(tables, amounts, days, st.integers(0, 365), st.integers(0, 365))
    def test_within_a_year_the_parts_add_up(
        self, tabel: Rentetabel, cents: int, begin: date, one: int, other: int
    ) -> None:
        first, second = sorted((one, other))
        middle, end = begin + timedelta(first), begin + timedelta(second)
        if end > BEYOND:
            return
        whole = exact(interest(cents, begin, end, tabel))
        assert whole == exact(interest(cents, begin, middle, tabel)) + exact(interest(cents, middle, end, tabel))

    @settings(deadline=None, max_examples=60)
    @given(tables, amounts, amounts, days, days, days)
    def test_a_longer_time_or_a_larger_amount_never_bears_less(
        self, tabel: Rentetabel, one: int, other: int, a: date, b: date, c: date
    ) -> None:
        begin, middle, end = sorted((a, b, c))
        small, large = sorted((one, other))
        shorter, longer = interest(small, begin, middle, tabel), interest(large, begin, end, tabel)
        assert isinstance(shorter, Rente)
        assert isinstance(longer, Rente)
        assert 0 <= shorter.cents <= longer.cents

    @settings(deadline=None, max_examples=60)
    @given(tables, amounts, days, days)
    def test_the_stretches_follow_each_other_and_make_the_sum(
        self, tabel: Rentetabel, cents: int, a: date, b: date
    ) -> None:
        begin, end = sorted((a, b))
        found = interest(cents, begin, end, tabel)
        assert isinstance(found, Rente)
        assert [part.tot for part in found.delen[:-1]] == [part.vanaf for part in found.delen[1:]]
        assert sum(part.dagen for part in found.delen) == (end - begin).days
        assert abs(found.cents - exact(found)) <= Fraction(1, 2)
        for part in found.delen:
            last = part.tot - timedelta(days=1)
            assert tabel.on(part.vanaf) == tabel.on(last)
            assert date(part.vanaf.year, 12, 31).timetuple().tm_yday == part.dagen_per_jaar
            assert date(last.year, 12, 31).timetuple().tm_yday == part.dagen_per_jaar

    @settings(deadline=None, max_examples=60)
    @given(tables, amounts, days)
    @example(WETTELIJK, 100_000, date(2020, 2, 29))
    def test_day_by_day_in_another_way(self, tabel: Rentetabel, cents: int, begin: date) -> None:
        """A plainly written sum: each day its own, the interest put by until the year is round."""
        end = min(begin + timedelta(800), BEYOND)
        principal, put_by, at = Fraction(cents), Fraction(0), begin
        while at < end:
            round_year = at != begin and (at.month, at.day) == (begin.month, begin.day)
            leap = (begin.month, begin.day) == (2, 29) and at.year % 4 != 0
            if round_year or (leap and (at.month, at.day) == (3, 1)):
                principal, put_by = principal + put_by, Fraction(0)
            rate = tabel.on(at)
            assert rate is not None
            put_by += principal * Fraction(rate.procent) / 100 / date(at.year, 12, 31).timetuple().tm_yday
            at += timedelta(days=1)
        assert exact(interest(cents, begin, end, tabel)) == principal + put_by - cents
