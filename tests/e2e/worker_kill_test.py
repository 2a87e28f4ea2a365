#!/usr/bin/env python3
# kill -9 of a worker in the middle of a run of 1,000 separately declared tasks: the run completes
# and an audit finds exactly one committed result per task. By itself, because it waits for a lease
# to end.
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from kill_test import TASKS, begin, middle
from weir_processes import Place, audit_exactly_once, command_line, descendants, wait_until


def test_worker_killed(arguments):
    with Place(arguments.bin) as place:
        _, workers, run = begin(place)
        middle(place, run, 300)
        below = descendants(workers[0].pid)
        workers[0].kill()
        assert place.wait_run(run) == "succeeded"
        audit_exactly_once(place, run, TASKS)
        wait_until("the worker's processes to be gone", lambda: not [
            p for p in below if os.path.exists(f"/proc/{p}") and command_line(p)], 20)


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
