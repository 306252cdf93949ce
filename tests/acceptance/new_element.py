"""Run in a copy of the checkout to which 3.3 was added; see test_adding_a_release.py."""

from tests.conftest import Callers
from tests.integration.test_http_builders import AANBIEDER, document_of
from tests.integration.test_http_releases import message

ELEMENT, STATUS = b"<wmo305:VerwachteEinddatum>2023-06-30</wmo305:VerwachteEinddatum>", b"<wmo305:StatusAanlevering>"


def test_an_element_that_nothing_reads_is_kept_and_repeated(call: Callers) -> None:
    body = message("start", "3.3").replace(STATUS, ELEMENT + STATUS)
    said = call.send(AANBIEDER, body).json()
    assert (said["status"], said["release"]) == ("rejected", "3.3")
    assert call.get(AANBIEDER, f"/v1/berichten/{said['id']}/xml").content == body
    told = call.get(AANBIEDER, f"/v1/berichten/{said['id']}/retour").content
    assert b"VerwachteEinddatum>2023-06-30<" in told
    assert call.gateway.schemas.check(document_of(told)).ok


def test_the_release_before_does_not_have_it(call: Callers) -> None:
    body = message("start", "3.2").replace(STATUS, ELEMENT + STATUS)
    assert call.send(AANBIEDER, body).status_code == 422
