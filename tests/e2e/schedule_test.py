#!/usr/bin/env python3
# A schedule that fires every second, over the death of the scheduler: each second has exactly one
# outcome and one run, nothing twice and nothing left out; with the default catch-up the seconds of
# the downtime but the last are one stretch. By night for a minute.
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

SECOND = 1_000_000  # times in the tables are in microseconds
TICKS = 30 if os.environ.get("WEIR_NIGHTLY") else 5  # before the kill, and after it


def ticks_of(place, schedule):
    return place.sql("SELECT nominal, coalesce(until, nominal), outcome, run_id FROM ticks "
                     "WHERE schedule=? ORDER BY nominal", schedule)


def audit_each_second(ticks):
    """Stretches and single times follow each other second by second."""
    for (_, last, *_), (first, *_) in zip(ticks, ticks[1:]):
        assert first == last + SECOND, f"a second is left out or twice: {last} then {first}"


def audit_runs(place, schedule, ticks):
    runs = place.sql("SELECT run_id, nominal_at, state FROM runs WHERE origin='schedule' "
                     "AND origin_reference=?", schedule)
    requested = {nominal: run for nominal, _, outcome, run in ticks if outcome == "requested"}
    assert len(runs) == len(requested), (len(runs), len(requested))
    for run, nominal, state in runs:
        assert requested[nominal] == run, f"{run} is not the run of {nominal}"
        assert state == "succeeded", (run, state)


def requested(place, schedule):
    return Counter(outcome for *_, outcome, _ in ticks_of(place, schedule))["requested"]


def test_each_second_has_one_run_over_a_kill(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        place.ok("register", place.module("e2e_recurring"))
        place.ok("schedules", "create", "latest", "--job", "say", "--cron", "* * * * * *",
                 "--overlap", "queue_all")
        place.ok("schedules", "resume", "each_second")
        schedules = ("recurring/each_second", "recurring/latest")
        wait_until("some seconds to pass", lambda: requested(place, schedules[0]) >= TICKS)
        up.kill()
        killed_at = max(last for _, last, *_ in ticks_of(place, schedules[0]))
        # Down for three seconds of the wall clock, by which the schedule goes.
        clock = lambda: int(place.sql("SELECT unixepoch()")[0][0]) * SECOND
        wait_until("a downtime to pass", lambda: clock() > killed_at + 4 * SECOND)
        place.start_up()
        before = requested(place, schedules[1])
        wait_until("some more seconds to pass",
                   lambda: requested(place, schedules[1]) >= before + TICKS)
        place.ok("schedules", "pause", "--all", "--yes")
        wait_until("all runs to end", lambda: place.sql(
            "SELECT count(*) FROM runs WHERE finished_at IS NULL")[0][0] == 0)
        for schedule in schedules:
            ticks = ticks_of(place, schedule)
            audit_each_second(ticks)
            audit_runs(place, schedule, ticks)
        outcomes = Counter(outcome for *_, outcome, _ in ticks_of(place, schedules[0]))
        assert set(outcomes) == {"requested"}, outcomes  # it makes up for all of them
        missed = [tick for tick in ticks_of(place, schedules[1]) if tick[2] == "missed"]
        assert len(missed) == 1 and missed[0][0] > killed_at - 2 * SECOND, missed
        value = place.ok("assets", "get", "said").out
        newest = max(ticks_of(place, schedules[0])[-1][0], ticks_of(place, schedules[1])[-1][0])
        made_for = place.sql("SELECT nominal_at FROM runs WHERE run_id=(SELECT run_id FROM "
                             "materializations ORDER BY id DESC LIMIT 1)")[0][0]
        assert newest - 2 * SECOND <= made_for <= newest, (made_for, newest)
        text = place.sql("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?/1000000, 'unixepoch')",
                         made_for)[0][0]
        assert text in value, (text, value)


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
