# Drives the real binaries for tests and benchmarks: starts schedulers and workers on free loopback
# ports below a folder of their own, runs the command line, asks the HTTP port, reads the database.
# Every process it starts it ends, by pid. It must not touch a Weir that it did not start.
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request


def free_port():
    """A port nobody listens on, below those that the kernel hands out to clients: one of them could
    take a port from that range before our server does."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(what, condition, seconds=30, every=0.02):
    """Polls until condition() gives something true and returns that; says what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(every)


class Result:
    """What a command did."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return (f"$ weir {' '.join(self.arguments)}\n[exit {self.code}]\n{self.out[-3000:]}"
                f"\n{self.err[-3000:]}")


class Process:
    """A scheduler, a worker or `weir up`, with its output in a file."""

    def __init__(self, name, arguments, environment, log):
        self.name, self.log = name, log
        self.popen = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                      stdout=open(log, "ab"), stderr=subprocess.STDOUT)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self):
        """kill -9, and nothing else."""
        self.popen.kill()
        self.popen.wait()

    def stop(self, seconds=20):
        """SIGTERM; returns the exit code, -9 when it had to be killed."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()


def descendants(pid):
    """Pids below `pid`, by /proc, children before grandchildren."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry))
            except OSError:
                continue
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


# What a machine calls itself. A worker that sees another identity than the scheduler is on another
# host as far as Weir can tell, and may not use the scheduler's artifact directory.
IDENTITIES = ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")


def other_host(folder, name):
    """A wrapper that runs a program in a mount namespace with an identity of its own; None where
    that is not allowed."""
    identity = os.path.join(folder, name + "-identity")
    with open(identity, "w", encoding="ascii") as file:
        file.write(os.urandom(16).hex() + "\n")
    mounts = " && ".join(f"mount --bind {identity} {path}" for path in IDENTITIES
                         if os.path.exists(path))
    wrapper = ["unshare", "--mount", "sh", "-c", mounts + ' && exec "$@"', "sh"]
    allowed = subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    return wrapper if allowed.returncode == 0 else None


class Place:
    """A folder, two ports and the processes of one test."""

    def __init__(self, binaries, root=None):
        self.weir = os.path.join(os.path.abspath(binaries), "weir")
        self.binaries = os.path.abspath(binaries)
        self.root = tempfile.mkdtemp(prefix="weir-test-", dir=root)
        os.chmod(self.root, 0o755)  # executors may run as another user
        self.data = os.path.join(self.root, "data")
        self.http, self.grpc = free_port(), free_port()
        self.processes = []
        self.environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_COLOR": "1",
            "HOME": self.folder("home"), "XDG_RUNTIME_DIR": self.folder("run"),
            "WEIR": self.weir, "WEIR_SCHEDULER": f"127.0.0.1:{self.grpc}",
            "WEIR_TOKEN_FILE": os.path.join(self.data, "token"),
        }
        os.chmod(self.environment["XDG_RUNTIME_DIR"], 0o700)

    def folder(self, name):
        path = os.path.join(self.root, name)
        os.makedirs(path, exist_ok=True)
        return path

    def module(self, name):
        return os.path.join(self.binaries, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            process.stop(10)
        if kind is None:
            shutil.rmtree(self.root, ignore_errors=True)
        else:
            for process in self.processes:
                print(f"---- {process.name}: {process.log}\n{process.text()[-4000:]}")

    # ---- processes

    def start(self, name, *arguments, env=None, wrapper=()):
        process = Process(name, [*wrapper, self.weir, *map(str, arguments)],
                          {**self.environment, **(env or {})},
                          os.path.join(self.root, name + ".log"))
        self.processes.append(process)
        return process

    def addresses(self):
        return ["--http", f"127.0.0.1:{self.http}", "--grpc", f"127.0.0.1:{self.grpc}"]

    def start_up(self, *arguments, wait=True):
        process = self.start("up", "up", "--data", self.data, *self.addresses(), *arguments)
        if wait:
            self.wait_workers(1, process)
        return process

    def start_scheduler(self, *arguments, wait=True):
        process = self.start("scheduler", "scheduler", "--data", self.data, *self.addresses(),
                             *arguments)
        if wait:
            self.wait_serving(process)
        return process

    def start_worker(self, name, *arguments, env=None, wrapper=()):
        return self.start(name, "worker", "--scheduler", f"127.0.0.1:{self.grpc}", "--data",
                          os.path.join(self.root, name), "--name", name, "--token-file",
                          os.path.join(self.data, "token"), *arguments, env=env, wrapper=wrapper)

    def wait_serving(self, process, seconds=20):
        def serving():
            assert process.alive(), f"{process.name} ended:\n{process.text()}"
            try:
                return self.connect("SystemService/GetInfo", {})
            except OSError:
                return None
        return wait_until(f"{process.name} to serve", serving, seconds)

    def wait_workers(self, count, process, seconds=20):
        self.wait_serving(process, seconds)

        def connected():
            workers = self.connect("WorkerService/ListWorkers", {}).get("workers", [])
            return len([w for w in workers if w.get("connected")]) >= count
        wait_until(f"{count} workers", connected, seconds)

    # ---- asking

    def run(self, *arguments, seconds=60, env=None, stdin=subprocess.DEVNULL):
        done = subprocess.run([self.weir, *map(str, arguments)], stdin=stdin, timeout=seconds,
                              env={**self.environment, **(env or {})}, capture_output=True,
                              check=False)
        return Result(list(map(str, arguments)), done.returncode,
                      done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def ok(self, *arguments, seconds=60, env=None):
        result = self.run(*arguments, seconds=seconds, env=env)
        assert result.code == 0, f"expected exit 0\n{result}"
        return result

    def token(self):
        with open(self.environment["WEIR_TOKEN_FILE"], encoding="ascii") as file:
            return file.read().strip()

    def connect(self, method, body, headers=None, seconds=10, token=True):
        """One call of the Connect protocol on the HTTP port, with the token unless told not to."""
        sent = {"content-type": "application/json", **(headers or {})}
        if token:
            sent["authorization"] = "Bearer " + self.token()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http}/weir.v1.{method}", json.dumps(body).encode(), sent)
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return json.loads(answer.read())

    def sql(self, query, *parameters):
        database = sqlite3.connect(f"file:{self.database()}?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(query, parameters).fetchall()
        finally:
            database.close()

    def database(self):
        names = [n for n in os.listdir(self.data) if n.endswith((".db", ".sqlite", ".sqlite3"))]
        assert len(names) == 1, f"databases in {self.data}: {names}"
        return os.path.join(self.data, names[0])

    def start_run(self, job):
        """Starts a run without waiting for it; its id."""
        result = self.ok("run", job, "--detach", "-o", "json")
        document = result.json()
        return document.get("run_id") or document.get("runId") or document["id"]

    def run_state(self, run):
        rows = self.sql("SELECT state FROM runs WHERE run_id = ?", run)
        return rows[0][0] if rows else None

    def wait_run(self, run, seconds=120):
        """Its terminal state."""
        return wait_until(f"run {run} to end", lambda: (
            (state := self.run_state(run)) in ("succeeded", "failed", "canceled") and state),
            seconds, 0.05)

    def done_tasks(self, run):
        return self.sql("SELECT count(*) FROM tasks WHERE run_id = ? AND state = 'succeeded'",
                        run)[0][0]


def audit_exactly_once(place, run, tasks, assets=True):
    """Each task has exactly one committed result, and events of the run have no gap."""
    counted = dict(place.sql("SELECT state, count(*) FROM tasks WHERE run_id = ?"
                             " GROUP BY state", run))
    assert counted == {"succeeded": tasks}, f"task states: {counted}"
    wins = place.sql("SELECT task, count(*) FROM attempts WHERE run_id = ?"
                     " AND outcome = 'succeeded' GROUP BY task HAVING count(*) <> 1", run)
    assert not wins, f"tasks with another number of committed attempts than one: {wins[:5]}"
    won = place.sql("SELECT count(DISTINCT task) FROM attempts WHERE run_id = ?"
                    " AND outcome = 'succeeded'", run)[0][0]
    assert won == tasks, f"{won} tasks have a committed attempt, expected {tasks}"
    live = place.sql("SELECT count(*) FROM attempts WHERE run_id = ? AND outcome = 'none'",
                     run)[0][0]
    assert live == 0, f"{live} attempts of a finished run are live"
    if assets:
        made = place.sql("SELECT count(*), count(DISTINCT asset) FROM materializations"
                         " WHERE run_id = ?", run)[0]
        assert made == (tasks, tasks), f"materializations and assets: {made}"
        stale = place.sql("SELECT count(*) FROM materializations m JOIN attempts a USING"
                          " (run_id, task, epoch) WHERE m.run_id = ? AND a.outcome <> 'succeeded'",
                          run)[0][0]
        assert stale == 0, f"{stale} materializations come from an attempt that did not commit"
    sequence = place.sql("SELECT count(*), min(run_seq), max(run_seq), count(DISTINCT run_seq)"
                         " FROM events WHERE run_id = ?", run)[0]
    assert sequence[0] == sequence[3] == sequence[2] - sequence[1] + 1, f"events: {sequence}"
