"""What schemathesis is told of the calls beyond their documentation: real messages, and ids that are there.

It reads this module by itself (`SCHEMATHESIS_HOOKS`), in a process of its own.
"""

import os
from typing import Any

import schemathesis

from iwmo_gateway.shipped import shipped
from tests.cases import FIXTURES

_KNOWN = {"message_id": os.environ.get("EVIL_MESSAGE", ""), "name": "rhenen-wmo-2023", "nr": 1, "code": "IB014"}
_MESSAGES = ("vooraf/start-taakgericht-3.2.xml", "vooraf/toewijzing-3.2.xml", "verhaal/4-verkeerd-formaat.xml")


@schemathesis.hook
def before_load_schema(_: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Give what is known as examples. Nobody waits for a mailbox, so that parameter is not there."""
    for calls in raw_schema["paths"].values():
        for call in calls.values():
            parameters = [one for one in call.get("parameters", ()) if one["name"] != "wait"]
            for one in parameters:
                if one["name"] in _KNOWN:
                    one["example"] = _KNOWN[one["name"]]
            call["parameters"] = parameters
            content = call.get("requestBody", {}).get("content", {})
            if "application/xml" in content:
                texts = {name: (FIXTURES / name).read_text(encoding="utf-8") for name in _MESSAGES}
                content["application/xml"] |= {"examples": {name: {"value": text} for name, text in texts.items()}}
                content["application/xml"].pop("example", None)
            if "application/toml" in content:
                profile = shipped("contracts") / "rhenen-wmo-2023.toml"
                content["application/toml"]["example"] = profile.read_text(encoding="utf-8")


@schemathesis.serializer("application/xml", "application/toml")
def as_it_is(_: Any, value: Any) -> bytes:
    """A text is sent as it is."""
    return str(value).encode("utf-8", "replace")
