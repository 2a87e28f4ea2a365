#!/usr/bin/env python3
# Stages of another user: `--stage-user` as root, in `weir up` and for a worker apart. They work as
# ever, large values, files, trees and secrets included, and reach nothing that is not theirs.
import os
import pwd
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place

USER = "nobody"
SECRET = {"WEIR_SECRET_WORD": "xyzzy"}


def need_root():
    if os.geteuid() != 0:
        raise cases.Skip("only root can become another user")


def value(place, asset):
    place.ok("materialize", asset)
    return place.ok("assets", "get", asset).out


def look(place):
    user = pwd.getpwnam(USER)
    expected = f"{user.pw_uid} {user.pw_uid} {user.pw_gid} {USER} {user.pw_dir} 1"
    assert expected in value(place, "who"), place.ok("assets", "get", "who").out
    assert "nothing" in value(place, "breaks_out"), place.ok("assets", "get", "breaks_out").out
    assert "false" in value(place, "writes_program"), "the program can be overwritten"
    place.ok("materialize", "large")
    assert str(300 * 1024) in value(place, "reads_large")
    place.ok("materialize", "file")
    place.ok("materialize", "tree")
    assert f"{100 * 1024} 2 untouched" in value(place, "reads_files"), place.ok(
        "assets", "get", "reads_files").out
    assert "xyzzy" in value(place, "asks")
    doctor = place.run("doctor")
    assert f"stages run as {USER}" in doctor.out, doctor


def test_stages_of_another_user_work_and_reach_nothing_else(arguments):
    need_root()
    with Place(arguments.bin) as place:
        place.environment.update(SECRET)
        up = place.start_up("--stage-user", USER)
        for name in SECRET:
            del place.environment[name]
        place.ok("register", place.module("e2e_confined"))
        look(place)
        assert "stages run as root" not in up.text(), up.text()
        staged = os.path.join(place.data, "worker", "staging")
        assert not any(files for _, _, files in os.walk(staged)), "what was published stays behind"


def test_worker_apart_confines_stages_and_again_after_a_restart(arguments):
    need_root()
    with Place(arguments.bin) as place:
        scheduler = place.start_scheduler()
        worker = place.start_worker("apart", "--stage-user", USER, env=SECRET)
        place.wait_workers(1, scheduler)
        place.ok("register", place.module("e2e_confined"))
        look(place)
        assert worker.stop() == 0, worker.text()
        place.start_worker("apart", "--stage-user", USER, env=SECRET)
        place.wait_workers(1, scheduler)
        assert "nothing" in value(place, "breaks_out")


def test_user_that_cannot_be_is_refused(arguments):
    need_root()
    with Place(arguments.bin) as place:
        for user, says in (("nosuchuser", "there is no user"), ("root", "it is root")):
            result = place.run("up", "--data", place.data, "--stage-user", user, seconds=20)
            assert result.code == 2 and says in result.err, result
        hidden = place.folder("hidden")
        os.chmod(hidden, 0o700)
        result = place.run("up", "--data", os.path.join(hidden, "data"), *place.addresses(),
                           "--stage-user", USER, seconds=30)
        assert result.code == 1 and f"cannot enter {hidden}" in result.err, result


def test_root_without_a_user_for_stages_is_told(arguments):
    need_root()
    with Place(arguments.bin) as place:
        up = place.start_up()
        assert "warning: stages run as root" in up.text(), up.text()
        doctor = place.run("doctor")
        assert "stages run as root" in doctor.out and "--stage-user" in doctor.out, doctor


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
