#!/usr/bin/env python3
# kill -9 in the middle of a run of 1,000 separately declared tasks: of the scheduler, of an
# executor, of `weir up`; of a worker in worker_kill_test.py. Each time the run completes and an
# audit of the database finds exactly one committed result per task.
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, audit_exactly_once, command_line, descendants, wait_until

TASKS = 1000
DOWN_SECONDS = 3
BACK_SECONDS = 2.5


def begin(place):
    scheduler = place.start_scheduler()
    workers = [place.start_worker(name, "--slots", 2) for name in ("worker_a", "worker_b")]
    place.wait_workers(2, scheduler)
    place.ok("register", place.module("e2e_fan_out"))
    run = place.start_run("fan_out/all")
    return scheduler, workers, run


def middle(place, run, share):
    wait_until(f"{share} results", lambda: place.done_tasks(run) >= share)
    assert place.run_state(run) == "running", "the run ended before the kill"


def executors(worker):
    return [p for p in descendants(worker.pid) if "e2e_fan_out" in command_line(p)
            or "/modules/" in command_line(p)]


def test_scheduler_killed_and_restarted(arguments):
    with Place(arguments.bin) as place:
        scheduler, _, run = begin(place)
        middle(place, run, 300)
        scheduler.kill()
        left = TASKS - place.done_tasks(run)
        assert 0 < left < TASKS, f"{left} tasks were left at the kill"
        place.start_scheduler()
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)


def test_watcher_sees_the_restart(arguments):
    with Place(arguments.bin) as place:
        scheduler, _, run = begin(place)
        watch = place.start("watch", "runs", "watch", run, "--console", "plain")
        middle(place, run, 100)
        scheduler.kill()
        wait_until("the loss to be told", lambda: "is lost" in watch.text(), 5)
        time.sleep(DOWN_SECONDS)  # long enough for pauses between tries to have grown
        place.start_scheduler()
        wait_until("the watcher to be back", lambda: "connected again" in watch.text(),
                   BACK_SECONDS)
        assert place.wait_run(run) == "succeeded"
        wait_until("the watcher to end", lambda: not watch.alive(), 10)
        assert watch.popen.returncode == 0, watch.text()


def test_scheduler_killed_again_and_again(arguments):
    with Place(arguments.bin) as place:
        scheduler, _, run = begin(place)
        for share in (150, 350, 550, 750):
            middle(place, run, share)
            scheduler.kill()
            scheduler = place.start_scheduler()
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)


def test_executors_killed(arguments):
    with Place(arguments.bin) as place:
        _, workers, run = begin(place)
        for share in (200, 400, 600):
            middle(place, run, share)
            found = wait_until("an executor", lambda: executors(workers[0]))
            os.kill(found[-1], 9)
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)
        crashed = place.sql("SELECT count(*) FROM attempts"
                            " WHERE run_id = ? AND outcome = 'crashed'", run)[0][0]
        assert crashed >= 1, "no attempt is recorded as crashed"


def test_up_killed_with_everything_below_it(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up("--slots", 4)
        place.ok("register", place.module("e2e_fan_out"))
        run = place.start_run("fan_out/all")
        middle(place, run, 300)
        up.kill()
        place.start_up("--slots", 4)
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
