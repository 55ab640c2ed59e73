"""Whatever seed files can say comes out of the database as files that say it again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from conftest import ENGINES, Servers
from test_export_seeds import everything_in, files_of
from zoo_provenance import database
from zoo_provenance.exporting import yaml_writer
from zoo_provenance.exporting.folders import export_seeds
from zoo_provenance.fields import FIELDS, Field, Shape
from zoo_provenance.loading.load import Loaded
from zoo_provenance.loading.load import load as load_seeds
from zoo_provenance.loading.problems import File
from zoo_provenance.loading.yaml_reader import read_yaml
from zoo_provenance.rules import RULES
from zoo_provenance.vocabulary import Certainty, DescentRole, Kind

Files = dict[str, Any]

"""A world is large and two loads take long: what differs is told, and is enough to find out why."""

KINDS = {
    "taxa": ("taxon", ["cats", "lion", "null"]),
    "institutions": ("institution", ["zoo-a", "zoo-b", "2024"]),
    "people": ("person", ["ann", "ben"]),
    "sources": ("source", ["s0", "s1", "s2"]),
    "animals": ("animal", ["leo", "lea", "cub"]),
    "transfers": ("transfer", ["gift", "loan"]),
}
POOL = {Kind(kind): slugs for kind, slugs in KINDS.values()}
KIND_OF = {slug: kind for kind, slugs in POOL.items() for slug in slugs}
# Kept below the lengths that are allowed; no control characters, which no reader takes as they are.
odd = st.sampled_from(
    [
        "no",
        "~",
        "1e3",
        "012",
        "1.10",
        "- a",
        "a: b",
        "#x",
        "it's",
        '"',
        "\\",
        "{}",
        "[x",
        "*a",
        "&a",
        "!t",
        "%",
        "@",
        "`",
        "2024-11-20",
        "12:30:00",
        "0x1F",
        "<<",
        "=",
        "?x",
        "yes",
        "a #b",
        "a:",
        ": a",
        "null",
        " a",
        "a ",
        "a  b",
        "–",
        ">",
        "동물원",
        "Зоопарк",
        "動物園",
        "حديقة\u200cحيوان",
        "ǎ",
        "e\u0301",
        "\u200eabc",
        "\ufeffx",
        "\U0001f981",
        "\u00a0x",
        "\u3000",
    ]
)
letters = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12)
long = st.lists(
    st.sampled_from(["the", "lions", "of", "2024:", "#1", "it's", "Пхеньян", "-"]), min_size=25, max_size=60
)
texts = st.one_of(odd, letters, st.lists(odd, min_size=2, max_size=4).map(" ".join), long.map(" ".join)).filter(
    lambda text: bool(text.strip()) and text != "?"
)
paragraphs = st.one_of(
    texts, st.lists(texts, min_size=2, max_size=4).map("\n".join), texts.map(lambda one: f"{one}\n\n{one}")
)
notes_texts = paragraphs.filter(lambda text: not text.endswith("\n"))
days = st.sampled_from(
    [
        "2024",
        "2024-11",
        "2024-11-20",
        "195X",
        "2024-11~",
        "2019-04/2019-06",
        "../2010",
        "2011/..",
        "[2010..2012]",
        "2024-25",
        "2010?",
    ]
)
counts = st.sampled_from(["1", "2", ">70", "70+", "<100", "10-12", "~70", "several", "1.2.0", "0"])
sources = st.lists(st.sampled_from(POOL[Kind.SOURCE]), min_size=1, max_size=3, unique=True)


def values_of(field: Field, below: list[str]) -> st.SearchStrategy[str]:
    """Return values of a field; records of its own kind only from those `below`, so that nothing comes round to itself."""
    if field.shape is Shape.DATE:
        known: st.SearchStrategy[str] = days
    elif field.shape is Shape.COUNT:
        known = counts
    elif field.words is not None:
        known = st.sampled_from([word.value for word in field.words])
    elif field.shape is Shape.RECORD:
        own = {kind for kind in field.kinds if set(POOL[kind]) & {*below, "-"}} if below else set()
        slugs = [slug for kind in field.kinds for slug in POOL[kind] if kind not in own or slug in below]
        known = st.sampled_from(slugs)
    elif field.name == "country":
        known = st.sampled_from(["RU", "KP", "SUHH"])
    else:
        known = texts.map(lambda text: text[:35].strip() or "x")
    return known


@st.composite
def said(draw: st.DrawFn, value: str, *, about: bool = False, language: bool = False, parent: bool = False) -> Any:
    """Return one value and who says it."""
    if draw(st.booleans()) and not about:
        return value
    found: dict[str, Any] = {"value": value}
    if draw(st.integers(0, 4)):
        named = draw(sources)
        found |= {"source": named[0]} if len(named) == 1 else {"sources": named}
        found |= {"quote": draw(texts)[:400]} if draw(st.integers(0, 3)) == 0 else {}
    else:
        found["unsourced"] = "true"
    optional: dict[str, st.SearchStrategy[Any]] = {
        "against": sources,
        "at": texts.map(lambda text: text[:90]),
        "certainty": st.sampled_from([word.value for word in Certainty]),
        "during": days,
        "own": st.just("true"),
        "note": texts,
        "dismissed": texts,
    }
    if language:
        optional["language"] = st.sampled_from(["ko", "ru", "ko-Latn"])
    if parent:
        optional["probability"] = st.sampled_from(["0.5", "1", "0.333"])
    for name, strategy in optional.items():
        if draw(st.integers(0, 6)) == 0:
            found[name] = draw(strategy)
    if "at" in found and not found["at"].strip():
        del found["at"]
    return found


def _value(one: Any) -> Any:
    return one if isinstance(one, str) else one["value"]


@st.composite
def stated(draw: st.DrawFn, field: Field, below: list[str], *, about: bool = False) -> Any:
    """Return a value in one of the ways it may be written."""
    values = values_of(field, below)
    if not about and draw(st.integers(0, 9)) == 0:
        return "?"
    parent = field.name in set(DescentRole)
    claims = draw(
        st.lists(
            values.flatmap(lambda value: said(value, about=about, parent=parent)),
            min_size=1,
            max_size=3,
            unique_by=_value,
        )
    )
    live = [_value(one) for one in claims if isinstance(one, str) or "dismissed" not in one]
    if draw(st.booleans()) and live:
        chosen = draw(st.sampled_from([*live, "open"]))
        return {"claims": claims, "settled": chosen, "because": draw(texts)}
    return claims[0] if len(claims) == 1 else {"claims": claims}


@st.composite
def remarks(draw: st.DrawFn, owner: str, *, about: bool = False) -> dict[str, Any]:
    """Return what an entry or a part may say beside its fields."""
    found: dict[str, Any] = {}
    text = Field("statement", Shape.TEXT)
    topics = draw(st.lists(st.sampled_from(["payment", "age", "on", "cause-of-death"]), max_size=2, unique=True))
    if topics:
        found["statements"] = {topic: draw(stated(text, [], about=about)) for topic in topics}
    fields = draw(st.lists(st.sampled_from([*FIELDS[owner], "statement.fate"]), max_size=2, unique=True))
    if fields:
        found["searched"] = [
            {"field": name, "sources": draw(sources)} | ({"note": draw(texts)} if draw(st.booleans()) else {})
            for name in fields
        ]
    rules = draw(st.lists(st.sampled_from([*RULES]), max_size=1, unique=True))
    if rules:
        found["waive"] = [{"rule": rule, "because": draw(texts)} for rule in rules]
    return found


@st.composite
def vouched(draw: st.DrawFn) -> dict[str, Any]:
    """Return who vouches for an entry or a part."""
    if draw(st.booleans()):
        return {"unsourced": "true"}
    found: dict[str, Any] = {"sources": draw(sources)}
    if draw(st.integers(0, 3)) == 0:
        found |= {"at": draw(texts)[:90].strip() or "x", "note": draw(texts)}
    return found


@st.composite
def fields(draw: st.DrawFn, owner: str, below: list[str], *, about: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in FIELDS[owner].items():
        if field.shape is Shape.FLAG or name == "office" or (owner, name) == ("transfer", "count"):
            continue
        key = "parents" if (owner, name) == ("animal", "parent") else name
        same_kind = field.shape is Shape.RECORD and set(field.kinds) == {owner}
        if draw(st.integers(0, 2)) or (same_kind and not below):
            continue
        value = draw(stated(field, below if same_kind else [], about=about))
        if name == "term" and value == "?":
            continue
        found[key] = value
    return found


@st.composite
def entry(  # noqa: C901 - an entry has as many parts as the format
    draw: st.DrawFn, kind: Kind, slug: str, *, about: bool = False
) -> dict[str, Any]:
    """Return an entry of a kind with anything in it that the format allows."""
    below = POOL[kind][: POOL[kind].index(slug)]
    found = draw(fields(kind.value, below, about=about)) | draw(remarks(kind.value, about=about))
    names = st.lists(
        texts.map(lambda text: text[:60].strip() or "x").flatmap(lambda value: said(value, language=True, about=about)),
        max_size=3,
        unique_by=_value,
    )
    if written := draw(names):
        found["names"] = [
            {**one, "former": "true"} if isinstance(one, dict) and draw(st.integers(0, 3)) == 0 else one
            for one in written
        ]
    if draw(st.integers(0, 2)) == 0:
        found["ids"] = {
            "gan": draw(said(draw(texts)[:40].strip() or "x", about=about)),
            "wikidata": [{"value": "Q1", "source": "s0"}],
        }
    if draw(st.integers(0, 3)) == 0:
        found["exists"] = draw(said(draw(st.sampled_from(["yes", "no"])), about=about))
    if kind is Kind.PERSON and draw(st.booleans()):
        found["offices"] = [draw(said(draw(texts)[:60].strip() or "x", about=about))]
    if kind is Kind.TRANSFER:
        found |= draw(dealings(about=about))
    if about:
        return {"about": slug, **found}
    found |= draw(vouched())
    if kind is Kind.SOURCE and below and draw(st.booleans()):
        found["based_on"] = below
    if kind is Kind.TRANSFER:
        found |= draw(parts(below))
    if draw(st.integers(0, 3)) == 0:
        found["notes"] = draw(notes_texts)
    if draw(st.integers(0, 5)) == 0:
        found["label"] = draw(texts)[:60].strip() or "x"
    if draw(st.integers(0, 5)) == 0:
        found["formerly"] = [f"old-{slug}"]
    return found


@st.composite
def dealings(draw: st.DrawFn, *, about: bool) -> dict[str, Any]:
    """Return what a transfer is said to be beside its fields."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["dates"] = {"announced": draw(stated(Field("date", Shape.DATE), [], about=about))}
    if draw(st.booleans()):
        totals = counts.flatmap(lambda value: said(value, about=about))
        found["totals"] = draw(st.lists(totals, min_size=1, max_size=2, unique_by=_value))
    plain: st.SearchStrategy[Any] = st.sampled_from(
        [
            "unstated",
            ["custody"],
            ["title"],
            ["custody", "title"],
            {"custody": "no", "title": "no"},
            {"title": "unstated"},
        ]
    )
    cited = st.sampled_from(["yes", "no", "unstated"]).flatmap(lambda word: said(word, about=True))
    if draw(st.integers(0, 2)) == 0:
        found["passes"] = draw(
            cited.map(lambda one: {"custody": one})
            if about
            else st.one_of(plain, cited.map(lambda one: {"title": one}))
        )
    return found


