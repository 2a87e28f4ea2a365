#!/usr/bin/env python3
# weir db backup beside a working scheduler, and weir db restore after it went on: the run continues
# from where the copy was taken, each task with one committed result, and what the worker, which
# lived on, still reports of before is stale. A scheduler that runs keeps its directory.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, audit_exactly_once, wait_until

TASKS = 1000


def generation(place):
    return place.connect("SystemService/GetInfo", {})["storeGeneration"]


def test_restored_run_goes_on_and_old_reports_are_stale(arguments):
    with Place(arguments.bin) as place:
        scheduler = place.start_scheduler()
        worker = place.start_worker("w1", "--slots", 4)
        place.wait_workers(1, scheduler)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        wait_until("some tasks to be done", lambda: place.done_tasks(run) > 50)
        backup = os.path.join(place.root, "backup.db")
        before = generation(place)
        assert place.ok("db", "backup", backup, "--data", place.data).out.strip() == backup
        wait_until("more tasks to be done", lambda: place.done_tasks(run) > 300)
        refused = place.run("db", "restore", backup, "--data", place.data)
        assert refused.code == 1 and "WEIR-E0402" in refused.err, refused
        done_at_kill = place.done_tasks(run)
        scheduler.kill()  # attempts are under way, reports unacknowledged
        restored = place.ok("db", "restore", backup, "--data", place.data, "-o", "json").json()
        assert place.done_tasks(run) < done_at_kill
        assert os.path.exists(restored["replaced"])
        scheduler = place.start_scheduler()
        assert generation(place) == restored["storeGeneration"] != before
        place.wait_workers(1, scheduler)
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)
        assert worker.alive()
        assert "store_restored" in worker.text(), worker.text()


def test_nothing_is_overwritten(arguments):
    with Place(arguments.bin) as place:
        place.start_up().stop()
        backup = os.path.join(place.root, "backup.db")
        place.ok("db", "backup", backup, "--data", place.data)
        again = place.run("db", "backup", backup, "--data", place.data)
        assert again.code == 1 and "exists" in again.err, again
        with open(backup, "r+b") as file:
            file.write(b"no database at all")
        refused = place.run("db", "restore", backup, "--data", place.data)
        assert refused.code == 1 and "cannot be restored" in refused.err, refused
        place.start_up()


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
