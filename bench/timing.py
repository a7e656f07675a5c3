"""Measure CPU time, and compare two measures."""

import os
import subprocess
from collections.abc import Callable, Sequence
from resource import RUSAGE_CHILDREN, getrusage

Measure = Callable[[], float]


def compare(ours: Measure, base: Measure, bound: float, rounds: int) -> tuple[float, float]:
    """Take both measures in turns, so that both meet the same load, and return the least of each.

    When ours seems to exceed `bound` times the base, three times as many rounds follow: on a busy machine a fast page
    looks slow for a while.
    """
    pairs = [(ours(), base()) for _ in range(rounds)]
    if min(pair[0] for pair in pairs) > bound * min(pair[1] for pair in pairs):
        pairs += [(ours(), base()) for _ in range(3 * rounds)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def seconds(call: Callable[[], object], clock: Measure) -> float:
    """Seconds that a call takes by a clock, such as `time.process_time` for the CPU time of this process."""
    start = clock()
    call()
    return clock() - start


def command_cpu_seconds(command: Sequence[str], output: int = subprocess.DEVNULL, **environ: str) -> float:
    """CPU seconds that a command takes, with these variables in its environment."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, env=os.environ | environ, stdout=output, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