@st.composite
def parts(draw: st.DrawFn, below: list[str]) -> dict[str, Any]:
    """Return the lines, participants and links of a transfer."""
    linked = draw(st.lists(st.sampled_from(["ends", "answers"]), max_size=2, unique=True)) if below else []
    found: dict[str, Any] = {link: list(below) for link in linked}
    if draw(st.integers(0, 2)) == 0:
        found["animals"] = draw(st.lists(st.sampled_from(POOL[Kind.ANIMAL]), min_size=1, max_size=3, unique=True))
    else:
        found["lines"] = {}
        travellers = iter(draw(st.permutations(POOL[Kind.ANIMAL])))
        for key in draw(st.lists(st.sampled_from(["lion", "cats", "x.1"]), max_size=2, unique=True)):
            line = draw(fields("line", [])) | draw(remarks("line"))
            line |= draw(vouched()) if draw(st.booleans()) else {}
            line |= {"animals": [next(travellers)]} if draw(st.booleans()) else {}
            line |= {"notes": draw(notes_texts)} if draw(st.integers(0, 3)) == 0 else {}
            found["lines"][key] = line
    found["participants"] = {}
    for key in draw(st.lists(st.sampled_from(["giver", "7"]), max_size=2, unique=True)):
        who = {"who": draw(st.sampled_from([*POOL[Kind.PERSON], *POOL[Kind.INSTITUTION]]))}
        others = {
            name: value for name, value in draw(fields("participant", [])).items() if name != "who" or value != "?"
        }
        found["participants"][key] = who | others | draw(remarks("participant"))
    return {name: value for name, value in found.items() if value}


