"""Schemathesis over the case API: no 5xx, and no answer that its document does not foretell."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.v1.app import build_api
from tests.serving.conftest import KEY, Server

pytestmark = pytest.mark.server

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "6"))
"""For each operation; the environment variable asks for more."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

SCHEMA: Any = schemathesis.openapi.from_dict(build_api().openapi())
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.label for one in OPERATIONS])
@pytest.mark.filterwarnings("ignore")
def test_an_operation_answers_as_it_says(operation: Any, server: Server) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(base_url=f"{server.url}/v1", headers=headers, checks=CHECKS)

    ask()
