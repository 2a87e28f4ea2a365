#!/usr/bin/env python3
# `./dev bench [NAME]`: a table of measurements (LINES), each through real processes with
# synchronous=FULL. Every figure stands beside what this machine takes at least for the same work,
# asked of bench_floors between the runs, and the target is a ratio to that: machines differ by two,
# and a disk from one second to the next. Throughput runs are audited. It must not be run beside
# anything else.
import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from past_runs import add_past_runs, audit_past_runs
from weir_processes import Place, audit_exactly_once, descendants, wait_until

CHAIN_TASKS, FAN_OUT_TASKS = 40, 10_000
WAITING_RUNS, LARGE_RUN_TASKS = 10_000, 100_000
LARGE_RUN_MS_MAX, LARGE_RUN_MIB_MAX = 1000, 64
PAST_RUNS, RESTART_MS_MAX = 1_000_000, 2_000
SCHEDULES, SCHEDULES_LEAD_S, SCHEDULES_MS_MAX = 100_000, 60, 5_000
SCHEDULE_BYTES_MAX = 1024
SIMULATED_SCHEDULES, SIMULATE_MS_MAX = 1_000, 5_000
LATENESS_MS_MAX, LATENESS_BUSY_MS_MAX = 10, 100
CRON_NEXT_NS_MAX, CRON_NEXT_LONGEST_MS_MAX = 1000, 1
PAST_TICKS, PAST_TICKS_SCHEDULES, PAST_TICKS_RATIO_MAX = 1_000_000, 100, 1.1


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Floors:
    """bench_floors on the disk to measure. Each figure is the median of all answers so far, in
    milliseconds: `commit` of the rows of one hop, `grouped` a task of a large commit, round trips
    `socketpair` and `grpc`, `wake` of a thread. `start` is from exec until it serves, `memory` its
    PSS in MiB."""

    NAMES = ("commit", "grouped", "socketpair", "wake", "grpc")

    def __init__(self, binaries, root):
        self.command = [os.path.join(binaries, "bench_floors"), root or tempfile.gettempdir()]
        self.asked = {name: [] for name in self.NAMES}
        self.starts = []
        self.process = self.launch()

    def launch(self):
        begin = time.monotonic()
        process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        assert process.stdout.readline() == "ready\n", "bench_floors does not start"
        self.starts.append((time.monotonic() - begin) * 1e3)
        return process

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        for name in self.NAMES:
            self.asked[name].append(answer[f"{name}_us"] / 1e3)

    def ask_start(self):
        self.launch().communicate()

    def forget(self):
        """Before a line: it is compared with the floors of its own time."""
        self.asked = {name: [] for name in self.NAMES}
        self.starts = self.starts[-1:]

    def __getattr__(self, name):
        if name not in self.NAMES:
            raise AttributeError(name)
        return percentile(self.asked[name], 0.5)

    @property
    def start(self):
        return percentile(self.starts, 0.5)

    @property
    def memory(self):
        return pss_mib([self.process.pid])

    def words(self):
        if not self.asked["commit"]:
            self.ask()
        return (f"commit {self.commit:.3f} ms, a task of a grouped one "
                f"{self.grouped * 1e3:.1f} us, socketpair {self.socketpair * 1e3:.1f} us, gRPC "
                f"{self.grpc * 1e3:.1f} us, wake {self.wake * 1e3:.1f} us")

    def stop(self):
        self.process.communicate()


@dataclass
class Figure:
    """What a line measured: the figure that its floor is compared with, and all of it in words."""
    value: float
    words: str


@dataclass
class Line:
    """One line of the table. `floor` gives, in the figure's unit, what the machine takes at least;
    `ratio_max` is the target: the figure may be as many times that. None: shown only."""
    measure: Callable  # (arguments, floors) -> Figure
    unit: str
    floor: Callable  # floors -> number
    floor_words: str
    ratio_max: float | None


def create(place, job, key):
    answer = place.connect("RunService/CreateRun", {"job": job, "idempotencyKey": key},
                           seconds=60)
    return answer["runId"]


def run_ms(place, job, key, tasks, assets):
    """Milliseconds from acceptance to the end of a run, as the scheduler recorded them; audited."""
    run = create(place, job, key)
    assert place.wait_run(run) == "succeeded", run
    audit_exactly_once(place, run, tasks, assets)
    created, finished = place.sql("SELECT created_at, finished_at FROM runs WHERE run_id = ?",
                                  run)[0]
    return (finished - created) / 1e3


