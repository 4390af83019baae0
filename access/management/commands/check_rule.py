"""Ask the rule and its second model the same questions, by the million."""

from __future__ import annotations

import importlib
import os
import time
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

#: Where the second model lies: it is for tests only, and not shipped with the product.
COMPARING = "tests.proof.comparing"
#: Disagreements that are printed; one is enough to look into.
PRINTED = 3
#: Questions that one process asks before it reports.
AT_A_TIME = 20_000


class Command(BaseCommand):
    """``check_rule --decisions N``: fails if the rule and its second model ever disagree."""

    help = __doc__ or ""
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many questions, from which seed, in how many processes."""
        parser.add_argument("--decisions", type=int, default=1_000_000)
        parser.add_argument("--seed", type=int, default=0, help="Other seeds make other worlds.")
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)

    def handle(self, *_: Any, decisions: int, seed: int, processes: int, **_options: Any) -> None:
        """Compare, print the count and the rate, and fail on any disagreement.

        :raises CommandError: if they disagree, or if the tests are not here.
        """
        if decisions < 1 or processes < 1:
            raise CommandError("Give at least one decision and one process.")
        _comparing()
        began = time.monotonic()
        asked, ended, disagreements = 0, Counter[str](), list[str]()
        shares = [min(AT_A_TIME, decisions - done) for done in range(0, decisions, AT_A_TIME)]
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            seeds = [seed * 1_000_000_007 + number for number in range(len(shares))]
            for answer in pool.map(_share, shares, seeds):
                asked += answer[0]
                ended.update(answer[1])
                disagreements += answer[2]
        seconds = time.monotonic() - began
        rate = asked / seconds
        ends = ", ".join(f"{end} {count:,}" for end, count in ended.most_common())
        self.stdout.write(f"{asked:,} decisions in {seconds:.0f} s ({rate:,.0f} a second): {ends}.")
        if disagreements:
            raise CommandError(
                f"{len(disagreements)} disagreements. The first:\n"
                + "\n".join(disagreements[:PRINTED])
            )
        self.stdout.write("0 disagreements.")


def _comparing() -> ModuleType:
    try:
        return importlib.import_module(COMPARING)
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{error.name} is not here. The second model of the rule lies with the tests: run "
            "this in a checkout, with the development packages installed."
        ) from error


def _share(decisions: int, seed: int) -> tuple[int, Counter[str], list[str]]:
    tally = _comparing().run(decisions, first=seed)
    return tally.asked, tally.ended, [repr(each) for each in tally.disagreements[:PRINTED]]
