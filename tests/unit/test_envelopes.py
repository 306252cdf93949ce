"""Messages in something else: found, and taken out as they were."""

from base64 import b64encode

import pytest

from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.envelopes import message_in
from iwmo_gateway.standard.xml import Document, read

BODY = (shipped("fixtures") / "verhaal" / "2-start.xml").read_bytes()
ELEMENT = BODY.split(b"?>", 1)[1].strip()
STUF = b"""<?xml version="1.0"?>
<g:envelopHeenbericht xmlns:g="http://www.stufstandaarden.nl/koppelvlak/ggk0210"><g:stuurgegevens><g:functie>WMO305
</g:functie></g:stuurgegevens><g:parameters><g:bericht><g:xmlBestand>%s</g:xmlBestand></g:bericht></g:parameters>
</g:envelopHeenbericht>"""
SOAP = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
<s:Body>%s</s:Body>
</s:Envelope>"""


@pytest.mark.parametrize(
    "body",
    [
        STUF % b64encode(BODY),
        SOAP % (STUF.split(b"?>", 1)[1] % b64encode(BODY)),
        b64encode(BODY),
        b"\n".join(b64encode(BODY)[at : at + 76] for at in range(0, 9999, 76)),
    ],
    ids=["stuf", "soap and stuf", "base64", "base64 in lines"],
)
def test_a_message_as_base64_is_taken_out_byte_by_byte(body: bytes) -> None:
    assert message_in(body) == BODY


def test_a_message_as_an_element_keeps_its_lines() -> None:
    found = message_in(SOAP % ELEMENT)
    assert found is not None
    document = read(found)
    assert isinstance(document, Document)
    assert document.soort.code == "WMO305"
    assert found.count(b"\n") == BODY.strip().count(b"\n")


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        b"",
        b"<a/>",
        b"<a>",
        b"QUJD" * 50,
        b'<!DOCTYPE a [<!ENTITY b "c">]>' + SOAP % ELEMENT,
        SOAP % b"<Bericht/>",
        b"<a>" * 5000,
    ],
    ids=["itself", "nothing", "other", "broken", "no document", "dtd", "no namespace", "deep"],
)
def test_what_holds_no_other_message_holds_none(body: bytes) -> None:
    assert message_in(body) is None
