#!/usr/bin/env python3
# `./dev bench [NAME]`: a chain of 40, the same with the worker in a process of its own, a fan-out
# of 10,000, idle memory, and the time from start to the first accepted run, each through real
# processes with synchronous=FULL. Prints medians and p99 beside the host's own sync latency, which
# decides most of them, and audits every throughput run. It must not be run beside anything else.
import argparse
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from weir_processes import Place, audit_exactly_once, descendants

CHAIN_TASKS, FAN_OUT_TASKS = 40, 10_000
HOP_MS = 0.4
FAN_OUT_TASKS_PER_SECOND_MIN = 10_000
IDLE_MIB_MAX = 60
START_SECONDS_MAX = 0.5


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class SyncProbe:
    """Writes 4 KiB into a file that is laid out and syncs it: the least that a commit can cost.
    Asked between the runs, because a host's disk and its neighbours change from one second to the
    next. The first syncs after a pause are slower and do not count."""

    WARM_UP, COUNTED = 10, 20
    LAID_OUT = 8 << 20

    def __init__(self, folder):
        self.file = tempfile.TemporaryFile(dir=folder, buffering=0)
        self.file.write(b"\0" * self.LAID_OUT)
        os.fsync(self.file.fileno())
        self.file.seek(0)
        self.taken = []

    def ask(self):
        for index in range(self.WARM_UP + self.COUNTED):
            if self.file.tell() >= self.LAID_OUT:
                self.file.seek(0)
            self.file.write(b"\1" * 4096)
            begin = time.perf_counter()
            os.fdatasync(self.file.fileno())
            if index >= self.WARM_UP:
                self.taken.append((time.perf_counter() - begin) * 1e3)

    def median_ms(self):
        return percentile(self.taken, 0.5)

    def words(self):
        return (f"fsync median {self.median_ms():.2f} ms, p99 "
                f"{percentile(self.taken, 0.99):.2f} ms, n {len(self.taken)}")


def say(name, text, target, met):
    print(f"{name:<10} {text}\n{'':<10} target {target}: {'met' if met else 'MISSED'}", flush=True)
    return met


def create(place, job, key):
    answer = place.connect("RunService/CreateRun", {"job": job, "idempotencyKey": key},
                           seconds=60)
    return answer["runId"]


def timed_runs(place, job, tasks, count, assets, probe):
    """Seconds from acceptance to the end of each run, as the scheduler recorded them."""
    taken = []
    for index in range(count + 1):
        run = create(place, job, f"{job}-{index}")
        assert place.wait_run(run) == "succeeded", run
        audit_exactly_once(place, run, tasks, assets)
        created, finished = place.sql("SELECT created_at, finished_at FROM runs WHERE run_id = ?",
                                      run)[0]
        if index > 0:  # the first one starts the executors
            taken.append((finished - created) / 1e6)
            probe.ask()
    return taken


def timed_chain(place):
    """Median of the runs and of the host's sync in milliseconds, and the figures in words."""
    probe = SyncProbe(place.data)
    place.ok("register", place.module("bench_chain"))
    taken = [s * 1e3 for s in timed_runs(place, "chain/all", CHAIN_TASKS, 20, True, probe)]
    median = percentile(taken, 0.5)
    return median, probe.median_ms(), (
        f"{CHAIN_TASKS} tasks: median {median:.1f} ms, p99 {percentile(taken, 0.99):.1f} ms, "
        f"n {len(taken)}; {probe.words()}; synchronous=FULL, audited")


def chain(arguments):
    with Place(arguments.bin, arguments.root) as place:
        place.start_up("--slots", 2)
        median, sync, words = timed_chain(place)
        limit = CHAIN_TASKS * (sync + HOP_MS)
        return say("chain", words, f"≤ {CHAIN_TASKS} × (fsync + {HOP_MS} ms) = {limit:.1f} ms",
                   median <= limit)


def chain_apart(arguments):
    """Over gRPC: what a worker on another host adds before the network does."""
    with Place(arguments.bin, arguments.root) as place:
        scheduler = place.start_scheduler()
        place.start_worker("apart", "--slots", 2)
        place.wait_workers(1, scheduler)
        _, _, words = timed_chain(place)
        print(f"{'apart':<10} {words}", flush=True)
        return True


def fan_out(arguments):
    with Place(arguments.bin, arguments.root) as place:
        place.start_up()
        probe = SyncProbe(place.data)
        place.ok("register", place.module("bench_fan_out"), seconds=120)
        taken = timed_runs(place, "fan_out/all", FAN_OUT_TASKS, 10, False, probe)
        rate = FAN_OUT_TASKS / percentile(taken, 0.5)
        return say("fan_out", f"{FAN_OUT_TASKS} tasks: median {percentile(taken, 0.5):.3f} s, p99 "
                   f"{percentile(taken, 0.99):.3f} s, {rate:,.0f} tasks/s, n {len(taken)}; "
                   f"{probe.words()}; synchronous=FULL, audited",
                   f"≥ {FAN_OUT_TASKS_PER_SECOND_MIN:,} tasks/s",
                   rate >= FAN_OUT_TASKS_PER_SECOND_MIN)


def pss_mib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


def idle(arguments):
    with Place(arguments.bin, arguments.root) as place:
        up = place.start_up()
        time.sleep(3)  # until what starting left behind has settled
        fresh = pss_mib([up.pid, *descendants(up.pid)])
        place.ok("register", place.module("bench_chain"))
        assert place.wait_run(create(place, "chain/all", "idle")) == "succeeded"
        time.sleep(3)
        used = pss_mib([up.pid, *descendants(up.pid)])
        return say("idle", f"`weir up`, sum of PSS: {fresh:.1f} MiB; after a run, warm executors "
                   f"included: {used:.1f} MiB", f"≤ {IDLE_MIB_MAX} MiB", fresh <= IDLE_MIB_MAX)


def start(arguments):
    with Place(arguments.bin, arguments.root) as place:
        place.start_up()
        probe = SyncProbe(place.data)
        place.ok("register", place.module("bench_chain"))
        place.processes[-1].stop()
        taken = []
        for index in range(10):
            begin = time.monotonic()
            up = place.start_up(wait=False)
            while True:
                try:
                    create(place, "chain/all", f"start-{index}")
                    break
                except OSError:
                    assert time.monotonic() - begin < 10, up.text()
                    time.sleep(0.002)
            taken.append(time.monotonic() - begin)
            up.stop()
            probe.ask()
        median = percentile(taken, 0.5)
        return say("start", f"exec to first accepted run: median {median * 1e3:.0f} ms, p99 "
                   f"{percentile(taken, 0.99) * 1e3:.0f} ms, n {len(taken)}; {probe.words()}",
                   f"≤ {START_SECONDS_MAX} s", median <= START_SECONDS_MAX)


BENCHES = {"chain": chain, "chain_apart": chain_apart, "fan_out": fan_out, "idle": idle,
           "start": start}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--bin", required=True, help="folder of the binaries")
    parser.add_argument("--root", help="an empty folder on the disk to measure")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    met = [BENCHES[name](arguments) for name in arguments.names or BENCHES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
