"""Contract profiles in the store: versions are added and never changed, and the newest one of each name counts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from iwmo_gateway.contract.profile import Profiel
from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import contracts as loading
from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store import contracts
from iwmo_gateway.store.contracts import Contract
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.store.tables import contract_gemeenten
from iwmo_gateway.store.tables import contracts as table
from tests.conftest import SECRET, TODAY

OFFICER = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
LATER = Caller(TokenRole.OPERATOR, None, "operator:later", TODAY + timedelta(days=1))


def text(
    *gemeenten: str, vanaf: str = "2023-01-01", end: str = "2023-12-31", euro: str = "60.00", domein: str = "wmo"
) -> str:
    """A profile with one product, in the middle of its validity."""
    return f"""\
naam = "Afspraken"
domein = "{domein}"
gemeenten = [{", ".join(f'"{gemeente}"' for gemeente in gemeenten or ("0340",))}]
vanaf = {vanaf}
tot_en_met = {end}
bron = "bijlage 8"

[[producten]]
code = "02A16"
categorie = "02"
naam = "Begeleiding regulier"
eenheid = "04"
tarieven = [ {{ vanaf = {vanaf}, tot_en_met = {end}, euro = {euro} }} ]
"""


def load(gateway: Gateway, name: str, said: str, caller: Caller = OFFICER) -> tuple[Contract, bool]:
    return loading.load(gateway, caller, loading.check(name, said.encode()))


def profielen(gateway: Gateway, gemeente: str = "0340", domein: str = "wmo") -> tuple[Profiel, ...]:
    with gateway.database.reading() as transaction:
        return contracts.profielen_for(transaction, domein, gemeente)


def identities(gateway: Gateway, gemeente: str = "0340", domein: str = "wmo") -> list[str]:
    return [profiel.identity for profiel in profielen(gateway, gemeente, domein)]


def tariff(profiel: Profiel) -> int | None:
    return profiel.producten[0].tarief_on(profiel.vanaf)


@contextmanager
def statements(gateway: Gateway) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(gateway.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(gateway.database.engine, "before_cursor_execute", note)


# --- versions -------------------------------------------------------------------------------------------------------


def test_a_municipality_without_a_profile_has_none(gateway: Gateway) -> None:
    assert profielen(gateway) == ()
    assert loading.listed(gateway) == []


def test_what_is_loaded_counts_for_its_municipalities_and_its_domain(gateway: Gateway) -> None:
    loaded, new = load(gateway, "regio", text("0340", "1669"))
    assert (loaded.identity, new) == ("regio/1", True)
    assert (loaded.loaded_at, loaded.loaded_by) == (TODAY, "operator:test")
    assert (identities(gateway), identities(gateway, "1669")) == (["regio/1"], ["regio/1"])
    assert identities(gateway, "0344") == identities(gateway, domein="jw") == []
    assert loading.listed(gateway) == [(loaded, ["0340", "1669"])]


def test_the_shipped_profile_loads(gateway: Gateway) -> None:
    assert "rhenen-wmo-2023" in loading.shipped_names()
    for name in loading.shipped_names():
        loading.load(gateway, OFFICER, loading.check_file(loading.file_of(name)))
    (profiel,) = profielen(gateway)
    product = profiel.product("02A03")
    assert (profiel.identity, product and product.tarief_on(profiel.vanaf)) == ("rhenen-wmo-2023/1", 4646)


def test_the_same_content_again_changes_nothing(gateway: Gateway) -> None:
    first, _ = load(gateway, "regio", text())
    assert load(gateway, "regio", text(), LATER) == (first, False)
    in_windows = loading.check("regio", text().replace("\n", "\r\n").encode("utf-8-sig"))
    assert loading.load(gateway, LATER, in_windows) == (first, False)
    assert [one for one, _ in loading.listed(gateway)] == [first]


def test_other_content_is_the_next_version_and_the_earlier_one_stays_as_it_was(gateway: Gateway) -> None:
    first, _ = load(gateway, "regio", text())
    second, new = load(gateway, "regio", text(euro="61.00"), LATER)
    assert (second.identity, new, second.loaded_by) == ("regio/2", True, "operator:later")
    assert [tariff(one) for one in profielen(gateway)] == [6100]
    assert [one for one, _ in loading.listed(gateway)] == [first, second]
    assert [tariff(loading.shown(gateway, wanted)) for wanted in ("regio/1", "regio/2", "regio")] == [6000, 6100, 6100]
    assert loading.shown_text(gateway, "regio/1") == text()


def test_going_back_to_earlier_content_is_a_version_too(gateway: Gateway) -> None:
    for euro in ("60.00", "61.00", "60.00"):
        load(gateway, "regio", text(euro=euro))
    assert identities(gateway) == ["regio/3"]
    assert [tariff(one) for one in profielen(gateway)] == [6000]


def test_a_version_that_no_longer_names_a_municipality_takes_the_earlier_ones_along(gateway: Gateway) -> None:
    load(gateway, "regio", text("0340", "1669"))
    load(gateway, "regio", text("1669"))
    assert (identities(gateway), identities(gateway, "1669")) == ([], ["regio/2"])


def test_many_who_load_at_once_each_make_a_version(gateway: Gateway) -> None:
    with ThreadPoolExecutor(6) as threads:
        loaded = list(threads.map(lambda euro: load(gateway, "regio", text(euro=f"{euro}.00")), range(60, 66)))
    assert sorted(contract.version for contract, _ in loaded) == [1, 2, 3, 4, 5, 6]


def test_of_many_who_load_what_shares_a_day_only_one_succeeds(gateway: Gateway) -> None:
    def loaded(name: str) -> bool:
        try:
            return load(gateway, name, text())[1]
        except ConfigurationError:
            return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(loaded, ["een", "twee", "drie", "vier"])) == 1
    assert len(profielen(gateway)) == 1


# --- two profiles ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vanaf", "end"),
    [
        ("2023-12-31", "2024-12-31"),
        ("2022-01-01", "2023-01-01"),
        ("2023-05-01", "2023-05-01"),
        ("2022-01-01", "2024-01-01"),
    ],
)
def test_another_profile_on_a_day_of_the_same_municipality_is_refused(gateway: Gateway, vanaf: str, end: str) -> None:
    load(gateway, "regio", text("0340", "1669"))
    with pytest.raises(ConfigurationError) as refused:
        load(gateway, "nieuw", text("0344", "1669", vanaf=vanaf, end=end))
    for said in ("nieuw", f"{vanaf} t/m {end}", "regio/1", "1669", "2023-01-01 t/m 2023-12-31"):
        assert said in str(refused.value)
    assert identities(gateway, "0344") == []
    assert [one.identity for one, _ in loading.listed(gateway)] == ["regio/1"]


def test_a_next_version_may_not_run_into_another_profile_either(gateway: Gateway) -> None:
    load(gateway, "regio", text())
    load(gateway, "nieuw", text(vanaf="2024-01-01", end="2024-12-31"))
    with pytest.raises(ConfigurationError, match="nieuw/1"):
        load(gateway, "regio", text(end="2024-01-01"))
    assert identities(gateway) == ["regio/1", "nieuw/1"]


def test_profiles_that_share_no_day_no_municipality_or_no_domain_stand_side_by_side(gateway: Gateway) -> None:
    load(gateway, "b-2023", text())
    load(gateway, "a-2024", text(vanaf="2024-01-01", end="2024-12-31"))
    load(gateway, "c-2022", text(vanaf="2022-01-01", end="2022-12-31"))
    load(gateway, "elders", text("1669"))
    load(gateway, "jeugd", text(domein="jw"))
    assert identities(gateway) == ["c-2022/1", "b-2023/1", "a-2024/1"]
    assert (identities(gateway, "1669"), identities(gateway, domein="jw")) == (["elders/1"], ["jeugd/1"])


def test_what_an_earlier_version_claimed_is_free_again(gateway: Gateway) -> None:
    load(gateway, "regio", text())
    load(gateway, "regio", text(end="2023-06-30"))
    load(gateway, "nieuw", text(vanaf="2023-07-01"))
    assert identities(gateway) == ["regio/2", "nieuw/1"]


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_message_costs_one_statement_and_a_text_is_parsed_once(gateway: Gateway) -> None:
    load(gateway, "regio", text(euro="63.00"))
    load(gateway, "later", text(vanaf="2024-01-01", end="2024-12-31", euro="64.00"))
    first = profielen(gateway)
    with statements(gateway) as asked, gateway.database.reading() as transaction:
        again = contracts.profielen_for(transaction, "wmo", "0340")
        asked_then = [statement for statement in asked if "SELECT" in statement]
    assert len(asked_then) == 1
    assert "contracts.text" not in asked_then[0]
    assert [one is two for one, two in zip(first, again, strict=True)] == [True, True]


def test_a_new_version_counts_at_once_in_a_process_that_knew_the_earlier_one(
    gateway: Gateway, settings: Settings
) -> None:
    load(gateway, "regio", text())
    with closing(open_gateway(settings)) as other:
        assert identities(other) == ["regio/1"]
        load(gateway, "regio", text(euro="61.00"))
        assert [(one.identity, tariff(one)) for one in profielen(other)] == [("regio/2", 6100)]


def test_a_name_and_version_may_be_something_else_in_another_database(gateway: Gateway, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'ander.db'}", secret_key=SECRET)
    with closing(open_gateway(settings)) as other:
        other.database.migrate()
        load(gateway, "regio", text(euro="60.00"))
        load(other, "regio", text(euro="65.00"))
        assert [tariff(one) for one in (*profielen(gateway), *profielen(other))] == [6000, 6500]


def test_a_text_that_is_not_right_any_more_stops_the_judging_and_can_still_be_read(gateway: Gateway) -> None:
    load(gateway, "regio", text())
    old = text().replace('bron = "bijlage 8"', "oud = 1")
    with gateway.database.writing() as transaction:
        transaction.execute(update(table).values(text=old, digest=b"0" * 32))
    with pytest.raises(ConfigurationError, match=r"regio/1 .* line 1: bron ontbreekt"):
        profielen(gateway)
    assert loading.shown_text(gateway, "regio") == old


@pytest.mark.parametrize(
    "wanted", ["nergens", "regio/2", "regio/0", "regio/x", "regio/", "regio/1/1", "regio/99999999999", ""]
)
def test_what_is_not_loaded_is_not_shown(gateway: Gateway, wanted: str) -> None:
    load(gateway, "regio", text())
    for show in (loading.shown, loading.shown_text):
        with pytest.raises(ConfigurationError, match="is niet geladen"):
            show(gateway, wanted)


def test_a_text_with_faults_is_not_loaded(gateway: Gateway) -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)regel 5: .*regel 13: "):
        load(gateway, "regio", text(end="2022-12-31", euro="60.005"))
    assert loading.listed(gateway) == []
    with gateway.database.reading() as transaction:
        assert transaction.execute(select(contract_gemeenten)).all() == []
