#!/usr/bin/env python3
# A full disk, on a small tmpfs of the test's own: new runs are refused and told why, nothing that
# was accepted is lost, and it goes on by itself when there is room. Needs the right to mount;
# skipped where that is denied.
import errno
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, audit_exactly_once, wait_until

SIZE_MIB = 512


class SmallDisk:
    def __init__(self, path):
        self.path = path

    def __enter__(self):
        os.makedirs(self.path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "weir-test",
                               self.path], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise cases.Skip("may not mount a tmpfs: " + done.stderr.strip())
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)

    def fill(self, leave):
        """Leaves at most `leave` bytes: others write meanwhile, and may be the ones who fill it."""
        free = os.statvfs(self.path)
        size = max(0, free.f_bavail * free.f_bsize - leave)
        with open(os.path.join(self.path, "ballast"), "wb", buffering=0) as file:
            try:
                while file.tell() < size:
                    file.write(bytes(min(1 << 20, size - file.tell())))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self):
        os.unlink(os.path.join(self.path, "ballast"))


def test_full_disk_refuses_explains_and_goes_on(arguments):
    with Place(arguments.bin) as place:
        with SmallDisk(place.data) as disk:
            try:
                scenario(place, disk)
            finally:
                for process in place.processes:
                    process.stop()


def scenario(place, disk):
    place.start_up("--slots", 4)
    place.ok("register", place.module("e2e_fan_out"))
    run = place.start_run("fan_out/all")
    wait_until("the first results", lambda: place.done_tasks(run) > 20)
    disk.fill(leave=3 << 20)
    refused = wait_until("a refusal", lambda: (
        (r := place.run("run", "fan_out/all", "--detach")).code != 0 and r), 10)
    assert "WEIR-E0401" in refused.err, refused
    assert place.ok("runs", "list").out, "reads must go on"
    disk.empty()
    assert place.wait_run(run, 120) == "succeeded"
    audit_exactly_once(place, run, 1000)
    again = wait_until("room to be noticed", lambda: (
        (r := place.run("run", "fan_out/all", "--detach", "-o", "name")).code == 0 and r), 30)
    assert place.wait_run(again.out.strip(), 120) == "succeeded"


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
