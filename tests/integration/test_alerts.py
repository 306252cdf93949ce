"""The alerts for Prometheus against what is told, and against the page that says what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from iwmo_gateway.gateway.metrics import looked_for_work
from iwmo_gateway.gateway.standing import Exposition
from tests.conftest import TODAY, Callers
from tests.integration.test_http_builders import AANBIEDER, lone_start, start

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
SELECTOR = re.compile(r"\b((?:iwmo|process)_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
OF_PROMETHEUS = {"job", "instance"}
"""Labels that Prometheus adds."""
QUESTIONS = {
    "failed": "iwmo_messages_waiting",
    "oldest waiting": "iwmo_oldest_waiting_seconds",
    "answers near their term": "iwmo_answers_owed",
    "answered late": "iwmo_answer_term_used_ratio_bucket",
    "reviews overdue": "iwmo_reviews_waiting",
    "mailbox not fetched": "iwmo_mailbox_unfetched",
    "no worker": "iwmo_worker_last_look_timestamp_seconds",
    "errors": "iwmo_http_requests_total",
    "readiness": "up",
    "database": "iwmo_database_up",
    "replays": "iwmo_replays_running",
    "audit": "iwmo_audit_oldest_unsealed_seconds",
}

Told = dict[str, dict[str, set[str]]]


@pytest.fixture
def told(call: Callers, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The values of every label of every series, after some calls."""
    call.send(AANBIEDER, lone_start())
    call.send(AANBIEDER, start(nummer=799999))
    call.client.get("/v1/mailbox")
    with monkeypatch.context() as broken:
        broken.setattr("iwmo_gateway.gateway.judging.complete", lambda *_, **__: 1 / 0)
        call.send(AANBIEDER, lone_start("FAULT"))
    looked_for_work(TODAY)
    found: Told = {"up": {}}
    for family in text_string_to_metric_families(Exposition(call.gateway).text(TODAY).decode()):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found


def selectors(rule: dict[str, Any]) -> list[tuple[str, list[tuple[str, str, str]]]]:
    return [(name, MATCHER.findall(inside)) for name, inside in SELECTOR.findall(rule["expr"])]


def test_every_series_label_and_value_of_an_alert_is_told(told: Told) -> None:
    assert len(RULES) >= 10
    for rule in RULES:
        found = selectors(rule)
        assert found, rule["alert"]
        for name, matchers in found:
            assert name in told, (rule["alert"], name)
            for label, how, value in matchers:
                if label in OF_PROMETHEUS:
                    continue
                assert label in told[name], (rule["alert"], name, label)
                if label != "status" or not value.startswith("5"):
                    wanted = set(value.split("|")) if how in {"=~", "!~"} else {value}
                    assert wanted <= told[name][label], (rule["alert"], name, label, value)


def test_what_alerts_group_by_and_tell_is_a_label_of_what_they_look_at(told: Told) -> None:
    for rule in RULES:
        known = OF_PROMETHEUS | {label for name, _ in selectors(rule) for label in told[name]}
        grouped = {label.strip() for inside in GROUPED.findall(rule["expr"]) for label in inside.split(",")}
        shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
        assert grouped | shown <= known, rule["alert"]


def test_every_question_of_an_operator_has_an_alert() -> None:
    asked = {name for rule in RULES for name, _ in selectors(rule)}
    assert {what for what, name in QUESTIONS.items() if name not in asked} == set()


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_says_how_bad_it_is_and_where_it_stands_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Iwmo[A-Z]\w+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert len(rule["annotations"]["summary"]) > 40
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert [other["alert"] for other in RULES].count(rule["alert"]) == 1
    assert rule["alert"] in (ROOT / page).read_text(encoding="utf-8")


def test_every_metric_stands_in_the_page_for_operators_and_every_one_there_is_told(told: Told) -> None:
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(iwmo_\w+)` \|([^|]*)\|", text, re.MULTILINE)
    written = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    suffix = re.compile(r"_(bucket|count|sum)$")
    families: dict[str, set[str]] = {}
    for name, labels in told.items():
        if name.startswith("iwmo_"):
            # Of a histogram only its own name stands there, without the bounds of its buckets.
            families.setdefault(suffix.sub("", name), set()).update(set(labels) - {"le"})
    assert written == families


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not installed")
def test_prometheus_itself_takes_the_files_and_the_alerts_go_off_as_they_should() -> None:
    for call in (["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run(["promtool", *call], cwd=OPS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
