#!/usr/bin/env python3
# A scheduler and two workers with data directories of their own, which may not use the scheduler's
# artifact directory because each believes to be on a host of its own: every large value crosses by
# upload and fetch.
# Also drain, and workers that come and go.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, audit_exactly_once, other_host, wait_until

NAMES = ("worker_a", "worker_b")


def start(place, slots=1, wrappers=None):
    scheduler = place.start_scheduler()
    started = [place.start_worker(n, "--slots", slots, wrapper=(wrappers or {}).get(n, ()))
               for n in NAMES]
    place.wait_workers(len(NAMES), scheduler)
    return scheduler, started


def test_two_workers_with_separate_data_run_the_example(arguments):
    example = os.path.join(os.path.abspath(arguments.examples), "flight_delays", "flight_delays")
    with Place(arguments.bin) as place:
        wrappers = {name: other_host(place.root, name) for name in NAMES}
        if None in wrappers.values():
            raise cases.Skip("may not make mount namespaces")
        start(place, wrappers=wrappers)
        place.ok("register", example)
        place.ok("run", "flight_delays/train", seconds=180)
        assert "rmse" in place.ok("assets", "get", "evaluation").out
        used = place.sql("SELECT DISTINCT worker FROM attempts WHERE outcome = 'succeeded'")
        assert len(used) == 2, f"workers that ran something: {used}"
        made = place.sql("SELECT count(*) FROM materializations WHERE size > 65536")[0][0]
        assert made >= 4, f"{made} values were large enough to be files"
        for name in NAMES:
            own = os.path.join(place.root, name, "artifacts")
            assert any(files for _, _, files in os.walk(own)), f"{name} kept no artifact of its own"


def test_drained_worker_gets_no_more_work(arguments):
    with Place(arguments.bin) as place:
        start(place, slots=2)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        wait_until("the first results", lambda: place.done_tasks(run) > 50)
        workers = place.ok("workers", "list", "-o", "json").json()["workers"]
        place.ok("workers", "drain", workers[0]["id"])
        leases = "SELECT count(*) FROM attempts WHERE worker = ?"
        given = place.sql(leases, workers[0]["id"])[0][0]
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, 1000)
        later = place.sql(leases, workers[0]["id"])[0][0] - given
        assert later == 0, f"{later} leases after the drain"


def test_sigterm_drains_a_worker_and_loses_nothing(arguments):
    with Place(arguments.bin) as place:
        _, workers = start(place, slots=2)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        wait_until("the first results", lambda: place.done_tasks(run) > 50)
        assert workers[0].stop() == 0, workers[0].text()
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, 1000)
        paid = place.sql("SELECT count(*) FROM tasks WHERE infrastructure_budget_used > 0")[0][0]
        assert paid == 0, f"{paid} tasks paid for a drain"


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
