#!/usr/bin/env python3
# A user's first hour: a module in a project of its own, on the installed SDK, with ordinary
# libraries and a secret, built and run as the documentation says; through `weir up`, through a
# worker apart and by itself.
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules", "newcomer")
VALUE = "host=crm-db password=r1verbed"
SECRET = {"WEIR_SECRET_DSN": VALUE}
BUILT = {}  # where the module's project stands, by folder of binaries


def build(binaries):
    """Installs the SDK and builds the project against it; the program. Once."""
    if binaries not in BUILT:
        root = BUILT[binaries] = tempfile.mkdtemp(prefix="weir-first-")
        atexit.register(shutil.rmtree, root)
        tree = os.path.dirname(os.path.abspath(binaries))
        run("cmake", "--install", tree, "--component", "weir_sdk", "--prefix", root + "/weir")
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        run("cmake", "-S", PROJECT, "-B", root + "/it's built", "-G", "Ninja",
            f"-DCMAKE_PREFIX_PATH={root}/weir", *launcher)
        run("cmake", "--build", root + "/it's built")
    return BUILT[binaries] + "/it's built/newcomer"


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout.decode(errors='replace')[-4000:]}"


def value(place, asset):
    place.ok("materialize", asset)
    return place.ok("assets", "get", asset).out


def ask_and_look(place):
    assert VALUE in value(place, "asks"), "the stage that asks gets its secret"
    seen = value(place, "looks_around")
    assert "WEIR_EXECUTOR_ID" in seen, f"the stage saw its environment: {seen}"
    assert "r1verbed" not in seen, f"a secret that nobody asked for is seen: {seen}"
    assert "WEIR_SECRET_DSN" not in seen, seen


def test_module_with_ordinary_libraries_builds_and_runs(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", build(arguments.bin))
        assert "3 rows" in value(place, "uses_libraries")


def test_secret_reaches_the_stage_that_asks_and_nobody_else(arguments):
    with Place(arguments.bin) as place:
        place.environment.update(SECRET)
        place.start_up("--slots", 1)
        for name in SECRET:
            del place.environment[name]
        place.ok("register", build(arguments.bin))
        ask_and_look(place)


def test_secret_of_a_worker_apart_reaches_its_stages(arguments):
    with Place(arguments.bin) as place:
        scheduler = place.start_scheduler()
        place.start_worker("apart", "--slots", 1, env=SECRET)
        place.wait_workers(1, scheduler)
        place.ok("register", build(arguments.bin))
        ask_and_look(place)


def test_missing_secret_ends_the_task_at_once(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", build(arguments.bin))
        result = place.run("materialize", "asks_in_vain")
        assert result.code == 1, result
        rows = place.sql("SELECT outcome, message FROM attempts")
        assert len(rows) == 1 and rows[0][0] == "failed", rows
        assert "set WEIR_SECRET_UNSET in the environment of" in rows[0][1], rows


def test_progress_is_shown_while_it_runs_and_survives_the_scheduler(arguments):
    with Place(arguments.bin) as place:
        scheduler = place.start_scheduler()
        place.start_worker("apart", "--slots", 1)
        place.wait_workers(1, scheduler)
        place.ok("register", build(arguments.bin))
        run = place.ok("materialize", "takes_its_time", "--detach", "-o", "name").out.strip()

        def shown():
            return "30 %  epoch 3 of 10" in place.ok("runs", "show", run).out

        wait_until("the newest word is shown", shown)
        progress = place.ok("runs", "show", run, "-o", "json").json()["tasks"][0]["progress"]
        assert progress["fraction"] == 0.3, progress
        assert progress["message"] == "epoch 3 of 10" and progress["at"], progress
        words = place.sql("SELECT count(*) FROM events WHERE subject LIKE '%takes_its_time%'")
        assert words[0][0] < 10, f"no event a word: {words}"
        scheduler.kill()
        place.start_scheduler()
        wait_until("it is shown again", shown)
        place.ok("cancel", run, "--wait")
        rows = place.sql("SELECT outcome, progress_message FROM attempts")
        assert rows == [("canceled", "epoch 3 of 10")], rows


HOLIDAYS = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20261225",
            "RRULE:FREQ=YEARLY;COUNT=2", "END:VEVENT", "END:VCALENDAR")


def test_schedule_is_registered_and_its_calendar_is_not_needed_any_more(arguments):
    with Place(arguments.bin) as place:
        holidays = os.path.join(place.root, "holidays.ics")
        place.environment["NEWCOMER_HOLIDAYS"] = holidays
        refused = place.run("register", build(arguments.bin))
        assert refused.code != 0 and "cannot read the calendar" in refused.err, refused
        with open(holidays, "w", encoding="utf-8") as file:
            file.write("\r\n".join(HOLIDAYS))
        place.start_up()
        place.ok("register", build(arguments.bin))
        os.unlink(holidays)
        manifest = json.loads(place.sql("SELECT manifest FROM modules")[0][0])
        assert manifest["schedules"] == [{
            "name": "nightly", "job": "nightly", "crons": ["0 2 * * mon-fri"],
            "zone": "Europe/Berlin", "jitter_ms": 120000,
            "days_off": [{"calendar": "holidays", "days": ["2026-12-25", "2027-12-25"]}],
        }], manifest["schedules"]
        assert manifest["freshness"] == [{
            "asset": "says_time", "kind": "max_age", "fail_ms": 93600000, "action": "observe",
        }], manifest["freshness"]
        assert manifest["alerts"] == [{
            "name": "says_time/freshness_fail", "event": "freshness_fail", "about": "says_time",
            "channel": "team",
        }], manifest["alerts"]
        # Executors send neither schedules nor policies nor alert rules.
        run = place.ok("materialize", "says_time", "-o", "name").out.split()[0]
        shown = place.ok("freshness", "show", "says_time", "-o", "json").json()
        assert shown["state"] == "FRESHNESS_STATE_PASS", shown
        said = place.ok("assets", "get", "says_time").out
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z", said), said
        replayed = place.ok("replay", f"{run}/says_time", "-o", "json").json()
        assert replayed["outputs"][0]["sameAsRecorded"], f"another time: {replayed}"


def test_secret_of_a_run_by_hand_is_seen_by_who_asks_only(arguments):
    with Place(arguments.bin) as place:
        program = build(arguments.bin)
        stages = "uses_libraries or asks or looks_around or asks_in_vain"
        done = subprocess.run([program, "run", stages], env={**place.environment, **SECRET},
                              check=False, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        # All but the one that asks for what is not there.
        for asset in ("uses_libraries", "asks", "looks_around"):
            assert f"succeeded  {asset}" in done.stdout, done.stdout + done.stderr
        assert "failed  asks_in_vain" in done.stdout, done.stdout
        assert "XDG_RUNTIME_DIR" in done.stdout, "the stage saw its environment"
        assert "r1verbed" not in done.stdout + done.stderr, done.stdout


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