def timed_runs(place, job, tasks, count, assets, floors):
    """Of each run but the first, which starts the executors."""
    taken = []
    for index in range(count + 1):
        milliseconds = run_ms(place, job, f"{job}-{index}", tasks, assets)
        if index > 0:
            taken.append(milliseconds)
            floors.ask()
    return taken


def timed_chain(place, floors):
    place.ok("register", place.module("bench_chain"))
    taken = timed_runs(place, "chain/all", CHAIN_TASKS, 20, True, floors)
    median = percentile(taken, 0.5)
    return Figure(median / CHAIN_TASKS,
                  f"{CHAIN_TASKS} tasks: median {median:.1f} ms, p99 "
                  f"{percentile(taken, 0.99):.1f} ms, n {len(taken)}; audited")


def chain(arguments, floors):
    with Place(arguments.bin, arguments.root) as place:
        place.start_up("--slots", 2)
        return timed_chain(place, floors)


def chain_apart(arguments, floors):
    """Over gRPC: what a worker on another host adds before the network does."""
    with Place(arguments.bin, arguments.root) as place:
        scheduler = place.start_scheduler()
        place.start_worker("apart", "--slots", 2)
        place.wait_workers(1, scheduler)
        return timed_chain(place, floors)


def fan_out(arguments, floors):
    with Place(arguments.bin, arguments.root) as place:
        place.start_up()
        place.ok("register", place.module("bench_fan_out"), seconds=120)
        taken = timed_runs(place, "fan_out/all", FAN_OUT_TASKS, 10, False, floors)
        median = percentile(taken, 0.5)
        return Figure(median * 1e3 / FAN_OUT_TASKS,
                      f"{FAN_OUT_TASKS} tasks: median {median:.0f} ms, p99 "
                      f"{percentile(taken, 0.99):.0f} ms, {FAN_OUT_TASKS / median * 1e3:,.0f} "
                      f"tasks/s, n {len(taken)}; audited")


