#!/usr/bin/env python3
# What `weir logs` prints: while it follows over a restart of the scheduler, when it cannot go on,
# and as JSON lines.
# The module `chatty` prints 600 lines within six seconds.
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

LINES = 600
LINES_PER_NOTE = 100


def lines_of(process):
    return [line for line in process.text().splitlines() if line.startswith("line ")]


def start_talking(place):
    scheduler = place.start_scheduler()
    place.start_worker("worker_a")
    place.wait_workers(1, scheduler)
    place.ok("register", place.module("e2e_chatty"))
    return scheduler, place.ok("materialize", "talks", "--detach").out.strip()


def test_following_goes_on_over_a_restart(arguments):
    with Place(arguments.bin) as place:
        scheduler, run = start_talking(place)
        logs = place.start("logs", "logs", "-f", run, "--stream", "stdout")
        wait_until("the first lines", lambda: len(lines_of(logs)) > 20)
        scheduler.kill()
        wait_until("the loss to be told", lambda: "is lost" in logs.text(), 10)
        shown = len(lines_of(logs))
        assert shown < LINES, "the stage was through before the kill"
        place.start_scheduler()
        wait_until("the follower to be back", lambda: "connected again" in logs.text(), 10)
        assert place.wait_run(run) == "succeeded"
        wait_until("the follower to end", lambda: not logs.alive(), 20)
        assert logs.popen.returncode == 0, logs.text()
        assert lines_of(logs) == [f"line {i:05}" for i in range(LINES)], logs.text()
        assert logs.text().count("is lost") == logs.text().count("connected again") == 1


def test_events_are_followed_over_a_restart_as_logs_are(arguments):
    with Place(arguments.bin) as place:
        scheduler = place.start_scheduler()
        events = place.start("events", "events", "-f", "--since", "0")
        place.ok("register", place.module("e2e_chatty"))
        wait_until("the first event", lambda: "module" in events.text(), 10)
        assert scheduler.stop() == 0
        wait_until("the loss to be told", lambda: "is lost" in events.text(), 10)
        place.start_scheduler()
        wait_until("the follower to be back", lambda: "connected again" in events.text(), 10)
        run = place.ok("materialize", "talks", "--detach").out.strip()
        wait_until("an event after the restart", lambda: run in events.text(), 10)
        assert events.text().count("is lost") == events.text().count("connected again") == 1
        assert events.alive()


def test_giving_up_is_said_as_by_watch(arguments):
    with Place(arguments.bin) as place:
        scheduler, run = start_talking(place)
        followers = [place.start("logs", "logs", "-f", run),
                     place.start("watch", "runs", "watch", run, "--console", "plain")]
        for follower in followers:
            wait_until(f"{follower.name} to be there", follower.text)
        scheduler.kill()
        for follower in followers:
            wait_until("the loss to be told", lambda f=follower: "is lost" in f.text(), 10)
        place.data = os.path.join(place.root, "another")
        place.environment["WEIR_TOKEN_FILE"] = os.path.join(place.data, "token")
        place.start_scheduler()
        said = []
        for follower in followers:
            wait_until(f"{follower.name} to give up", lambda f=follower: not f.alive(), 20)
            text = follower.text()
            assert f"cannot follow run {run} any further; it goes on" in text, text
            said.append((follower.popen.returncode, text[text.index("warning: cannot follow"):]))
        assert said[0] == said[1] and said[0][0] != 0, said


def test_json_is_one_document_and_jsonl_an_object_a_line(arguments):
    with Place(arguments.bin) as place:
        _, run = start_talking(place)
        followed = place.ok("logs", "-f", run, "-o", "jsonl", seconds=60).out.splitlines()
        at_once = place.ok("logs", run, "-o", "jsonl").out.splitlines()
        assert sorted(followed) == sorted(at_once)
        rows = [json.loads(line) for line in at_once]
        names = {tuple(row) for row in rows}
        assert names == {("run", "task", "attempt", "stream", "line")}, names
        assert {(row["run"], row["task"], row["attempt"]) for row in rows} == {(run, "talks", 1)}
        printed = [row["line"] for row in rows if row["stream"] == "stdout"]
        assert printed == [f"line {i:05}" for i in range(LINES)], printed
        notes = [row["line"] for row in rows if row["stream"] == "log"]
        assert [note["text"] for note in notes] == ["a hundred"] * (LINES // LINES_PER_NOTE), notes
        assert place.ok("logs", run, "-o", "json").json() == {"lines": rows}
        nothing = place.ok("logs", run, "--grep", "no such line", "-o", "json")
        assert nothing.json() == {"lines": []}, nothing
        endless = place.run("logs", "-f", run, "-o", "json")
        assert endless.code == 2 and "-o jsonl" in endless.err, endless


def test_json_of_bytes_that_are_no_text(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        place.ok("register", place.module("e2e_chatty"))
        place.ok("materialize", "mumbles")
        wait_until("the log", lambda: place.ok("logs", "@last").out, 10)
        rows = place.ok("logs", "@last", "-o", "json").json()["lines"]
        assert [row["line"] for row in rows] == ['\ufffd\ufffd "quoted"', "no end"], rows
        assert up.alive()


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
