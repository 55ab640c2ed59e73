"""Recursion taken apart: what an engine without `UNION` in a recursion can walk generation by generation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlglot import exp

from zoo_provenance.engines.translating import parsed, told


class Recursion(NamedTuple):
    """A recursive table: where it starts, one step from its newest rows, and the names both are known by.

    `start` and `step` are statements; `step` reads the newest rows from the table `newest`. What was reached is to
    be put under `name` for all that comes after.
    """

    name: str
    newest: str
    columns: tuple[str, ...]
    start: str
    step: str


class Unrolled(NamedTuple):
    """A statement without recursion, and the recursive tables it reads, each of which may read those before it."""

    recursions: tuple[Recursion, ...]
    statement: str


Row = tuple[Any, ...]


def walk(recursion: Recursion, ask: Callable[[str], Iterable[Row]], show: Callable[[list[Row]], None]) -> list[Row]:
    """Return all rows of a recursive table: a statement for each generation, until one brings nothing new.

    `ask` runs a statement, `show` puts rows where the next step reads the newest ones. It ends on a circle, for no
    row is new twice.
    """
    reached: dict[Row, None] = {}
    found = ask(recursion.start)
    while newest := [row for row in dict.fromkeys(found) if row not in reached]:
        reached.update(dict.fromkeys(newest))
        show(newest)
        found = ask(recursion.step)
    return list(reached)


@lru_cache(maxsize=512)
def unrolled(text: str, engine: str) -> Unrolled:
    """Return a written statement for an engine with its recursive tables apart."""
    tree = parsed(text)
    found: list[Recursion] = []
    for having in list(tree.find_all(exp.With)):
        if not having.recursive:
            continue
        plain: list[exp.CTE] = []
        for table in having.expressions:
            if not _reads(table.this, table.alias):
                plain.append(table)
                continue
            found.append(_recursion(table, plain, engine))
            _rename(tree, table.alias, found[-1].name)
        having.set("recursive", False)
        having.set("expressions", plain)
        if not plain:
            having.pop()
    for select in tree.find_all(exp.Select):
        _order_by_alias(select)
    return Unrolled(tuple(found), told(tree, engine))


def _order_by_alias(select: exp.Select) -> None:
    """Order by what is selected under its alias: Spark takes `parent.slug` for a part of a column called `parent`."""
    order = select.args.get("order")
    aliases = {one.this: one.alias for one in select.expressions if isinstance(one, exp.Alias)}
    for ordered in order.expressions if order else ():
        if ordered.this in aliases:
            ordered.set("this", exp.column(aliases[ordered.this]))


def _recursion(table: exp.CTE, before: Sequence[exp.CTE], engine: str) -> Recursion:
    """Return a recursive table apart; `before` are the plain tables it may read."""
    arms = list(_arms(table.this))
    starts = [arm for arm in arms if not _reads(arm, table.alias)]
    steps = [arm for arm in arms if _reads(arm, table.alias)]
    if any(len(list(_named(arm, table.alias))) != 1 for arm in steps):
        # From the newest rows alone follows all that is new only where a step reads them once.
        raise NotImplementedError(f"{table.alias} reads itself more than once in a step")
    name, newest = f"reached_{table.alias}", f"newest_{table.alias}"
    for step in steps:
        _rename(step, table.alias, newest)
    columns = tuple(column.name for column in table.args["alias"].columns)
    return Recursion(
        name, newest, columns, told(_together(starts, before), engine), told(_together(steps, before), engine)
    )


def _arms(tree: exp.Expr) -> Sequence[exp.Expr]:
    """Return the parts of a union, which must be one of distinct rows."""
    if isinstance(tree, exp.Subquery) and not tree.alias:
        return _arms(tree.this)
    if not isinstance(tree, exp.Union):
        return [tree]
    if not tree.args.get("distinct"):
        raise NotImplementedError("a recursion by UNION ALL need not end")
    return [*_arms(tree.this), *_arms(tree.expression)]


def _together(arms: Sequence[exp.Expr], before: Sequence[exp.CTE]) -> exp.Expr:
    """Return the distinct rows of statements, with the plain tables they may read."""
    union = exp.union(*(arm.copy() for arm in arms)) if len(arms) > 1 else arms[0].copy()
    inner = exp.Subquery(this=union, alias=exp.TableAlias(this=exp.to_identifier("step")))
    whole = exp.select("*").from_(inner).distinct()
    if before:
        whole.set("with_", exp.With(expressions=[one.copy() for one in before]))
    return whole


def _named(tree: exp.Expr, name: str) -> Sequence[exp.Table]:
    return [table for table in tree.find_all(exp.Table) if table.name == name]


def _reads(tree: exp.Expr, name: str) -> bool:
    return bool(_named(tree, name))


def _rename(tree: exp.Expr, name: str, other: str) -> None:
    """Let a tree read another table under the name it knows."""
    for table in _named(tree, name):
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
        table.set("this", exp.to_identifier(other))
