#!/usr/bin/env python3
# Modules that are none, and what `weir register` says of each: exit 2, a WEIR-E number, the reason
# and what to do; and nothing of them stays behind.
import os
import shutil
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place


def refused(place, *modules, says=(), seconds=60, code=2):
    result = place.run("register", *modules, seconds=seconds)
    assert result.code == code, f"expected exit {code}\n{result}"
    assert "WEIR-E" in result.err, result
    for word in says:
        assert word.lower() in result.err.lower(), f"'{word}' is not said\n{result}"
    assert result.out.strip() == "", f"data on stdout for an error\n{result}"
    assert place.sql("SELECT count(*) FROM modules")[0][0] == 0, "something was registered"
    return result


def test_files_that_are_no_programs(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        refused(place, os.path.join(place.root, "absent"), says=["absent"])
        text = os.path.join(place.root, "notes.txt")
        with open(text, "w", encoding="ascii") as file:
            file.write("not a program\n")
        refused(place, text, says=["executable"])
        os.chmod(text, 0o755)
        refused(place, text, says=["notes.txt"])
        refused(place, place.root, says=[place.root])


def test_program_for_another_architecture(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        other = os.path.join(place.root, "other")
        shutil.copy(place.module("e2e_claims"), other)
        with open(other, "r+b") as file:
            file.seek(18)  # e_machine
            file.write(struct.pack("<H", 183))  # aarch64
        refused(place, other, says=["aarch64"])


def test_missing_library_is_named(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        broken = os.path.join(place.root, "broken")
        with open(place.module("e2e_claims"), "rb") as file:
            data = file.read()
        assert data.count(b"libstdc++.so.6\0") == 1
        with open(broken, "wb") as file:
            file.write(data.replace(b"libstdc++.so.6\0", b"libabsent0.so.6\0"[:15]))
        os.chmod(broken, 0o755)
        refused(place, broken, says=["libabsent"])


def test_describe_that_crashes_hangs_or_prints_rubbish(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        refused(place, place.module("e2e_describe_crash"), says=["SIGSEGV"])
        refused(place, place.module("e2e_describe_rubbish"), says=["manifest"])
        refused(place, place.module("e2e_describe_hang"), says=["describe' did not end within"],
                seconds=90)


def test_asset_of_another_pipeline(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_fan_out"))
        result = place.run("register", place.module("e2e_claims"))
        assert result.code in (1, 2), result
        assert "WEIR-E0105" in result.err and "fan_out" in result.err, result
        assert place.sql("SELECT pipeline FROM modules") == [("fan_out",)]


def test_truncated_program(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        cut = os.path.join(place.root, "cut")
        with open(place.module("e2e_claims"), "rb") as file:
            data = file.read(3000)
        with open(cut, "wb") as file:
            file.write(data)
        os.chmod(cut, 0o755)
        refused(place, cut)


def test_registering_twice_changes_nothing(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_claims"))
        before = place.sql("SELECT hex(digest), registered_at FROM modules")
        place.ok("register", place.module("e2e_claims"))
        assert place.sql("SELECT hex(digest), registered_at FROM modules") == before


def test_dry_run_needs_no_files_and_leaves_nothing(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        result = place.ok("register", "--dry-run", place.module("e2e_claims"))
        assert "new pipeline" in result.out and "nothing was changed" in result.err, result
        assert place.sql("SELECT count(*) FROM modules")[0][0] == 0
        place.ok("register", place.module("e2e_claims"))
        result = place.ok("register", "--dry-run", place.module("e2e_claims"))
        assert "unchanged" in result.out, result


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