def settle_once(said: Any, before: Any) -> None:
    """Take decisions away that the other data set has taken: of one field there is one."""
    if isinstance(said, dict) and isinstance(before, dict):
        if "settled" in said and "settled" in before:
            del said["settled"], said["because"]
        for name, value in said.items():
            settle_once(value, before.get(name))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Files, Files]:
    """Return a data set that defines everything, and another that speaks of it."""
    first: Files = {
        "dataset.yaml": {"name": "one"}
        | ({"title": draw(texts), "licence": draw(texts)} if draw(st.booleans()) else {})
    }
    for stem, (kind, slugs) in KINDS.items():
        entries = {slug: draw(entry(Kind(kind), slug)) for slug in slugs}
        if stem == "transfers":
            first |= {f"transfers/{slug}.yaml": content for slug, content in entries.items()}
        else:
            first[f"{stem}.yaml"] = entries
    for slug in POOL[Kind.TRANSFER]:
        # The short form needs to know of what taxon an animal is.
        for traveller in first[f"transfers/{slug}.yaml"].get("animals", ()):
            first["animals.yaml"][traveller]["taxon"] = draw(st.sampled_from(["lion", "cats"]))
    about = draw(st.lists(st.sampled_from(sorted(KIND_OF)), max_size=4, unique=True))
    second: Files = {"dataset.yaml": {"name": "two: [2]"}}
    second |= {f"about/{slug}.yaml": draw(entry(KIND_OF[slug], slug, about=True)) for slug in about}
    lines = first["transfers/gift.yaml"].get("lines", {})
    if "about/gift.yaml" in second and lines:
        key = next(iter(lines))
        second["about/gift.yaml"]["lines"] = {
            key: draw(fields("line", [], about=True)) | draw(remarks("line", about=True))
        }
    people = first["transfers/gift.yaml"].get("participants", {})
    if "about/gift.yaml" in second and people:
        role = {"role": draw(stated(FIELDS["participant"]["role"], [], about=True))}
        second["about/gift.yaml"]["participants"] = {next(iter(people)): role}
    defined = {slug: of for path, content in first.items() for slug, of in content.items() if "/" not in path}
    defined |= {slug: first[f"transfers/{slug}.yaml"] for slug in POOL[Kind.TRANSFER]}
    for slug in about:
        settle_once(second[f"about/{slug}.yaml"], defined[slug])
    return first, {path: content for path, content in second.items() if len(content) > 1 or path == "dataset.yaml"}


