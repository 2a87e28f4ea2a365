#!/usr/bin/env python3
# `./dev bench --against BINARIES [NAME]`: is this tree slower than another one, whose release
# binaries are in that folder? Both are measured in turn, pair by pair, for a machine is not as fast
# now as it was a minute ago; the ratio is given with the bounds that hold it in 95 % of cases. It
# must not be run beside anything else.
import argparse
import math
import os
import random
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from weir_processes import Place

from bench import (CHAIN_TASKS, FAN_OUT_TASKS, prepare_start, run_ms, settled_pss_mib,
                   start_ms)

RATIO_MAX = 1.05  # the upper bound of the ratio
RESAMPLES = 10_000


class Runs:
    """Runs of a job on processes that stay: milliseconds from acceptance to the end of each."""

    def __init__(self, binaries, root, module, job, tasks, assets, apart=False):
        self.job, self.tasks, self.assets, self.count = job, tasks, assets, 0
        self.place = Place(binaries, root)
        slots = ("--slots", 2) if assets else ()
        if apart:
            scheduler = self.place.start_scheduler()
            self.place.start_worker("apart", *slots)
            self.place.wait_workers(1, scheduler)
        else:
            self.place.start_up(*slots)
        self.place.ok("register", self.place.module(module), seconds=120)
        self.measure()  # the first one starts the executors

    def measure(self):
        self.count += 1
        return run_ms(self.place, self.job, f"pair-{self.count}", self.tasks, self.assets)

    def end(self):
        self.place.__exit__(None, None, None)


class Idle:
    """MiB of a `weir up` that nobody has used yet."""

    def __init__(self, binaries, root):
        self.binaries, self.root = binaries, root

    def measure(self):
        with Place(self.binaries, self.root) as place:
            return settled_pss_mib(place.start_up())

    def end(self):
        pass


class Start:
    """Milliseconds from exec to the first accepted run."""

    def __init__(self, binaries, root):
        self.place, self.count = Place(binaries, root), 0
        prepare_start(self.place)

    def measure(self):
        self.count += 1
        return start_ms(self.place, f"start-{self.count}", self.place.start_up)

    def end(self):
        self.place.__exit__(None, None, None)


LINES = {
    "chain": ("ms", 60, lambda binaries, root: Runs(
        binaries, root, "bench_chain", "chain/all", CHAIN_TASKS, True)),
    "chain_apart": ("ms", 60, lambda binaries, root: Runs(
        binaries, root, "bench_chain", "chain/all", CHAIN_TASKS, True, apart=True)),
    "fan_out": ("ms", 30, lambda binaries, root: Runs(
        binaries, root, "bench_fan_out", "fan_out/all", FAN_OUT_TASKS, False)),
    "idle": ("MiB", 30, Idle),
    "start": ("ms", 30, Start),
}


def ratio_bounds(logs):
    """The geometric mean of the pairs' ratios, and the bounds of its 95 % bootstrap interval."""
    random_source = random.Random(1)
    means = sorted(statistics.fmean(random_source.choices(logs, k=len(logs)))
                   for _ in range(RESAMPLES))
    return (math.exp(statistics.fmean(logs)), math.exp(means[int(0.025 * RESAMPLES)]),
            math.exp(means[int(0.975 * RESAMPLES)]))


def compare(name, arguments):
    """Measures and prints a line; whether this tree is not slower."""
    unit, pairs, subject = LINES[name]
    pairs = arguments.pairs or pairs
    sides = [subject(binaries, arguments.root) for binaries in (arguments.against, arguments.bin)]
    before, after = [], []
    for index in range(pairs):
        order = (0, 1) if index % 2 == 0 else (1, 0)  # neither is always the first of a pair
        values = {side: sides[side].measure() for side in order}
        before.append(values[0])
        after.append(values[1])
    for side in sides:
        side.end()
    ratio, low, high = ratio_bounds([math.log(b / a) for a, b in zip(before, after)])
    met = high <= RATIO_MAX
    print(f"{name:<12} before: median {statistics.median(before):.4g} {unit}; after: "
          f"{statistics.median(after):.4g} {unit}; {pairs} pairs: ratio {ratio:.3f}, 95 % between "
          f"{low:.3f} and {high:.3f}; target <= {RATIO_MAX}: {'met' if met else 'MISSED'}",
          flush=True)
    return met


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LINES))
    parser.add_argument("--bin", required=True, help="folder of this tree's binaries")
    parser.add_argument("--against", required=True, help="folder of the other tree's binaries")
    parser.add_argument("--root", help="an empty folder on the disk to measure")
    parser.add_argument("--pairs", type=int, help="how many, instead of each line's own number")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(LINES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(LINES)}")
    met = [compare(name, arguments) for name in arguments.names or LINES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
