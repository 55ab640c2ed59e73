"""The README: its commands are real, and so is what it shows them print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy import URL

from conftest import WriteSeeds, load, zoo
from test_house import CHECKOUT
from zoo_provenance.loading.problems import tell_all

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```console\n\$ zoo-provenance (.+)\n((?:.*\n)*?)```", README)
QUESTIONS = [(command, shown) for command, shown in EXAMPLES if command != "load"]
COMMANDS = (
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/zoo-provenance demo",
    "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest",
)


def _trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_two_commands_stand_in_it_on_lines_of_their_own(command: str) -> None:
    assert README.splitlines().count(command) == 1


def test_each_question_has_an_example() -> None:
    shown = {command.split()[0] for command, _ in EXAMPLES}
    assert {
        "load",
        "trace",
        "arrivals",
        "donors",
        "evidence",
        "conflicts",
        "gaps",
        "check",
        "find",
        "list",
        "export",
    } <= shown


@pytest.mark.parametrize(("command", "shown"), QUESTIONS, ids=[command for command, _ in QUESTIONS])
def test_an_example_prints_what_is_shown(
    packaged: URL, command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "parquet:" in command:
        assert zoo("export", "parquet", "parquet-files", db=packaged).exit_code == 0
    result = zoo(*shlex.split(command), "-f", "table", db=packaged)
    # A check that finds something says so by its exit code.
    assert result.exit_code == (3 if command.startswith("check") else 0), result.stderr
    assert _trimmed(result.stdout) == _trimmed(shown)


def test_loading_prints_what_is_shown(bare_url: URL) -> None:
    shown = dict(EXAMPLES)["load"]
    assert _trimmed(zoo("load", "-f", "table", db=bare_url).stdout) == _trimmed(shown)


def test_the_mistake_is_told_as_shown(url: URL, seeds: WriteSeeds) -> None:
    told = re.search(r"```\n(transfers/.*?)\n```", README, re.DOTALL)
    assert told
    folder = seeds(
        {
            "institutions.yaml": "moscow-zoo: {kind: zoo}\nkorea-central-zoo: {kind: zoo}\n",
            "sources.yaml": "ministry: {kind: official}\n",
            "transfers/2024-11-moscow-zoo-gift.yaml": (
                "kind: gift\nsources: [ministry]\nfrom: mosow-zoo\nto: korea-central-zoo\n"
            ),
        }
    )
    assert tell_all(load(url, folder).problems).replace(f"{folder}/", "") == told[1]


def test_every_command_is_documented() -> None:
    for command in (
        "demo",
        "load",
        "trace",
        "arrivals",
        "donors",
        "evidence",
        "conflicts",
        "gaps",
        "check",
        "waive",
        "merge",
        "unmerge",
        "duplicates",
        "prefer",
        "dismiss",
        "show",
        "find",
        "list",
        "db upgrade",
        "db path",
        "export parquet",
        "export seeds",
    ):
        assert command in README


def test_every_rule_is_documented() -> None:
    from zoo_provenance.rules import RULES

    weighed = (CHECKOUT / "docs" / "evidence.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        assert f"| `{rule.id}`" in weighed
        assert f"| {rule.severity.value} |" in next(line for line in weighed.splitlines() if f"| `{rule.id}`" in line)
        assert rule.clear in weighed
