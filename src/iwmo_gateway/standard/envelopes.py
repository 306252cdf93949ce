"""A message that somebody has in something else: an envelope of the chain (StUF), SOAP or a log, or base64."""

import re
from base64 import b64decode
from binascii import Error
from typing import Final

from lxml import etree

from iwmo_gateway.standard.kinds import soort_of

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]{100,}={0,2}\s*")
_FIRST: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
"""The first element, in most encodings."""
_BEGINS: Final = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")
"""How the bytes of a document begin."""


def message_in(body: bytes) -> bytes | None:
    """The first message that lies in these bytes, as an element or as base64; None where they hold none but their own.

    Nothing is resolved or fetched, and a document with a DTD holds none.
    """
    if (decoded := _decoded(body)) is not None:
        return message_in(decoded) or decoded
    first = _FIRST.search(body)
    return None if first is not None and first[1] == b"Bericht" else _inside(body)


def _inside(body: bytes) -> bytes | None:
    # White space stays here: it keeps the lines of the message as they were.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.doctype or _is_message(root):
        return None
    for element in root.iter("*"):
        if _is_message(element):
            return etree.tostring(element, encoding="UTF-8", xml_declaration=True, with_tail=False)
        if not len(element) and (decoded := _decoded((element.text or "").encode())) is not None:
            return decoded
    return None


def _is_message(element: etree._Element) -> bool:
    name = etree.QName(element)
    return name.localname == "Bericht" and soort_of(name.namespace or "") is not None


def _decoded(text: bytes) -> bytes | None:
    """The document that stands here as base64; None where there is none."""
    if _BASE64.fullmatch(text) is None:
        return None
    try:
        decoded = b64decode(b"".join(text.split()), validate=True)
    except Error:
        return None
    return decoded if decoded.startswith(_BEGINS) else None
