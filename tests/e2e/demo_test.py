#!/usr/bin/env python3
# The example on real data through `weir up`: register, run with the plain display, read the figures
# from the command line and the run from the HTTP port; and the same program by hand, no server.
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place


def example(arguments, name="flight_delays"):
    path = os.path.join(os.path.abspath(arguments.examples), name, name)
    assert os.path.exists(path), f"{path} is missing; ./dev builds it"
    return path


def test_example_runs_and_its_figures_can_be_read(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", example(arguments))
        run = place.ok("run", "flight_delays/train", "--console", "plain", seconds=120)
        assert "evaluation" in run.out + run.err, run
        listed = place.ok("runs", "list", "-o", "json").json()["runs"]
        assert [r["state"] for r in listed] == ["RUN_STATE_SUCCEEDED"], listed
        figures = place.ok("assets", "get", "evaluation")
        for word in ("rmse", "training_mean", "beaten", "4000"):
            assert word in figures.out, figures
        by_http = place.connect("RunService/ListRuns", {})["runs"]
        assert [r["id"] for r in by_http] == [listed[0]["id"]], by_http
        shown = place.ok("assets", "show", "cleaned_flights", "-o", "json").out
        assert "19998" in shown and "duplicates" in shown, shown


def test_parameters_that_no_stage_takes_start_no_run(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", example(arguments))
        for given, says in (("features.window_dayz=3", "window_days"),
                            ("features.window_days=soon", "window_days")):
            refused = place.run("run", "flight_delays/train", "-p", given)
            assert refused.code == 2, refused
            assert "features" in refused.err and says in refused.err, refused
        assert place.ok("runs", "list", "-o", "json").json().get("runs", []) == []


def test_result_stands_after_a_restart(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        place.ok("register", example(arguments, "hello"))
        place.ok("run", "hello/all")
        before = place.ok("assets", "get", "most_frequent").out
        assert up.stop() == 0, up.text()
        place.start_up()
        assert place.ok("assets", "get", "most_frequent").out == before
        assert len(place.ok("runs", "list", "-o", "json").json()["runs"]) == 1


def test_accepts_a_run_as_soon_as_it_answers(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        place.ok("register", example(arguments, "hello"))
        up.stop()
        up = place.start_up(wait=False)
        place.wait_serving(up)
        with open(place.environment["WEIR_TOKEN_FILE"], encoding="ascii") as file:
            token = {"authorization": "Bearer " + file.read().strip()}
        answer = place.connect("RunService/CreateRun",
                               {"job": "hello/all", "idempotencyKey": "first"}, token)
        assert place.wait_run(answer["runId"]) == "succeeded"


def test_example_runs_by_hand_without_a_server(arguments):
    with Place(arguments.bin) as place:
        done = subprocess.run([example(arguments), "run"], cwd=place.folder("here"), timeout=120,
                              env={**place.environment, "WEIR_SCHEDULER": "127.0.0.1:1"},
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        assert "evaluation" in done.stdout + done.stderr, done
        described = subprocess.run([example(arguments), "describe"], capture_output=True, text=True,
                                   env=place.environment, timeout=20, check=True)
        assert json.loads(described.stdout)["pipeline"] == "flight_delays"


def test_parameter_given_on_the_command_line_reaches_the_stage(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", example(arguments))
        place.ok("run", "flight_delays/train", "-p", "train.lambda=0.5", seconds=120)
        shown = place.ok("assets", "get", "delay_model").out
        assert "0.5" in shown, shown


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
