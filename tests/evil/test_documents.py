"""Evil documents: each gets its own clear answer, nothing outside is reached, and the gateway goes on as before."""

import pytest

from tests.evil.conftest import Target
from tests.evil.documents import BOMBS, DEFERRED, GARBLED, REACHING, Attack, fresh


@pytest.mark.parametrize("attack", [*REACHING, *BOMBS, *GARBLED], ids=lambda attack: attack.name)
def test_an_evil_document_does_nothing(target: Target, attack: Attack) -> None:
    body = fresh(attack.made(target.trap))
    answer = target.send(body)
    assert answer.status_code == attack.status, answer.text
    if attack.status == DEFERRED:
        assert target.judged(answer) == attack.code
    else:
        said = answer.json()
        assert said.get("code", said["status"]) == attack.code
    validated = target.send(body, "/v1/validations")
    assert validated.status_code == (attack.status if answer.is_client_error and attack.code != "IB014" else 200)
    target.lives()


def test_what_was_kept_of_an_evil_document_is_what_was_sent(target: Target) -> None:
    kept = next(attack for attack in REACHING if attack.name == "an included file")
    body = kept.made(target.trap)
    identity = target.send(body).json()["id"]
    answer = target.client.get(f"/v1/berichten/{identity}/xml", headers=target.headers())
    assert answer.content == body
