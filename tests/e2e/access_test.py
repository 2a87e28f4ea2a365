#!/usr/bin/env python3
# Who may read, on the release binaries: nothing without the token, a browser by an address that
# works once, files that are nobody else's whatever the umask and whoever made the folder.
import http.client
import os
import pty
import stat
import subprocess
import sys
import urllib.error

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

OPEN_UMASK = ("sh", "-c", 'umask 000 && exec "$@"', "sh")
LIST_RUNS = "/weir.v1.RunService/ListRuns"


def hello(arguments):
    return os.path.join(os.path.abspath(arguments.examples), "hello", "hello")


def open_to_others(folder):
    """What others than the owner may read, write or enter below the folder, itself included."""
    found = []
    for path, folders, files in os.walk(folder):
        for name in [".", *files]:
            full = os.path.normpath(os.path.join(path, name))
            mode = os.lstat(full).st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                found.append(f"{stat.filemode(mode)} {full}")
    return found


def answer(place, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", place.http, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        got = connection.getresponse()
        return got.status, {k.lower(): v for k, v in got.getheaders()}, got.read().decode()
    finally:
        connection.close()


def test_nothing_but_the_version_is_told_without_the_token(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        assert place.connect("SystemService/GetVersion", {}, token=False)["version"]
        for method in ("RunService/ListRuns", "SystemService/GetInfo", "LogService/ReadLog"):
            try:
                place.connect(method, {}, token=False)
                raise AssertionError(f"{method} was answered")
            except urllib.error.HTTPError as error:
                assert error.code == 401, (method, error)
        for path in ("/healthz", "/readyz"):
            assert answer(place, "GET", path)[0] == 200, path
        refused = place.run("runs", "list", env={"WEIR_TOKEN_FILE": "/nonexistent"})
        assert refused.code == 4 and "token" in refused.err, refused
        looked = place.run("doctor", env={"WEIR_TOKEN_FILE": "/nonexistent"})
        assert looked.code == 4 and "scheduler" in looked.out and "token" in looked.out, looked


def test_curl_with_the_token_file_as_the_readme_has_it(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        command = ("curl -sf -d '{}' -H 'content-type: application/json'"
                   ' -H "authorization: Bearer $(cat DATA/token)" http://ADDRESS' + LIST_RUNS)
        command = command.replace("DATA", place.data).replace("ADDRESS", f"127.0.0.1:{place.http}")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False,
                              timeout=20)
        assert done.returncode == 0 and "asOfSeq" in done.stdout, done


def test_an_address_of_weir_open_lets_one_browser_in_and_a_restart_keeps_it(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        assert "token=" not in up.text() and "code=" not in up.text(), up.text()
        shown = place.ok("open").out.strip()
        origin = f"http://127.0.0.1:{place.http}"
        assert shown.startswith(origin + "/?code="), shown
        target = shown[len(origin):]
        status, headers, _ = answer(place, "GET", target)
        assert status == 303 and headers["location"] == "/", (status, headers)
        cookie = headers["set-cookie"]
        assert cookie.startswith(f"weir_pass_{place.http}="), cookie
        sent = {"cookie": cookie.split(";")[0], "origin": origin,
                "content-type": "application/json"}
        assert answer(place, "POST", LIST_RUNS, "{}", sent)[0] == 200
        assert answer(place, "GET", target)[0] == 401
        assert up.stop() == 0, up.text()
        place.start_up()
        assert answer(place, "POST", LIST_RUNS, "{}", sent)[0] == 200
        assert answer(place, "POST", LIST_RUNS, "{}", {**sent, "origin": "http://x.y"})[0] == 403


def test_a_terminal_is_shown_an_address_that_lets_in(arguments):
    with Place(arguments.bin) as place:
        ours, theirs = pty.openpty()
        up = subprocess.Popen([place.weir, "up", "--data", place.data, *place.addresses()],
                              env=place.environment, stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=subprocess.DEVNULL)
        try:
            os.close(theirs)
            line = os.read(ours, 4096).decode().split()[0]
            origin = f"http://127.0.0.1:{place.http}"
            assert line.startswith(origin + "/?code="), line
            assert answer(place, "GET", line[len(origin):])[0] == 303, line
        finally:
            up.terminate()
            up.wait(20)
            os.close(ours)


def test_files_are_nobody_elses_whatever_the_umask(arguments):
    with Place(arguments.bin) as place:
        up = place.start("up", "up", "--data", place.data, *place.addresses(), wrapper=OPEN_UMASK)
        place.wait_workers(1, up)
        run_what_stores_everything(place, arguments)
        assert not open_to_others(place.data), "\n".join(open_to_others(place.data))


def test_folders_that_others_could_enter_are_closed_and_that_is_said(arguments):
    with Place(arguments.bin) as place:
        worker = os.path.join(place.root, "w")
        for folder in (place.data, os.path.join(place.data, "logs"), worker,
                       os.path.join(worker, "modules")):
            os.makedirs(folder, exist_ok=True)
            os.chmod(folder, 0o777)
        scheduler = place.start("scheduler", "scheduler", "--data", place.data, *place.addresses(),
                                wrapper=OPEN_UMASK)
        place.wait_serving(scheduler)
        agent = place.start_worker("w", wrapper=OPEN_UMASK)
        place.wait_workers(1, scheduler)
        run_what_stores_everything(place, arguments)
        for process, folder in ((scheduler, place.data), (agent, worker)):
            assert not open_to_others(folder), "\n".join(open_to_others(folder))
            assert folder in process.text() and "others could" in process.text(), process.text()


def test_folders_of_another_user_are_refused(arguments):
    if os.getuid() != 0:
        raise cases.Skip("only root can give a folder away")
    with Place(arguments.bin) as place:
        worker = os.path.join(place.root, "w")
        for folder in (place.data, worker):
            os.makedirs(folder)
            os.chown(folder, 65534, 65534)
        for process in (place.start_scheduler(wait=False), place.start_worker("w")):
            code = wait_until(f"{process.name} to end", lambda p=process: p.popen.poll() or False)
            assert code == 1, process.text()
            assert "WEIR-E0403" in process.text() and "65534" in process.text(), process.text()


def run_what_stores_everything(place, arguments):
    """Values in the database and as files, logs, a module's files."""
    place.ok("register", hello(arguments), place.module("e2e_misbehave"))
    place.ok("run", "hello/all")
    place.ok("materialize", "+reads_large", seconds=60)


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