def pss_mib(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


def settled_pss_mib(process):
    """Of the process and all below it, once what it did last has left nothing behind."""
    time.sleep(3)
    return pss_mib([process.pid, *descendants(process.pid)])


def idle(arguments, floors):
    with Place(arguments.bin, arguments.root) as place:
        up = place.start_up()
        fresh = settled_pss_mib(up)
        place.ok("register", place.module("bench_chain"))
        assert place.wait_run(create(place, "chain/all", "idle")) == "succeeded"
        used = settled_pss_mib(up)
        return Figure(fresh, f"`weir up`, sum of PSS: {fresh:.1f} MiB; after a run, warm executors "
                      f"included: {used:.1f} MiB")


def prepare_start(place):
    """A directory in which there is something to run, and nothing that runs."""
    up = place.start_up()
    place.ok("register", place.module("bench_chain"))
    up.stop()


def start_ms(place, key, launch, seconds=10, every=0.002):
    """Milliseconds from exec to the first accepted run of what `launch` starts without waiting."""
    begin = time.monotonic()
    process = launch(wait=False)
    while True:
        try:
            create(place, "chain/all", key)
            break
        except OSError:
            assert time.monotonic() - begin < seconds, process.text()
            time.sleep(every)
    taken = (time.monotonic() - begin) * 1e3
    process.stop()
    return taken


def start(arguments, floors):
    with Place(arguments.bin, arguments.root) as place:
        prepare_start(place)
        taken = []
        for index in range(10):
            taken.append(start_ms(place, f"start-{index}", place.start_up))
            floors.ask_start()
        median = percentile(taken, 0.5)
        return Figure(median, f"exec to first accepted run: median {median:.0f} ms, p99 "
                      f"{percentile(taken, 0.99):.0f} ms, n {len(taken)}")


def dispatched(place, up):
    """The instant of the first lease of a run that is created as soon as that can be done."""
    key = f"restart-{time.monotonic_ns()}"
    while True:
        try:
            run = create(place, "chain/all", key)
            break
        except OSError:
            assert up.alive(), up.text()
            time.sleep(0.002)
    while True:
        leased = place.sql("SELECT MIN(leased_at) FROM attempts WHERE run_id = ?", run)[0][0]
        if leased is not None:
            break
        time.sleep(0.01)
    assert place.wait_run(run) == "succeeded"
    return leased / 1e6


def restart(arguments, floors):
    with Place(arguments.bin, arguments.root) as place:
        up = place.start_up("--slots", 2)
        place.ok("register", place.module("bench_chain"))
        run = place.connect("RunService/CreateRun",
                            {"selection": "link_1", "idempotencyKey": "one"})["runId"]
        assert place.wait_run(run) == "succeeded"
        up.stop()
        add_past_runs(place, run, PAST_RUNS)
        size = os.path.getsize(place.database()) / 2**30
        taken = []
        for _ in range(10):
            begin = time.time()
            up = place.start_up("--slots", 2, wait=False)
            taken.append(dispatched(place, up) - begin)
            if len(taken) == 1:
                audit_past_runs(place, run, PAST_RUNS)
            up.stop()
        median = percentile(taken, 0.5) * 1e3
        return Figure(median, f"{PAST_RUNS:,} past runs, {size:.1f} GiB: exec to first dispatch "
                      f"median {median:.0f} ms, p99 {percentile(taken, 0.99) * 1e3:.0f} ms, "
                      f"n {len(taken)}; audited")


def written_bytes(pid):
    """What the process gave to the disk: its log, for the greatest part."""
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(next(line.split()[1] for line in file if line.startswith("write_bytes:")))


def waiting(arguments, floors):
    """Runs that all write one asset: each ends, and lets go the next of those that wait."""
    with Place(arguments.bin, arguments.root) as place:
        scheduler = place.start_scheduler()
        place.start_worker("apart", "--slots", 2)
        place.wait_workers(1, scheduler)
        place.ok("register", place.module("bench_chain"))
        place.ok("workers", "drain", "apart")
        for index in range(WAITING_RUNS):
            place.connect("RunService/CreateRun",
                          {"selection": "link_1", "idempotencyKey": f"waiting-{index}"})
        before = written_bytes(scheduler.pid)
        place.ok("workers", "drain", "apart", "--undo")
        wait_until("all runs to end", lambda: place.sql(
            "SELECT count(*) FROM runs WHERE state <> 'succeeded'")[0][0] == 0, seconds=600,
            every=0.5)
        written = (written_bytes(scheduler.pid) - before) / WAITING_RUNS
        made = place.sql("SELECT count(*), count(DISTINCT run_id) FROM materializations")[0]
        assert made == (WAITING_RUNS, WAITING_RUNS), made
        begun, ended = place.sql("SELECT MIN(started_at), MAX(finished_at) FROM runs")[0]
        floors.ask()
        each = (ended - begun) / 1e3 / WAITING_RUNS
        return Figure(each, f"{WAITING_RUNS:,} runs of one asset: {each:.2f} ms and "
                      f"{written:,.0f} bytes written a completion; audited")


def large_run(arguments, floors):
    """Runs of a module with many stages, the first of which finds nothing prepared."""
    with Place(arguments.bin, arguments.root) as place:
        scheduler = place.start_scheduler()
        place.ok("register", place.module("bench_large_run"), seconds=120)
        time.sleep(3)  # until what registering left behind has settled
        before = pss_mib([scheduler.pid])
        taken, held = [], []
        for index in range(5):
            begin = time.monotonic()
            run = create(place, "fan_out/all", f"large-{index}")
            taken.append((time.monotonic() - begin) * 1e3)
            held.append(pss_mib([scheduler.pid]) - before)
            counts = place.sql("SELECT waiting + ready FROM run_counts WHERE run_id = ?", run)
            assert counts == [(LARGE_RUN_TASKS,)], counts
            floors.ask()
        assert held[0] <= LARGE_RUN_MIB_MAX, held
        return Figure(percentile(taken, 0.5),
                      f"a run of {LARGE_RUN_TASKS:,} tasks is accepted in {taken[0]:.0f} ms, "
                      f"median {percentile(taken, 0.5):.0f} ms, n {len(taken)}; the first takes "
                      f"{held[0]:.1f} MiB, all {len(taken)} {held[-1]:.1f} MiB, on top of the "
                      f"module; target <= {LARGE_RUN_MIB_MAX} MiB")


def due_minute(seconds):
    """A cron for the whole minute that begins in so many seconds at the earliest, and when."""
    due = (int(time.time() + seconds) // 60 + 1) * 60
    at = time.gmtime(due)
    return f"{at.tm_min} {at.tm_hour} {at.tm_mday} {at.tm_mon} *", due


def google_bench(arguments, program, pattern):
    """What one of the C++ benchmarks measured, by name."""
    done = subprocess.run([os.path.join(arguments.bin, program), "--benchmark_format=json",
                           f"--benchmark_filter={pattern}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)["benchmarks"]}


def schedule_bytes(arguments):
    """What the engine alone holds of a schedule, and how much its manifest was."""
    words = []
    for name, one in google_bench(arguments, "engine_bench", "^Schedules").items():
        kind = "alike" if "Alike" in name else "each with a time and a parameter of its own"
        words.append(f"{one['held_bytes']:,.0f} {kind} (of a manifest that took "
                     f"{one['manifest_bytes']:,.0f} when it was read)")
    return "in the engine, module included: " + ", ".join(words)


def schedules(arguments, floors):
    """All of them due in the same minute: each gets its tick and its run."""
    with Place(arguments.bin, arguments.root) as place:
        scheduler = place.start_scheduler()
        time.sleep(3)
        before = pss_mib([scheduler.pid])
        cron, due = due_minute(SCHEDULES_LEAD_S)
        begin = time.monotonic()
        place.ok("register", place.module("bench_schedules"), seconds=120,
                 env={"WEIR_BENCH_CRON": cron})
        registered = time.monotonic() - begin
        time.sleep(3)
        held = (pss_mib([scheduler.pid]) - before) * 2**20 / SCHEDULES
        assert held <= SCHEDULE_BYTES_MAX, f"{held} bytes resident a schedule"
        wait_until("all ticks", lambda: place.sql("SELECT count(*) FROM ticks")[0][0] >= SCHEDULES,
                   seconds=SCHEDULES_LEAD_S + 120, every=0.05)
        taken = time.time() - due
        found = place.sql("SELECT count(*), count(DISTINCT schedule), count(DISTINCT run_id), "
                          "sum(outcome = 'requested'), min(nominal), max(nominal) FROM ticks")[0]
        at = due * 1_000_000
        assert found == (SCHEDULES, SCHEDULES, SCHEDULES, SCHEDULES, at, at), found
        runs = place.sql("SELECT count(*) FROM runs JOIN ticks USING (run_id) WHERE "
                         "origin_reference = schedule AND nominal_at = nominal")[0][0]
        assert runs == SCHEDULES, runs
        floors.ask()
        return Figure(taken * 1e3, f"{SCHEDULES:,} schedules due at once: all ticks and runs "
                      f"committed after {taken:.2f} s; registered in {registered:.1f} s, "
                      f"{held:,.0f} bytes resident a schedule, target <= {SCHEDULE_BYTES_MAX}; "
                      f"{schedule_bytes(arguments)}; audited")


def simulate(arguments, floors):
    """A month of many daily schedules on virtual time, by the command, without a scheduler."""
    with Place(arguments.bin, arguments.root) as place:
        begin = time.monotonic()
        out = place.ok("simulate", "--module", place.module("bench_simulate"), "--alone", "--for",
                       "30d", "--limit", 100_000, "-o", "json", seconds=60,
                       env={"WEIR_BENCH_CRON": "0 2 * * *"}).json()
        taken = time.monotonic() - begin
        made = int(out["summary"]["runs"])
        assert made == SIMULATED_SCHEDULES * 30, made
        floors.ask()
        return Figure(taken * 1e3, f"30 days of {SIMULATED_SCHEDULES:,} daily schedules: {made:,} "
                      f"runs simulated and printed in {taken:.2f} s")


def cron_next(arguments, floors):
    """The evaluator alone, on one core."""
    found = google_bench(arguments, "calendar_bench", "^next|^Longest")
    longest = found.pop("Longest/iterations:1")
    assert longest["longest_ms"] <= CRON_NEXT_LONGEST_MS_MAX, longest
    by_time = sorted((one["cpu_time"], name[len("next/"):]) for name, one in found.items())
    within = [one for one in by_time if one[0] <= CRON_NEXT_NS_MAX]
    beyond = [f"{name} {time / 1e3:.1f} us" for time, name in by_time[len(within):]]
    return Figure(percentile([time for time, _ in by_time], 0.5),
                  f"`cron next`: {1e3 / within[-1][0]:.1f} to {1e3 / within[0][0]:.1f} M "
                  f"evaluations/s of {len(within)} expressions; rarer: {', '.join(beyond)}; the "
                  f"longest of {longest['expressions']:.0f} rare expressions in 3 zones takes "
                  f"{longest['longest_ms']:.3f} ms, target <= {CRON_NEXT_LONGEST_MS_MAX}")


def add_past_ticks(place):
    """Ticks of every minute up to now, as many of each schedule; none of them is old enough to
    go."""
    database = sqlite3.connect(place.database(), isolation_level=None)
    each = PAST_TICKS // PAST_TICKS_SCHEDULES
    minute = int(time.time()) // 60
    database.executescript("PRAGMA synchronous=OFF; BEGIN;")
    database.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
        "INSERT INTO ticks (schedule, nominal, outcome, evaluated_at, reason, triggered_by) "
        "SELECT name, (? - i) * 60000000, 'skipped', (? - i) * 60000000, 'run 0 of the schedule "
        "has not ended', '' FROM schedules, n ORDER BY name, i DESC", (each - 1, minute, minute))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    database.close()
    assert place.sql("SELECT count(*) FROM ticks")[0][0] == PAST_TICKS


def place_with_schedules(arguments):
    """A stopped scheduler that knows schedules which have never fired."""
    place = Place(arguments.bin, arguments.root)
    scheduler = place.start_scheduler()
    place.ok("register", place.module("bench_chain"))
    for index in range(PAST_TICKS_SCHEDULES):
        place.connect("ScheduleService/CreateSchedule", {
            "idempotencyKey": f"past-{index}", "name": f"past_{index}",
            "definition": {"job": "chain/all", "crons": ["@yearly"], "zone": "UTC"}})
    scheduler.stop()
    return place


def past_ticks(arguments, floors):
    """The same schedules with a million ticks behind them and with none, started in turn. The
    fastest of each are compared: what a neighbour on the machine took is no part of either."""
    with place_with_schedules(arguments) as without, place_with_schedules(arguments) as having:
        add_past_ticks(having)
        taken = {without: [], having: []}
        for index in range(20):
            for place in (without, having) if index % 2 == 0 else (having, without):
                taken[place].append(start_ms(place, f"start-{index}", place.start_scheduler,
                                             seconds=60, every=0.001))
        assert having.sql("SELECT count(*) FROM ticks")[0][0] == PAST_TICKS
        least, most = min(taken[without]), min(taken[having])
        return Figure(most / least, f"{PAST_TICKS:,} ticks of {PAST_TICKS_SCHEDULES:,} schedules: "
                      f"a scheduler alone accepts its first run after {most:.0f} ms, without ticks "
                      f"after {least:.0f} ms (fastest of {len(taken[having])} each; medians "
                      f"{percentile(taken[having], 0.5):.0f} and "
                      f"{percentile(taken[without], 0.5):.0f} ms); audited")


def lateness(place, seconds):
    """Milliseconds from each nominal time to when it was evaluated, of so many seconds."""
    place.ok("schedules", "create", "second", "--job", "chain/all", "--cron", "* * * * * *",
             "--overlap", "skip", "--yes")
    count = "SELECT count(*) FROM ticks"
    before = place.sql(count)[0][0]
    wait_until("ticks", lambda: place.sql(count)[0][0] >= before + seconds, seconds + 60, every=0.5)
    place.ok("schedules", "delete", "second", "--yes")
    late = place.sql("SELECT evaluated_at - nominal FROM ticks ORDER BY nominal DESC LIMIT ?",
                     seconds)
    return [us / 1e3 for us, in late]


def ticks_late(arguments, floors):
    """A schedule every second while nothing else goes on."""
    with Place(arguments.bin, arguments.root) as place:
        place.start_up("--slots", 2)
        place.ok("register", place.module("bench_chain"))
        late = lateness(place, arguments.lateness)
        floors.ask()
        return Figure(percentile(late, 0.99), f"{len(late)} ticks: median "
                      f"{percentile(late, 0.5):.2f} ms late, p99 {percentile(late, 0.99):.2f} ms")


class FanOuts:
    """Runs of the fan-out, one after the other, from a thread of their own until it is left."""

    def __init__(self, place):
        self.place, self.runs, self.stop = place, [], threading.Event()
        self.failure = None
        self.thread = threading.Thread(target=self.go_on)

    def go_on(self):
        try:
            while not self.stop.is_set():
                self.runs.append(create(self.place, "fan_out/all", f"busy-{len(self.runs)}"))
                assert self.place.wait_run(self.runs[-1]) == "succeeded", self.runs[-1]
        except (AssertionError, OSError) as failure:
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop.set()
        self.thread.join()
        if kind is None and self.failure is not None:
            raise self.failure


def ticks_late_busy(arguments, floors):
    """A schedule every second while runs of a large fan-out keep every slot and the loop busy."""
    with Place(arguments.bin, arguments.root) as place:
        place.start_up()
        place.ok("register", place.module("bench_chain"))
        place.ok("register", place.module("bench_fan_out"), seconds=120)
        with FanOuts(place) as beside:
            wait_until("a task", lambda: beside.runs and place.done_tasks(beside.runs[0]))
            late = lateness(place, arguments.lateness)
        for run in beside.runs:
            audit_exactly_once(place, run, FAN_OUT_TASKS, False)
        floors.ask()
        return Figure(percentile(late, 0.99), f"{len(late)} ticks beside {len(beside.runs)} runs "
                      f"of {FAN_OUT_TASKS:,} tasks: median {percentile(late, 0.5):.2f} ms late, "
                      f"p99 {percentile(late, 0.99):.2f} ms; audited")


# A hop must commit, and the rest of it may take as long as four round trips of gRPC: 0.2 ms where
# one takes 50 us.
def hop(floors):
    return floors.commit + 4 * floors.grpc


LINES = {
    "chain": Line(chain, "ms a hop", hop, "commit + 4 gRPC round trips", 1),
    "chain_apart": Line(chain_apart, "ms a hop", hop, "commit + 4 gRPC round trips", 1.5),
    "fan_out": Line(fan_out, "us a task", lambda f: f.grouped * 1e3,
                    "its rows in a grouped commit", 2),
    "waiting": Line(waiting, "ms a run", hop, "commit + 4 gRPC round trips", 3),
    "large_run": Line(large_run, "ms", lambda f: LARGE_RUN_MS_MAX, "what it may take in all", 1),
    "schedules": Line(schedules, "ms", lambda f: SCHEDULES_MS_MAX, "what it may take in all", 1),
    "simulate": Line(simulate, "ms", lambda f: SIMULATE_MS_MAX, "what it may take in all", 1),
    "cron_next": Line(cron_next, "ns", lambda f: CRON_NEXT_NS_MAX, "what it may take in all", 1),
    "ticks_late": Line(ticks_late, "ms", lambda f: LATENESS_MS_MAX, "what it may be late", 1),
    "ticks_late_busy": Line(ticks_late_busy, "ms", lambda f: LATENESS_BUSY_MS_MAX,
                            "what it may be late", 1),
    "idle": Line(idle, "MiB", lambda f: f.memory, "a process with gRPC and SQLite", 4),
    "start": Line(start, "ms", lambda f: f.start, "a process with gRPC, SQLite and one commit", 3),
    "restart": Line(restart, "ms", lambda f: RESTART_MS_MAX, "what it may take in all", 1),
    "past_ticks": Line(past_ticks, "x", lambda f: 1, "the same start without them",
                       PAST_TICKS_RATIO_MAX),
}


def show(name, line, arguments, floors):
    """Measures and prints a line; whether its target is met."""
    floors.forget()
    figure = line.measure(arguments, floors)
    floor_words = floors.words()
    floor = line.floor(floors)
    ratio = figure.value / floor
    met = line.ratio_max is None or ratio <= line.ratio_max
    target = "" if line.ratio_max is None else (
        f"; target <= {line.ratio_max:g}: {'met' if met else 'MISSED'}")
    print(f"{name:<15} {figure.words}; synchronous=FULL\n"
          f"{'':<15} floors: {floor_words}\n"
          f"{'':<15} {figure.value:.3g} {line.unit} = {ratio:.2f} x {floor:.3g} "
          f"({line.floor_words}){target}", flush=True)
    return met


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LINES))
    parser.add_argument("--bin", required=True, help="folder of the binaries")
    parser.add_argument("--root", help="an empty folder on the disk to measure")
    parser.add_argument("--lateness", type=int, default=60, metavar="SECONDS",
                        help="how long lateness of ticks is measured (default %(default)s)")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(LINES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(LINES)}")
    floors = Floors(arguments.bin, arguments.root)
    met = [show(name, LINES[name], arguments, floors) for name in arguments.names or LINES]
    floors.stop()
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
