#!/usr/bin/env python3
# Stages that go wrong in every way that user code can: each ends in its own outcome class with a
# reason, its output is kept, and the good stage beside it succeeds on the same worker.
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, descendants, wait_until


def start(place, *arguments):
    up = place.start_up(*arguments)
    place.ok("register", place.module("e2e_misbehave"))
    return up


def outcome(place, asset, expected, says="", seconds=60):
    """Materializes one asset, which must end so; the row of its last attempt."""
    result = place.run("materialize", asset, seconds=seconds)
    assert result.code == 1, f"a failed run must exit 1\n{result}"
    rows = place.sql("SELECT a.outcome, a.message, a.detail, t.author_budget_used, a.run_id"
                     " FROM attempts a JOIN tasks t USING (run_id, task) WHERE t.name = ?"
                     " ORDER BY a.leased_at DESC LIMIT 1", asset)
    assert rows and rows[0][0] == expected, f"{asset}: {rows}, expected {expected}\n{result}"
    text = json.dumps(rows[0]) + result.err
    assert says in text, f"'{says}' is not said of {asset}: {rows}\n{result}"
    assert asset in result.err + result.out, result
    place.ok("materialize", "good")
    return rows[0], result


def test_exception_is_the_authors_failure_and_is_retried(arguments):
    with Place(arguments.bin) as place:
        start(place)
        row, result = outcome(place, "throws_error", "failed", "the source said no")
        assert row[3] == 2, f"attempts used: {row}"
        assert "weir " in result.err, f"no command to type next\n{result}"


def test_segmentation_fault_names_its_signal(arguments):
    with Place(arguments.bin) as place:
        up = start(place)
        row, _ = outcome(place, "segfaults", "crashed", "SIGSEGV")
        assert "segfaults()" in row[1], f"not the function's name: {row[1]}"
        assert any("segfaults()" in frame for frame in json.loads(row[2])["stack"]), row[2]
        assert up.alive()


def test_silent_failure_has_a_log_that_is_known_to_be_empty(arguments):
    with Place(arguments.bin) as place:
        start(place)
        place.run("materialize", "returns_missing_file")
        run = place.sql("SELECT run_id FROM runs")[0][0]
        logs = wait_until("the log", lambda: place.connect("LogService/ListLogs", {"run": run}).get(
            "logs"), 10)
        assert len(logs) == 1 and logs[0]["complete"], logs
        watched = place.run("runs", "watch", run)
        assert watched.code == 1 and "/nonexistent/file" in watched.err, watched


def test_exit_carries_its_code(arguments):
    with Place(arguments.bin) as place:
        start(place)
        outcome(place, "calls_exit", "crashed", "7")


def test_endless_loop_is_stopped_by_its_timeout(arguments):
    with Place(arguments.bin) as place:
        up = start(place)
        outcome(place, "loops", "timed_out")
        wait_until("the looping process to be gone", lambda: not busy(up.pid), 10)


def busy(pid):
    return [p for p in descendants(pid) if cpu_ticks(p) > 150]


def cpu_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


def test_flood_keeps_head_and_tail(arguments):
    with Place(arguments.bin) as place:
        start(place)
        place.ok("materialize", "floods", seconds=120)
        logs = place.ok("logs", "@last/floods", "--tail", "3").out
        assert "the last line" in logs, logs[-300:]
        size = sum(os.path.getsize(os.path.join(folder, name))
                   for folder, _, names in os.walk(place.data) for name in names if "log" in folder)
        assert size < 48 << 20, f"{size >> 20} MiB of log were kept of 64"


def test_child_that_outlives_its_stage_is_killed(arguments):
    with Place(arguments.bin) as place:
        start(place)
        place.ok("materialize", "forks")
        logs = place.ok("logs", "@last/forks").out
        child = int(re.search(r"child (\d+)", logs).group(1))
        wait_until(f"the stray child {child} to be gone",
                   lambda: process_state(child) in ("gone", "Z"), 20)


