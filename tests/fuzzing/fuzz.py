"""A coverage-guided run of one target: `python tests/fuzzing/fuzz.py TARGET [FOLDER] [-runs=N …]`, with atheris."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["zoo_provenance", "edtf", "csv", "json"]):
    # What is imported late is seen by the fuzzer only if it is imported here.
    for module in ("edtf", "zoo_provenance.loading.load", "zoo_provenance.questions.finding"):
        import_module(module)
    from hostile_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    """Run the target named first; the rest goes to libFuzzer, the target's own corpus last."""
    named = sys.argv[1] if len(sys.argv) > 1 else ""
    if named not in TARGETS:
        sys.exit(f"Name a target: {', '.join(TARGETS)}")
    # What the fuzzer itself keeps grows with each input, by a megabyte and more where a load goes the whole way.
    bounds = ["-timeout=30", "-rss_limit_mb=8192", "-malloc_limit_mb=1024"]
    arguments = [sys.argv[0], *sys.argv[2:], *bounds, f"-artifact_prefix={named}-"]
    kept = CORPUS / named
    if kept.is_dir():
        arguments.append(str(kept))
    atheris.Setup(arguments, TARGETS[named])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
