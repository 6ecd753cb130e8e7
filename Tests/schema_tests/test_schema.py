"""The schema by somebody else's validator: it is a JSON Schema, and its verdicts are the parser's.

The Swift tests write the schema and some thousand documents, each with what the parser's check
said, into PENSTOCK_SCHEMA_OUT; without that variable this runs them to do so.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("PENSTOCK_SCHEMA_OUT")
    if given and Path(given, "schema.json").exists():
        return Path(given)
    directory = tmp_path_factory.mktemp("schema")
    subprocess.run(
        ["swift", "test", "--filter", "SchemaTests"],
        cwd=ROOT,
        env={**os.environ, "PENSTOCK_SCHEMA_OUT": str(directory)},
        check=True,
        capture_output=True,
    )
    return directory


@pytest.fixture(scope="session")
def schema(handed_over: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((handed_over / "schema.json").read_text())
    return value


def test_is_a_json_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_accepts_its_own_examples(schema: dict[str, Any]) -> None:
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


def test_gives_the_verdict_of_the_parser(handed_over: Path, schema: dict[str, Any]) -> None:
    validators = {"": Draft202012Validator(schema)}
    for name in schema["$defs"]:
        part = {"$schema": schema["$schema"], "$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
        # "#" inside a part means the document as a whole.
        text = json.dumps(part).replace('{"$ref": "#"}', '{"$ref": "#/$defs/the_source"}')
        part = json.loads(text)
        whole = {key: value for key, value in schema.items() if key not in ("$defs", "$schema")}
        part["$defs"]["the_source"] = whole
        validators[name] = Draft202012Validator(part)
    wrong = []
    cases = (handed_over / "verdicts.jsonl").read_text().split("\n")
    for line in cases:
        case = json.loads(line)
        valid = validators[case["as"]].is_valid(case["document"])
        # A rule that no schema can state is the only reason to refuse what the schema accepts.
        if valid != case["accepted"] and not (valid and case["beyond"]):
            wrong.append(line)
    assert len(cases) > 3000
    assert not wrong, "\n".join(wrong[:5])
