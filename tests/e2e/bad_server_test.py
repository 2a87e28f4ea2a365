#!/usr/bin/env python3
# What people type wrong and machines deny: a scheduler that is not there, ports and directories in
# use, tokens, unknown names, hosts. Each has its exit code, a WEIR-E number and what to do.
import os
import sqlite3
import subprocess
import sys
import urllib.error

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until


def says(result, code, *words):
    assert result.code == code, f"expected exit {code}\n{result}"
    assert "WEIR-E" in result.err, f"no error number\n{result}"
    for word in words:
        assert word in result.err, f"'{word}' is not said\n{result}"
    assert "Traceback" not in result.err and "terminate called" not in result.err, result


def ended(process, seconds=15):
    wait_until(f"{process.name} to end", lambda: not process.alive(), seconds)
    return process.popen.returncode


def test_scheduler_that_is_not_there(arguments):
    with Place(arguments.bin) as place:
        result = place.run("runs", "list")
        says(result, 4, str(place.grpc), "weir up")


def test_unknown_names_suggest_the_nearest(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_misbehave"))
        says(place.run("materialize", "segfalts"), 2, "segfaults")
        says(place.run("run", "misbehave/nightly"), 2)
        says(place.run("runs", "show", "zzzzzzzzzzzzz"), 2)
        says(place.run("assets", "get", "good"), 2)  # never materialized
        says(place.run("materialize", "good and ("), 2, "^")


def test_usage_errors_exit_2(arguments):
    with Place(arguments.bin) as place:
        for words in (["frobnicate"], ["run"], ["runs", "list", "--limit", "many"],
                      ["-o", "yaml", "version"], ["scheduler", "--max-live-runs", "0"],
                      ["scheduler", "--keep-runs", "soon"], ["up", "--keep-ticks", "59m"],
                      ["up", "--max-queued-runs", "-1"], ["up", "--max-resident-tasks", "many"]):
            result = place.run(*words)
            assert result.code == 2 and result.err.strip() and not result.out, result


def test_limits_of_runs_are_those_of_the_options(arguments):
    with Place(arguments.bin) as place:
        place.start_scheduler("--max-live-runs", "1", "--max-queued-runs", "1",
                              "--max-resident-tasks", "1")
        place.ok("register", place.module("e2e_misbehave"))
        place.ok("materialize", "good", "--detach")
        run = place.ok("materialize", "good", "--detach").out.strip()
        says(place.run("materialize", "good", "--detach"), 1, "1 queued runs", "limit")
        assert "1 run is live, and at most 1 may be" in place.ok("explain", run).out
        too_large = place.run("materialize", "good,segfaults", "--detach")
        says(too_large, 1, "resident_tasks_max", "--max-resident-tasks")


def test_missing_and_wrong_token(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        wrong = os.path.join(place.root, "wrong")
        with open(wrong, "w", encoding="ascii") as file:
            file.write("nonsense\n")
        for path in (wrong, os.path.join(place.root, "absent")):
            result = place.run("register", place.module("e2e_claims"),
                               env={"WEIR_TOKEN_FILE": path})
            says(result, 4, "token")
        assert place.sql("SELECT count(*) FROM modules")[0][0] == 0
        try:
            place.connect("RunService/CreateRun", {"selection": "*", "idempotencyKey": "k"},
                          token=False)
            raise AssertionError("a mutation without a token was accepted")
        except urllib.error.HTTPError as error:
            assert error.code == 401, error
        assert os.stat(os.path.join(place.data, "token")).st_mode & 0o777 == 0o600


def test_worker_with_the_wrong_token_is_told(arguments):
    with Place(arguments.bin) as place:
        place.start_scheduler()
        wrong = os.path.join(place.root, "wrong")
        with open(wrong, "w", encoding="ascii") as file:
            file.write("nonsense\n")
        worker = place.start("worker", "worker", "--scheduler", f"127.0.0.1:{place.grpc}", "--data",
                             os.path.join(place.root, "w"), "--token-file", wrong)
        wait_until("the worker to complain", lambda: "token" in worker.text(), 20)


def test_foreign_host_and_origin_are_refused(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}):
            try:
                place.connect("RunService/ListRuns", {}, headers)
                raise AssertionError(f"{headers} was accepted")
            except urllib.error.HTTPError as error:
                assert error.code == 403, (headers, error)


def test_port_and_data_directory_in_use(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        second = place.start("second", "up", "--data", place.data, "--http", "127.0.0.1:0",
                             "--grpc", "127.0.0.1:0")
        assert ended(second) not in (0, None)
        assert "WEIR-E0402" in second.text() and place.data in second.text(), second.text()
        third = place.start("third", "up", "--data", os.path.join(place.root, "other"),
                            *place.addresses())
        assert ended(third) not in (0, None)
        assert "WEIR-E0503" in third.text() and str(place.grpc) in third.text(), third.text()
        place.ok("runs", "list")


def test_not_loopback_is_refused(arguments):
    with Place(arguments.bin) as place:
        up = place.start("up", "up", "--data", place.data, "--http", "0.0.0.0:0", "--grpc",
                         "127.0.0.1:0")
        assert ended(up) not in (0, None)
        assert "WEIR-E0504" in up.text(), up.text()


def test_unwritable_data_directory(arguments):
    with Place(arguments.bin) as place:
        up = place.start("up", "up", "--data", "/proc/weir", *place.addresses())
        assert ended(up) not in (0, None)
        assert "WEIR-E0403" in up.text() and "with --data" in up.text(), up.text()
        place.start_scheduler()
        says(place.run("worker", "--data", "/proc/weir"), 1, "WEIR-E0403", "with --data")


def test_servers_log_to_stderr_and_quietly_when_asked(arguments):
    for option, log in (("-v", "worker_started"), ("-q", "")):
        for redirect in ("2>/dev/null", "2>&1 >/dev/null"):
            with Place(arguments.bin) as place:
                up = place.start("up", option, "up", "--data", place.data, *place.addresses(),
                                 wrapper=["sh", "-c", f'exec "$@" {redirect}', "sh"])
                place.wait_workers(1, up)
                up.stop()
                expected = f"http://127.0.0.1:{place.http}\n" if redirect == "2>/dev/null" else log
                exact = redirect == "2>/dev/null" or option == "-q"
                assert up.text() == expected if exact else expected in up.text(), up.text()


def test_lost_output_is_no_success(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_claims"))
        place.ok("materialize", "part_000000")
        for words in ("runs list", "assets get part_000000", "logs @last -o json", "events"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([place.weir, *words.split()], env=place.environment,
                                      stdout=full, stderr=subprocess.PIPE, check=False, timeout=30)
            said = done.stderr.decode()
            assert done.returncode == 1 and said.count("cannot write to stdout") == 1, (words, said)
        for words in ("runs list", "events -f --since 0"):
            done = subprocess.run(["sh", "-c", f'"$WEIR" {words} | true'], env=place.environment,
                                  capture_output=True, check=False, timeout=30)
            assert done.returncode == 0 and not done.stderr, (words, done.stderr)


def test_data_of_a_newer_version(arguments):
    with Place(arguments.bin) as place:
        place.start_up().stop()
        with sqlite3.connect(place.database()) as database:
            database.execute("PRAGMA user_version = 999")
        database.close()
        up = place.start_up(wait=False)
        assert ended(up) not in (0, None)
        assert "WEIR-E0404" in up.text() and "999" in up.text(), up.text()


def test_message_over_its_limit(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        try:
            place.connect("RunService/ListRuns", {"job": "x" * (32 << 20)})
            raise AssertionError("a message of 32 MiB was accepted")
        except urllib.error.HTTPError as error:
            assert error.code in (413, 429, 400), error
        except OSError:
            pass  # closed while we were still sending: refused as well
        place.ok("runs", "list")


def test_address_of_something_else(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        says(place.run("runs", "list", "--scheduler", f"127.0.0.1:{place.http}"), 4,
             str(place.http), "HTTP")


def test_attempts_and_aliases_that_are_not_there(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_claims"))
        place.ok("materialize", "part_000000")
        says(place.run("logs", "@last/part_000000#9"), 2, "has no attempt 9; it had 1")
        says(place.run("explain", "@last/part_000000#9"), 2, "has no attempt 9; it had 1")
        result = place.ok("logs", "@last")
        assert "printed nothing" in result.err and not result.out, result
        says(place.run("runs", "show", "@lst"), 2, "'@last'")
        result = place.run("run", "nope")
        says(result, 2, "weir jobs list")


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
