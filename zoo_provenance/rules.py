"""The rules of the check: what cannot be right, or should be looked at, and what clears it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How much hangs on a finding, gravest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Scope(StrEnum):
    """Where a rule is asked: of every record, or only of what one donor gave."""

    CHECK = "check"
    DONOR = "donor"


@dataclass(frozen=True)
class Rule:
    """A rule: `says` is the sentence of a finding, with the names of its query's columns in braces."""

    id: str
    severity: Severity
    says: str
    clear: str
    scope: Scope = Scope.CHECK


_LISTED = (
    # -- lives: a contradiction in time or place -----------------------------------------------------
    Rule(
        "before-birth",
        Severity.HIGH,
        "{slug} was moved by {other} ({date}) before it was born ({born})",
        "correct one of the two dates, or the animals of the line",
    ),
    Rule(
        "after-death",
        Severity.HIGH,
        "{slug} was moved alive by {other} ({date}) after it died ({died})",
        "correct one of the two dates, or give the line its term (BOD for a body)",
    ),
    Rule(
        "two-places",
        Severity.HIGH,
        "{slug} left {place} twice, by {other} and by {another}, and nothing brought it back between",
        "record the return between the two, or correct where one of them started",
    ),
    Rule(
        "not-holder",
        Severity.MEDIUM,
        "{slug} was sent by {place} in {other}, when {holder} was the last known to hold it",
        "record how it came from one to the other, or correct one of the two",
    ),
    Rule(
        "died-elsewhere",
        Severity.MEDIUM,
        "{slug} is recorded to have died at {place}, when {holder} was the last known to hold it",
        "record how it came there, or correct the place of its death",
    ),
    # -- descent -------------------------------------------------------------------------------------
    Rule(
        "young-parent",
        Severity.HIGH,
        "{other} ({parent_born}) is named as {role} of {slug} ({born}) but is not older",
        "correct a date of birth or the parent",
    ),
    Rule(
        "dead-dam",
        Severity.HIGH,
        "{other} is named as {role} of {slug} ({born}) but had died before ({died})",
        "correct a date or the parent",
    ),
    Rule(
        "parent-sex",
        Severity.HIGH,
        "{other} is named as {role} of {slug} but is {sex}",
        "correct the sex, or the role of the parent",
    ),
    Rule(
        "parent-species",
        Severity.MEDIUM,
        "{other} ({parent_taxon}) is named as {role} of {slug} ({taxon}), of another species",
        "correct a taxon or the parent; waive it for a hybrid",
    ),
    Rule(
        "circular-descent",
        Severity.HIGH,
        "{slug} descends from itself through {other}",
        "remove one of the links",
    ),
    # -- transfers -----------------------------------------------------------------------------------
    Rule(
        "lines-total",
        Severity.MEDIUM,
        "{slug}: a total of {stated} is stated, the lines add up to {sum}",
        "complete or correct the lines, or dismiss the total with its reason",
    ),
    Rule(
        "more-animals",
        Severity.MEDIUM,
        "{slug}: {named} animals are named on a line of {count}",
        "correct the count or the animals of the line",
    ),
    Rule(
        "same-house",
        Severity.LOW,
        "{slug} goes from {other} to the same",
        "correct the sender or the recipient",
    ),
    Rule(
        "before-founding",
        Severity.MEDIUM,
        "{other} has a part in {slug} ({date}) before it was founded ({founded})",
        "correct one of the dates, or name the predecessor",
    ),
    Rule(
        "after-closing",
        Severity.MEDIUM,
        "{other} has a part in {slug} ({date}) after it closed ({closed})",
        "correct one of the dates, or name the successor",
    ),
    Rule(
        "office-dates",
        Severity.MEDIUM,
        "{other} acts in {slug} ({date}) as {office}, an office recorded only for {during}",
        "correct the date, the office, or the time it was held",
    ),
    Rule(
        "overdue-loan",
        Severity.MEDIUM,
        "{slug}: the loan ran until {until} and nothing ends it",
        "record the return, or the new term of the loan",
    ),
    # -- sources -------------------------------------------------------------------------------------
    Rule(
        "early-source",
        Severity.MEDIUM,
        "{other} (published {published}) reports {slug}, {what} {date}, before it happened",
        "correct a date, or say what the source announces under 'dates'",
    ),
    Rule(
        "later-basis",
        Severity.MEDIUM,
        "{slug} (published {published}) is said to be based on {other}, published later ({basis_published})",
        "correct a date of publication or 'based_on'",
    ),
    Rule(
        "circular-sources",
        Severity.HIGH,
        "{slug} is based on itself through {other}",
        "remove one of the links in 'based_on'",
    ),
    Rule(
        "uncited",
        Severity.LOW,
        "nobody vouches for {slug}, a record of kind {kind}",
        "name a source for it",
    ),
    Rule(
        "unused-source",
        Severity.LOW,
        "{slug} is cited nowhere",
        "cite it, or leave it out",
    ),
    Rule(
        "unsourced",
        Severity.LOW,
        "{slug}: {field} {value} has no source",
        "name a source",
    ),
    Rule(
        "unarchived",
        Severity.LOW,
        "{slug} has an address on the web and no archived copy",
        "archive the page and record 'archived_url'",
    ),
    # -- records and columns -------------------------------------------------------------------------
    Rule(
        "merged-reference",
        Severity.MEDIUM,
        "{slug} refers to {other}, which was merged into {survivor}",
        "refer to the survivor",
    ),
    Rule(
        "stale-decision",
        Severity.MEDIUM,
        "{slug}: {field} is settled on {value}, which nobody claims any more",
        "decide anew, or take the decision back",
    ),
    Rule(
        "drift",
        Severity.HIGH,
        "{slug}: {field} holds {held}, but its claims conclude {concluded}",
        "load the data set again; if it comes back, report it as a fault of the program",
    ),
    # -- asked of what a donor gave ------------------------------------------------------------------
    Rule(
        "disputed",
        Severity.MEDIUM,
        "{slug}: sources disagree about {field}, and nobody has settled it",
        "settle it with a reason, or leave it open on purpose",
        Scope.DONOR,
    ),
    Rule(
        "disputed-statement",
        Severity.LOW,
        "{slug}: sources differ about {field}, and nobody has settled it",
        "settle it with a reason, or leave it open on purpose",
        Scope.DONOR,
    ),
    Rule(
        "no-permit",
        Severity.MEDIUM,
        "{slug}: {taxon} (CITES {appendix}) went from {sender} to {receiver}; no permit recorded",
        "cite the permit (a source of kind permit) on the line or the transfer",
        Scope.DONOR,
    ),
    Rule(
        "no-importer-report",
        Severity.LOW,
        "{slug}: {taxon} (CITES {appendix}) went to {receiver}, {party}; no importer report recorded",
        "cite the importer's annual report (a source of kind importer_report)",
        Scope.DONOR,
    ),
    Rule(
        "one-origin",
        Severity.LOW,
        "{slug}: its {reports} sources lead to one origin",
        "find a source that does not derive from the same statement",
        Scope.DONOR,
    ),
    Rule(
        "title-unstated",
        Severity.LOW,
        "{slug}: nobody says whether title passed",
        "record what passed, with a source",
        Scope.DONOR,
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _LISTED})
"""The rules by id, in the order in which findings are told within a severity."""
