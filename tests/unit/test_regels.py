"""Rules in a contract profile: what each needs, and every fault with its line."""

import pytest

from iwmo_gateway.contract.profile import Profiel, parse_profiel
from iwmo_gateway.contract.regels import REGELS
from iwmo_gateway.gateway import contracts

HEAD = """naam = "Proef"
domein = "wmo"
gemeenten = ["0340"]
vanaf = 2023-01-01
tot_en_met = 2023-12-31
bron = "een proef"
[[producten]]
code = "02A16"
categorie = "02"
naam = "Begeleiding"
eenheid = "83"
[[regels]]
"""
FIRST = HEAD.count("\n") + 1
"""The line of the first key of the rule."""

RIGHT = {
    "signal": 'regel = "contract-indienen"\nmaanden = 1\nactie = "signal"\nartikel = "8.6"\n',
    "review": 'regel = "contract-vervallen"\nmaanden = 2\nactie = "review"\nartikel = "8.10"\n',
    "reject": (
        'regel = "contract-marge"\nmaanden = 3\neenheden = ["04"]\nactie = "reject"\nartikel = "8.8"\n'
        'retourcodes = { "3.2" = "9321", "2.3" = "9321" }\n'
    ),
}
WRONG = {
    "no such rule": (RIGHT["signal"].replace("indienen", "betalen"), 0, "contract-betalen is geen regel"),
    "a term is missing": (RIGHT["signal"].replace("maanden = 1\n", ""), 0, "contract-indienen heeft maanden nodig"),
    "a term of another rule": (RIGHT["signal"] + "weken = 2\n", 4, "contract-indienen kent geen weken"),
    "no such action": (RIGHT["signal"].replace("signal", "warn"), 2, 'actie: verwacht "reject"'),
    "refusing without a code": (RIGHT["signal"].replace("signal", "reject"), 2, "heeft dan retourcodes nodig"),
    "a code where nothing is refused": (
        RIGHT["signal"] + 'retourcodes = { "3.2" = "9321" }\n', 4, "heeft dan geen retourcodes",
    ),
    "a code that the release lacks": (
        RIGHT["reject"].replace('"2.3" = "9321"', '"2.3" = "9338"'), 5,
        "9338 staat niet in de codelijst van release 2.3",
    ),
    "no such release": (RIGHT["reject"].replace('"2.3"', '"2.4"'), 5, "2.4 is geen release"),
    "a start cannot be held": (
        'regel = "contract-startmelding"\nactie = "review"\nartikel = "8.7"\n', 1,
        "review kan niet bij contract-startmelding",
    ),
    "a product of another profile": (
        'regel = "contract-samen"\nactie = "signal"\nartikel = "9"\nproducten = ["02A16"]\nbij = ["07A11"]\n', 4,
        "07A11 is geen product van dit profiel",
    ),
    "beside itself": (
        'regel = "contract-samen"\nactie = "signal"\nartikel = "9"\nproducten = ["02A16"]\nbij = ["02A16"]\n', 4,
        "02A16 kan niet in producten en in bij staan",
    ),
    "no article": (RIGHT["signal"].replace('artikel = "8.6"\n', ""), -1, "artikel ontbreekt"),
    "a month too many": (RIGHT["signal"].replace("= 1", "= 13"), 1, "verwacht een aantal maanden van 1 tot en met 12"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RIGHT.values(), ids=RIGHT)
def test_a_rule_with_its_terms_is_read(rule: str) -> None:
    profiel = parse_profiel(HEAD + rule, "proef")
    assert isinstance(profiel, Profiel), profiel
    (regel,) = profiel.regels
    assert profiel.regel(regel.regel) is regel
    assert str(regel.maanden) in regel.zin
    assert (regel.retourcode("3.2") is not None) is (regel.actie == "reject")


@pytest.mark.parametrize(("rule", "line", "said"), WRONG.values(), ids=WRONG)
def test_a_fault_names_its_line(rule: str, line: int, said: str) -> None:
    found = parse_profiel(HEAD + rule, "proef")
    assert isinstance(found, tuple)
    assert (FIRST + line, True) in [(fault.regelnummer, said in fault.tekst) for fault in found], found


def test_a_fault_names_the_article_of_what_it_is_in() -> None:
    wrong = RIGHT["reject"].replace('"2.3" = "9321"', '"2.3" = "9338"')
    said = HEAD.replace('bron = "', 'versie = 2\nbron = "', 1) + wrong
    found = parse_profiel(said, "proef")
    assert isinstance(found, tuple)
    (own,) = [line.split('"')[1] for line in RIGHT["reject"].splitlines() if line.startswith("artikel")]
    assert [(fault.artikel, str(fault).endswith(f"({own})")) for fault in found] == [(None, False), (own, True)]


def test_a_rule_stands_once_in_a_profile() -> None:
    found = parse_profiel(HEAD + RIGHT["signal"] + "[[regels]]\n" + RIGHT["signal"], "proef")
    assert isinstance(found, tuple)
    assert any("regel contract-indienen staat er meer dan eens" in fault.tekst for fault in found)


def test_every_rule_is_told_in_words_by_a_shipped_profile() -> None:
    told = set()
    for name in contracts.shipped_names():
        profiel = contracts.check_file(contracts.file_of(name)).profiel
        assert profiel is not None
        for regel in profiel.regels:
            assert regel.zin.endswith(".")
            assert not {"{", "None"} & set(regel.zin.split())
            told.add(regel.regel)
    assert told == set(REGELS)