def test_what_a_resource_started_lives_as_long_as_its_executor(arguments):
    with Place(arguments.bin) as place:
        up = start(place, "--slots", "1")
        servers = set()
        for _ in range(3):
            place.ok("materialize", "asks_server")
            servers.add(int(place.ok("assets", "get", "asks_server").out))
        assert len(servers) == 1, f"servers that answered: {servers}"
        server = servers.pop()
        assert process_state(server) == "S", process_state(server)
        left = [p for p in descendants(up.pid) if process_state(p) != "Z"]
        assert len(left) == 3, f"supervisor, executor and server, and no stray: {left}"
        up.stop()
        assert process_state(server) == "gone", process_state(server)


def process_state(pid):
    """Its letter in /proc; a zombie runs nothing any more, its parent has only not asked yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "gone"


def test_leak_does_not_last(arguments):
    with Place(arguments.bin) as place:
        up = start(place, "--slots", "1")
        for _ in range(6):
            place.ok("materialize", "leaks")
        largest = max(resident_mib(p) for p in descendants(up.pid))
        assert largest < 400, f"an executor holds {largest} MiB after six leaks of 64"


def resident_mib(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096 >> 20
    except OSError:
        return 0


def test_value_that_cannot_be_stored_fails_its_task(arguments):
    with Place(arguments.bin) as place:
        start(place)
        outcome(place, "returns_missing_file", "failed", "/nonexistent/file")


def test_changed_bytes_on_disk_are_noticed(arguments):
    with Place(arguments.bin) as place:
        up = start(place)
        place.ok("materialize", "large")
        digest = place.sql("SELECT lower(hex(digest)) FROM materializations"
                           " WHERE asset = 'large'")[0][0]
        path = os.path.join(place.data, "artifacts", "sha256", digest[:2], digest[2:])
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(b"B")
        up.stop()  # a warm executor may still hold the value itself
        place.start_up()
        read = place.run("assets", "get", "large")
        assert read.code != 0 and "WEIR-E0406" in read.err, read
        outcome(place, "reads_large", "load_error", digest[:12])


def test_child_that_returns_from_its_stage_has_no_result(arguments):
    with Place(arguments.bin) as place:
        start(place)
        place.ok("materialize", "returns_twice")
        assert place.ok("assets", "get", "returns_twice").out.strip() == "2"
        place.ok("materialize", "good")


def test_file_in_the_scratch_directory_is_stored(arguments):
    with Place(arguments.bin) as place:
        start(place)
        place.ok("materialize", "writes_file")
        assert place.ok("assets", "get", "writes_file").out == "written"
        scratch = os.path.join(place.data, "worker", "scratch")
        (life,) = os.listdir(scratch)
        wait_until("the scratch directory is removed", lambda: all(
            name.startswith("executor-") for name in os.listdir(os.path.join(scratch, life))))


def cancel_running(place, asset):
    result = place.ok("materialize", asset, "--detach", "-o", "json").json()
    run = result.get("run_id") or result.get("runId") or result["id"]
    wait_until("the attempt to run", lambda: place.sql(
        "SELECT 1 FROM tasks WHERE run_id = ? AND state = 'running'", run))
    place.ok("cancel", run)
    assert place.wait_run(run, 40) == "canceled"
    return run


def test_cancel_lets_a_stage_put_away_that_asks(arguments):
    with Place(arguments.bin) as place:
        start(place)
        run = cancel_running(place, "polite")
        wait_until("its last words", lambda: "put away" in place.ok("logs", run).out, 10)


def test_cancel_kills_and_says_so(arguments):
    with Place(arguments.bin) as place:
        start(place)
        run = cancel_running(place, "slow")
        watched = place.run("runs", "watch", run)
        assert watched.code == 3, f"a canceled run must exit 3\n{watched}"
        place.ok("materialize", "good")


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
