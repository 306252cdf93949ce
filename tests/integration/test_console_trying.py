"""Trying a message in the console: what is said is what the API says, and nothing is kept."""

import io
import json
import re
import zipfile
from base64 import b64encode
from html import unescape

import pytest
from lxml import html
from structlog.testing import capture_logs

from iwmo_gateway.gateway import contracts
from iwmo_gateway.shipped import shipped
from iwmo_gateway.store.audit import Action
from iwmo_gateway.store.search import Search, find_messages
from iwmo_gateway.web.console.trying import as_declared, as_text
from tests.cases import profile_path
from tests.conftest import Callers
from tests.integration.test_console_message import Browser
from tests.integration.test_fixtures import OFFICER
from tests.integration.test_http_audit import trail
from tests.integration.test_http_builders import AANBIEDER, BSN, GEMEENTE, PERSONAL, allocation, lone_start, start

MOMENT = "2023-03-01T12:00"


def echoed(text: str) -> str:
    found = re.search(r'<textarea id="xml"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def test_it_says_what_the_api_says_and_keeps_nothing(call: Callers) -> None:
    somebody = Browser(call, AANBIEDER)
    refused = start("START02", 799999)
    said = call.send(AANBIEDER, refused, path="/v1/validations").json()
    page = somebody.post("/proberen", "/proberen", xml=refused.decode(), ontvangen=MOMENT)
    assert page.status_code == 200
    assert said["status"] == "rejected"
    for finding in said["bevindingen"]:
        assert f"/console/regels/{finding['regel']}" in page.text
    assert echoed(page.text) == refused.decode()
    assert "Het retourbericht dat de gateway zou sturen" in page.text
    with call.gateway.database.reading() as transaction:
        assert find_messages(transaction, Search(), before=None, limit=10) == []
    deed = trail(call)[-1]
    assert (deed.action, deed.what, deed.message) == (Action.VALIDATE, "console/proberen", None)


def test_it_judges_against_what_is_there(call: Callers) -> None:
    call.send(GEMEENTE, allocation())
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml=start().decode(), ontvangen=MOMENT)
    assert 'class="status accepted"' in page.text


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("<a>", "geen-xml"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "dtd"),
        ("<Bericht/>", "IB004"),
        ("<a>" * 100 + "</a>" * 100, "te-diep"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_code(call: Callers, xml: str, code: str) -> None:
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml=xml)
    assert page.status_code == 200
    assert f"<dd>{code} (HTTP" in page.text
    assert echoed(page.text) == xml


def test_somebody_elses_message_is_refused_as_on_the_api(call: Callers) -> None:
    page = Browser(call, "65656055").post("/proberen", "/proberen", xml=lone_start().decode())
    assert "<dd>IB009 (HTTP" in page.text


def test_nothing_and_a_moment_that_is_none_are_told_at_their_field(call: Callers) -> None:
    somebody = Browser(call, AANBIEDER)
    nothing = somebody.post("/proberen", "/proberen", xml=" ")
    assert nothing.status_code == 422
    assert 'href="#xml"' in nothing.text
    moment = somebody.post("/proberen", "/proberen", xml=lone_start().decode(), ontvangen="gisteren")
    assert moment.status_code == 422
    assert 'href="#ontvangen"' in moment.text
    assert echoed(moment.text) == lone_start().decode()


def test_a_form_from_elsewhere_is_refused(call: Callers) -> None:
    somebody = Browser(call, AANBIEDER)
    assert somebody.client.post("/console/proberen", data={"xml": "<a/>"}).status_code == 400


