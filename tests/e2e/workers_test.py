#!/usr/bin/env python3
# A scheduler and two workers with data directories of their own, which may not use the scheduler's
# artifact directory although they are on its host: every large value crosses by upload and fetch.
# Also drain, and workers that come and go.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, audit_exactly_once, wait_until

APART = {"WEIR_NO_SHARED_ARTIFACTS": "1"}


def start(place, workers=("worker_a", "worker_b"), slots=1, env=None):
    scheduler = place.start_scheduler()
    started = [place.start_worker(n, "--slots", slots, env=env) for n in workers]
    place.wait_workers(len(workers), scheduler)
    return scheduler, started


def test_two_workers_with_separate_data_run_the_example(arguments):
    example = os.path.join(os.path.abspath(arguments.examples), "flight_delays", "flight_delays")
    with Place(arguments.bin) as place:
        start(place, env=APART)
        place.ok("register", example)
        place.ok("run", "flight_delays/train", seconds=180)
        assert "rmse" in place.ok("assets", "get", "evaluation").out
        used = place.sql("SELECT DISTINCT worker FROM attempts WHERE outcome = 'succeeded'")
        assert len(used) == 2, f"workers that ran something: {used}"
        made = place.sql("SELECT count(*) FROM materializations WHERE size > 65536")[0][0]
        assert made >= 4, f"{made} values were large enough to be files"
        for name in ("worker_a", "worker_b"):
            assert os.path.isdir(os.path.join(place.root, name)), name


def test_drained_worker_gets_no_more_work(arguments):
    with Place(arguments.bin) as place:
        start(place, slots=2)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        wait_until("the first results", lambda: place.done_tasks(run) > 50)
        workers = place.ok("workers", "list", "-o", "json").json()["workers"]
        place.ok("workers", "drain", workers[0]["id"])
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, 1000)
        later = place.sql("SELECT count(*) FROM attempts WHERE worker = ? AND leased_at >"
                          " (SELECT max(leased_at) - 200000 FROM attempts)", workers[0]["id"])
        assert later[0][0] == 0, f"{later[0][0]} leases long after the drain"


def test_sigterm_drains_a_worker_and_loses_nothing(arguments):
    with Place(arguments.bin) as place:
        _, workers = start(place, slots=2)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        wait_until("the first results", lambda: place.done_tasks(run) > 50)
        assert workers[0].stop() == 0, workers[0].text()
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, 1000)
        paid = place.sql("SELECT count(*) FROM tasks WHERE infrastructure_used > 0")[0][0]
        assert paid == 0, f"{paid} tasks paid for a drain"


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
