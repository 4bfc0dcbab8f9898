"""Each alert asks for a metric that there is, and leads to a part of the runbook that there is."""

import re
from pathlib import Path

import yaml
from prometheus_client import REGISTRY

import serving.metrics

DOCS = Path(__file__).resolve().parents[2] / "docs"
RULES = [
    rule
    for group in yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]


def test_every_metric_is_one_of_ours() -> None:
    assert serving.metrics.__doc__
    known = {
        sample
        for family in REGISTRY.collect()
        if family.name.startswith("concert_")
        for sample in (family.name, f"{family.name}_total", f"{family.name}_bucket")
    }
    asked = {name for rule in RULES for name in re.findall(r"\bconcert_\w+", rule["expr"])}
    assert asked
    assert asked <= known


def test_every_alert_leads_to_its_part_of_the_runbook() -> None:
    runbook = (DOCS / "runbook.md").read_text()
    anchors = {
        re.sub(r"[^\w -]", "", line.lstrip("# ")).lower().replace(" ", "-")
        for line in runbook.splitlines()
        if line.startswith("#")
    }
    for rule in RULES:
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (DOCS.parent / file).exists()
        assert anchor in anchors, rule["alert"]
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("page", "ticket")