def test_nothing_of_a_message_is_logged(call: Callers) -> None:
    somebody = Browser(call, AANBIEDER)
    with capture_logs() as logged:
        page = somebody.post("/proberen", "/proberen", xml=lone_start().decode())
    assert BSN in page.text
    assert not [value for value in PERSONAL if value in str(logged)]


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_what_is_pasted_reads_as_the_file_did(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<a>é</a>'
    assert as_text(text.encode(encoding)) == text
    assert as_text(as_declared(text)) == text


def test_examples_are_those_of_the_caller(call: Callers) -> None:
    provider, officer = Browser(call, AANBIEDER), Browser(call, GEMEENTE)
    example = echoed(provider.get("/proberen?voorbeeld=2").text)
    assert f">{AANBIEDER}<" in example
    assert "wijst begeleiding" not in provider.get("/proberen").text
    assert "wijst begeleiding" in officer.get("/proberen").text
    assert echoed(officer.get("/proberen?voorbeeld=2").text) == ""


def test_what_is_pasted_is_shown_and_never_run(call: Callers) -> None:
    body = start("START02", 799999).replace(b"<iwmo:Achternaam>Proefstra", b"<iwmo:Achternaam>&lt;script&gt;x")
    body = body.replace(b"Proefstra", b"&lt;script&gt;x")
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml=body.decode())
    assert "&lt;script&gt;x" in page.text
    assert "<script>x" not in page.text


def test_a_value_of_any_length_is_told_as_a_fault(call: Callers) -> None:
    body = start("START02").replace(b">700001<", b">" + b"9" * 50_000 + b"<")
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml=body.decode())
    assert page.status_code == 200
    assert 'class="status invalid"' in page.text
    assert page.text.count("9") < 60_000  # whole in the form alone


def test_a_message_is_taken_out_of_what_it_is_in(call: Callers) -> None:
    body = start("START02", 799999)
    envelope = b'<s:E xmlns:s="urn:s"><s:B>' + body.split(b"?>", 1)[1] + b"</s:B></s:E>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("start.xml", body)
    somebody = Browser(call, AANBIEDER)
    for xml, file in ((envelope.decode(), b""), (b64encode(body).decode(), b""), ("", packed.getvalue())):
        page = somebody.post("/proberen", "/proberen", xml=xml, ontvangen=MOMENT, bestand=file)
        assert "WMO305 3.2" in page.text
        assert "TR019" in page.text
        assert "gehaald" in page.text
        assert echoed(page.text).startswith("<?xml")
    assert "gehaald" not in somebody.post("/proberen", "/proberen", xml=body.decode(), ontvangen=MOMENT).text


@pytest.mark.parametrize(("names", "told"), [(("a.xml", "b.xml"), "2 bestanden"), ((), "ZIP")])
def test_a_zip_of_other_than_one_message_says_what_to_do(call: Callers, names: tuple[str, ...], told: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, start())
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml="", bestand=packed.getvalue())
    assert page.status_code == 422
    assert told in page.text
    assert "PK" not in page.text


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("42420001</wmo305:Afzender>", "65656055</wmo305:Afzender>", "Afzender"),
        ("?>", "?>\n<!DOCTYPE a []>", "DOCTYPE"),
    ],
)
def test_what_would_not_be_taken_is_told_with_its_line(call: Callers, old: str, new: str, line: str) -> None:
    text = start().decode()
    assert old in text
    page = Browser(call, AANBIEDER).post("/proberen", "/proberen", xml=text.replace(old, new, 1))
    wrong = html.fromstring(page.text).xpath("//ol[@class='xml']/li[@class='wrong']")
    assert [line in one.text_content() for one in wrong] == [True]


def test_it_tells_what_it_was_judged_by_and_what_the_api_says(call: Callers) -> None:
    contracts.load(call.gateway, OFFICER, contracts.check_file(profile_path("rhenen-wmo-2023")))
    body = (shipped("fixtures") / "verhaal" / "1-toewijzing.xml").read_text(encoding="utf-8")
    page = Browser(call, "0340").post("/proberen", "/proberen", xml=body, ontvangen="2023-01-25T10:00")
    assert "rhenen-wmo-2023/1" in page.text
    (told,) = html.fromstring(page.text).xpath("//textarea[@id='json']")
    headers = call.headers("0340") | {"X-Received-At": "2023-01-25T10:00:00+01:00", "Content-Type": "application/xml"}
    said = call.client.post("/v1/validations", content=body.encode(), headers=headers).json()
    assert json.loads(told.text) == said


def test_a_text_that_is_no_utf_16_is_shown_as_it_is() -> None:
    body = start().replace(b'encoding="UTF-8"', b'encoding="UTF-16"').replace(b"encoding='UTF-8'", b"encoding='UTF-16'")
    assert "Bericht" in as_text(body)