def write(folder: Path, files: Files) -> Path:
    """Write files by another writer of YAML than the one that is tried."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # Escaped but for what is plain: a reader takes no character that cannot be seen.
        target.write_text(yaml.safe_dump(content, default_style='"', sort_keys=False), encoding="utf-8")
    return folder


def put(connection: Connection, *folders: Path) -> Loaded:
    return load_seeds(lambda: nullcontext(connection), folders)


def differing(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """Return the rows that only one of two databases holds."""
    gone = [f"- {name} {row}" for name, rows in one.items() for row in rows if row not in other[name]]
    return gone + [f"+ {name} {row}" for name, rows in other.items() for row in rows if row not in one[name]]


Ask = Callable[[str, tuple[Files, Files]], None]


@pytest.fixture(scope="module")
def _large_worlds() -> Iterator[None]:
    """Let hypothesis draw as much as a world needs; by its own measure all but the plainest would be too large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hypothesis.internal.conjecture.engine.BUFFER_SIZE", 1 << 16)
        yield


@pytest.fixture(scope="module")
def comes_round(_large_worlds: None, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Load two data sets, export them, and load the export over them and into an empty database."""
    engines = {name: database.engine_of(servers.fresh(name)).execution_options(compiled_cache={}) for name in ENGINES}
    base = tmp_path_factory.mktemp("laws")

    def ask(engine: str, world: tuple[Files, Files]) -> None:
        one, two = write(base / "one", world[0]), write(base / "two", world[1])
        out, again = base / "out", base / "again"
        for folder in (out, again):
            shutil.rmtree(folder, ignore_errors=True)
        with engines[engine].connect() as connection, connection.begin() as transaction:
            loaded = put(connection, one, two)
            assert not loaded.problems, [problem.tell() for problem in loaded.problems]
            held = everything_in(connection)
            export_seeds(connection, out)
            over = put(connection, out)
            assert not over.problems, [problem.tell() for problem in over.problems]
            assert differing(held, everything_in(connection)) == []
            assert (over.created, over.updated, over.batch) == ({}, {}, None)
            transaction.rollback()
        with engines[engine].connect() as connection, connection.begin() as transaction:
            loaded = put(connection, out)
            assert not loaded.problems, [problem.tell() for problem in loaded.problems]
            assert differing(held, everything_in(connection)) == []
            export_seeds(connection, again)
            assert files_of(again) == files_of(out)
            transaction.rollback()

    return ask


@pytest.mark.parametrize("engine", ENGINES)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
@given(world=worlds())
def test_whatever_two_data_sets_say_comes_round(comes_round: Ask, engine: str, world: tuple[Files, Files]) -> None:
    comes_round(engine, world)


contents = st.recursive(
    paragraphs,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4),
        st.dictionaries(texts.filter(lambda key: len(key) < 100), inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(texts.filter(lambda key: len(key) < 100), contents, min_size=1, max_size=4))
def test_what_is_written_is_read_as_it_was(content: dict[str, Any]) -> None:
    text = "".join(yaml_writer.document(content))
    node, problems = read_yaml(File("x.yaml", text))
    assert problems == []
    assert node is not None
    assert node.plain() == content
    nested, problems = read_yaml(File("x.yaml", "".join(yaml_writer.entry("null", content))))
    assert nested is not None
    assert nested.plain() == {"null": content}
    assert all(letter.isprintable() or letter in "\n\u200c\u200d" for letter in text)
    assert yaml.safe_load(text) is not None
