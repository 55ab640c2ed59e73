"""Readers and writers at once: no update is lost, no batch is half seen, nobody is told that the database is locked.

    cd tests && python -m reliability.races [--seconds 60] [--engine sqlite|postgresql|both] [--readers 8] [--writers 4]

Each writer counts upwards in a data set of its own: every batch writes its next number into two records, and into a claim
about a record that all writers share. Each reader asks for all of it again and again: both records of a writer must say the
same number, no number may fall, and all that one answer says must be of one batch. Afterwards the chain of batches
must hold, with one batch for each write that was said to be done, in order.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import URL, func, select

from reliability.crashes import Databases, databases_on
from zoo_provenance import database
from zoo_provenance.errors import ZooProvenanceError
from zoo_provenance.history.verifying import verify
from zoo_provenance.loading.load import load
from zoo_provenance.tables import batch, claim, record

SHARED = "sources.yaml", "shared: {kind: book}\n"


@dataclass
class Report:
    """What happened: writes and reads done, the longest wait of a writer in seconds, and faults."""

    writes: int = 0
    reads: int = 0
    longest: float = 0.0
    faults: list[str] = field(default_factory=list)


def race(databases: Databases, seconds: float, readers: int = 8, writers: int = 4) -> Report:
    """Let readers and writers work on one database for so many seconds."""
    url = databases.copy_of("empty")
    begun = databases.folder / "race"
    begun.mkdir()
    folders = [_folder(begun, writer) for writer in range(writers)]
    load(lambda: database.writing(url), [_shared(begun)])
    for writer, folder in enumerate(folders):
        _write(folder, writer, 0)
        load(lambda: database.writing(url), [folder])
    first = writers + 1
    until = time.monotonic() + seconds
    forks = get_context("fork")
    told: Any = forks.Queue()
    works = [partial(_writes, url, folders[writer], writer, until) for writer in range(writers)]
    works += [partial(_reads, url, writers, until, reader) for reader in range(readers)]
    processes = [forks.Process(target=_tell, args=(told, work)) for work in works]
    for process in processes:
        process.start()
    report = Report()
    for _ in processes:
        one: Report = told.get(timeout=seconds + 120)
        report.writes += one.writes
        report.reads += one.reads
        report.longest = max(report.longest, one.longest)
        report.faults += one.faults
    for process in processes:
        process.join()
    report.faults += _afterwards(url, first + report.writes)
    databases.settled(url)
    databases.drop(url)
    return report


def _tell(told: Any, work: Callable[[], Report]) -> None:
    try:
        told.put(work())
    except BaseException as fault:  # noqa: BLE001 - whatever it was is what is told
        told.put(Report(faults=[f"{type(fault).__name__}: {fault}"]))


def _folder(begun: Path, writer: int) -> Path:
    folder = begun / f"writer-{writer}"
    (folder / "about").mkdir(parents=True)
    (folder / "dataset.yaml").write_text(f"name: writer-{writer}\n")
    return folder


def _shared(begun: Path) -> Path:
    folder = begun / "shared"
    folder.mkdir()
    (folder / "dataset.yaml").write_text("name: shared\n")
    (folder / SHARED[0]).write_text(SHARED[1])
    (folder / "institutions.yaml").write_text("meeting: {kind: zoo, sources: [shared]}\n")
    return folder


def _write(folder: Path, writer: int, number: int) -> None:
    people = "".join(f"w{writer}-{half}: {{notes: '{number}', sources: [s{writer}]}}\n" for half in ("one", "other"))
    (folder / "people.yaml").write_text(people)
    (folder / "sources.yaml").write_text(f"s{writer}: {{kind: letter}}\n")
    (folder / "about" / "meeting.yaml").write_text(
        f"about: meeting\nstatements: {{number-{writer}: {{value: '{number}', source: s{writer}}}}}\n"
    )


def _writes(url: URL, folder: Path, writer: int, until: float) -> Report:
    report = Report()
    chance = random.Random(writer)  # noqa: S311 - pauses, not secrets
    while time.monotonic() < until:
        _write(folder, writer, report.writes + 1)
        start = time.monotonic()
        try:
            loaded = load(lambda: database.writing(url), [folder])
        except ZooProvenanceError as fault:
            report.faults.append(f"writer {writer}: {fault}")
            break
        report.longest = max(report.longest, time.monotonic() - start)
        if loaded.problems or loaded.batch is None:
            report.faults.append(f"writer {writer}: {loaded.problems or 'nothing was written'}")
            break
        report.writes += 1
        time.sleep(chance.random() / 50)
    return report


def _reads(url: URL, writers: int, until: float, reader: int) -> Report:
    report = Report()
    seen = [-1] * writers
    notes = select(record.c.slug, record.c.notes).where(record.c.notes.is_not(None))
    said = select(claim.c.field, claim.c.value).where(claim.c.field.startswith("statement.number-"))
    while time.monotonic() < until and not report.faults:
        try:
            with database.reading(url) as connection:
                numbers = dict(connection.execute(notes).all())
                time.sleep(0.001)
                claimed = dict(connection.execute(said).all())
        except ZooProvenanceError as fault:
            report.faults.append(f"reader {reader}: {fault}")
            break
        report.reads += 1
        for writer in range(writers):
            told = {numbers[f"w{writer}-one"], numbers[f"w{writer}-other"], claimed[f"statement.number-{writer}"]}
            if len(told) != 1:
                report.faults.append(
                    f"reader {reader}: a batch of writer {writer} is half seen: {sorted(map(str, told))}"
                )
                continue
            number = int(str(told.pop()))
            if number < seen[writer]:
                report.faults.append(f"reader {reader}: writer {writer} fell from {seen[writer]} to {number}")
            seen[writer] = number
    return report


def _afterwards(url: URL, expected: int) -> list[str]:
    with database.reading(url) as connection:
        faults = [one.message for one in verify(connection).broken]
        number = connection.execute(select(func.count()).select_from(batch)).scalar_one()
        times = connection.execute(select(batch.c.at).order_by(batch.c.id)).scalars().all()
    if number != expected:
        faults.append(f"{number} batches are kept of {expected} that were written")
    if list(times) != sorted(times):
        faults.append("batches are not in the order of their times")
    return faults


def _main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    arguments.add_argument("--readers", type=int, default=8)
    arguments.add_argument("--writers", type=int, default=4)
    given = arguments.parse_args()
    failed = False
    for engine in ("sqlite", "postgresql") if given.engine == "both" else (given.engine,):
        with databases_on(engine) as databases:
            report = race(databases, given.seconds, given.readers, given.writers)
        sys.stdout.write(
            f"{engine}: {report.writes} writes, {report.reads} reads in {given.seconds:.0f} s, the longest write"
            f" {report.longest:.2f} s, faults {len(report.faults)}\n"
        )
        sys.stdout.writelines(f"{fault}\n" for fault in report.faults)
        failed = failed or bool(report.faults)
    sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(_main())
