"""The house: which way imports go, what start-up may cost, what the package holds."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL

import zoo_provenance
from conftest import Servers

PACKAGE = Path(zoo_provenance.__file__).parent
CHECKOUT = Path(__file__).resolve().parent.parent
# A room may import from the rooms named, and from itself.
ROOMS = {
    "errors": set[str](),
    "vocabulary": set[str](),
    "fields": {"vocabulary"},
    "dates": {"errors"},
    "counts": {"errors"},
    "names": {"vocabulary"},
    "locations": set[str](),
    "tables": {"vocabulary"},
    "rules": set[str](),
    "faults": set[str](),
    "planner": {"tables"},
    "database": {"errors", "faults", "planner"},
    "direct": set[str](),
    "search_index": set[str](),
    "schema": {"database", "errors", "locations", "search_index", "tables"},
    "backup": {"database", "errors"},
    "evidence": {"counts", "dates", "direct", "errors", "fields", "names", "tables", "vocabulary"},
    "questions": {
        "counts",
        "dates",
        "direct",
        "errors",
        "evidence",
        "fields",
        "history",
        "names",
        "rules",
        "search_index",
        "tables",
        "vocabulary",
    },
    "history": {"dates", "direct", "errors", "names", "search_index", "tables", "vocabulary"},
    "deciding": {"errors", "history", "names", "questions", "rules", "tables", "vocabulary"},
    "decisions": {
        "deciding",
        "errors",
        "evidence",
        "fields",
        "history",
        "loading",
        "questions",
        "tables",
        "vocabulary",
    },
    "loading": {
        "counts",
        "dates",
        "errors",
        "evidence",
        "fields",
        "history",
        "names",
        "planner",
        "rules",
        "search_index",
        "tables",
        "vocabulary",
    },
    "exporting": {"direct", "errors", "fields", "tables", "vocabulary"},
    "engines": {"database", "errors", "tables"},
    "rendering": {
        "counts",
        "dates",
        "engines",
        "evidence",
        "exporting",
        "history",
        "loading",
        "questions",
        "rules",
        "vocabulary",
    },
    "__init__": set[str](),
    "__main__": {"cli"},
}
ENGINES = ("duckdb", "pyarrow", "pyspark", "sqlglot")
HEAVY = ("sqlalchemy", "alembic", "pydantic", "yaml", "edtf", "tabulate", "platformdirs", *ENGINES)
NOT_FOR_READING = ("alembic", "pydantic", "yaml", "edtf", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", *ENGINES)


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("zoo_provenance"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("zoo_provenance.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    room = _room(path)
    if room in {"cli", "migrations", "seeds"}:
        return
    assert _imports(path) - {room, "__version__"} <= ROOMS[room]


def test_click_stays_in_the_command_line() -> None:
    for path in PACKAGE.rglob("*.py"):
        if _room(path) not in {"cli", "__main__"}:
            assert "import click" not in path.read_text(encoding="utf-8"), path


def test_migrations_import_nothing_of_ours() -> None:
    from zoo_provenance import locations

    for path in locations.migrations().rglob("*.py"):
        assert "zoo_provenance" not in path.read_text(encoding="utf-8"), path


def _loaded_modules(*arguments: str) -> set[str]:
    script = (
        "import sys\n"
        "from zoo_provenance.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_imports_nothing_heavy() -> None:
    assert not {name for name in _loaded_modules("--help") if name.split(".")[0] in HEAVY}


@pytest.mark.parametrize(
    "question", [("trace", "gomi"), ("arrivals",), ("donors",), ("evidence", "gomi"), ("find", "gomi")]
)
def test_reading_imports_only_what_it_reads_with(servers: Servers, question: tuple[str, ...]) -> None:
    url: URL = servers.shared("sqlite")
    loaded = _loaded_modules("--db", str(url.database), *question)
    assert "sqlalchemy" in loaded
    assert not [
        name for name in loaded if any(name == heavy or name.startswith(f"{heavy}.") for heavy in NOT_FOR_READING)
    ]


def test_modules_open_with_a_noun_phrase() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
