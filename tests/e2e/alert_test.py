#!/usr/bin/env python3
# A job that fails tells a webhook, signed, over the death of the scheduler between the commit and
# the delivery; its success tells that it is over. What the operator configured, a command and the
# heartbeat, works with the real binary, and dead letters are what `weir doctor` says.
import hashlib
import hmac
import http.server
import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

SECRET = "a shared secret"


class Receiver:
    """Keeps what it is sent. `answers` are status codes, used up one by one, then 200; None: it
    takes the request and never answers."""

    def __init__(self, *answers):
        self.requests, self.answers = [], list(answers)
        self.over = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                if answer is None:
                    receiver.over.wait()
                    return
                self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def wait_for(self, count):
        wait_until(f"{count} messages", lambda: len(self.requests) >= count)
        return self.requests


def signed_message(request):
    """What docs/alerts.md says a receiver does."""
    _, headers, body = request
    signed = headers["Weir-Timestamp"].encode() + b"." + body
    wanted = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(wanted, headers["Weir-Signature"]), headers
    return json.loads(body)


def write(place, name, text):
    path = os.path.join(place.root, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_a_failed_job_tells_over_a_kill_and_its_success_too(arguments):
    with Receiver(None) as receiver, Place(arguments.bin) as place:
        secret = write(place, "hook.key", SECRET + "\n")
        up = place.start_up()
        place.ok("register", place.module("e2e_alerting"))
        place.ok("alerts", "create", "bad_daily", "--on", "run_failed", "--for", "alerting/*",
                 "--webhook", receiver.url(), "--secret", "file:" + secret)
        assert "bad_daily" in place.ok("alerts", "rules").out
        by_job = place.ok("alerts", "create", "by_job", "--on", "run_failed", "--for", "daily").err
        assert "no job is called 'daily'" in by_job and "alerting/daily" in by_job, by_job
        failed = place.run("run", "daily", "-p", "report.fail=true")
        assert failed.code == 1, failed
        receiver.wait_for(1)  # taken, and never answered
        up.kill()
        place.start_up()
        requests = receiver.wait_for(2)
        assert requests[0][1]["Weir-Delivery"] == requests[1][1]["Weir-Delivery"], requests
        message = signed_message(requests[1])
        assert message["state"] == "firing" and message["subject"] == "alerting/daily", message
        assert "the source said no" in message["what"], message
        assert "looking at the source" in message["log"], message
        logs = place.run(*message["next"].split()[1:])
        assert "looking at the source" in logs.out, (message["next"], logs)
        wait_until("its delivery to be noted", lambda: "delivered" in place.ok(
            "alerts", "list", "--firing").out)
        place.ok("run", "daily")
        resolved = signed_message(receiver.wait_for(3)[2])
        assert resolved["state"] == "resolved" and resolved["alert"] == message["alert"], resolved
        assert place.ok("alerts", "list", "--firing", "-o", "name").out == ""
        assert "resolved" in place.ok("alerts", "show", str(message["alert"])).out
        wait_until("nothing to wait", lambda: place.sql("SELECT count(*) FROM outbox")[0][0] == 0)
        assert len(receiver.requests) == 3, receiver.requests


def test_silences_and_tests_by_command(arguments):
    with Receiver() as receiver, Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_alerting"))
        place.ok("alerts", "create", "ended", "--on", "run_finished", "--webhook", receiver.url())
        number = place.ok("alerts", "test", "ended", "-o", "name").out.strip()
        message = json.loads(receiver.wait_for(1)[0][2])
        assert message["state"] == "test" and str(message["alert"]) == number, message
        silence = place.ok("alerts", "silence", "--rule", "ended", "--until", "2h", "--reason",
                           "moving", "-o", "name").out.strip()
        assert "moving" in place.ok("alerts", "silences").out
        place.ok("run", "daily")
        assert "silenced" in place.ok("alerts", "list").out
        place.ok("alerts", "unsilence", silence)
        place.ok("run", "daily")
        message = json.loads(receiver.wait_for(2)[1][2])
        assert message["state"] == "notice" and "succeeded" in message["what"], message
        place.ok("alerts", "edit", "ended", "--on", "run_slow", "--over", "90m")
        assert "run_slow over 1 h 30 m" in place.ok("alerts", "show", "ended").out
        place.ok("alerts", "delete", "ended")
        gone = place.run("alerts", "show", "ended")
        assert gone.code != 0 and "no alert rule" in gone.err, gone


def test_the_operators_channels_and_heartbeat(arguments):
    with Receiver() as beats, Place(arguments.bin) as place:
        told = os.path.join(place.root, "told")
        config = write(place, "alerts.json", json.dumps({
            "channels": {"pager": {"command": f"cat >> {told}"}, "broken": {"command": "exit 3"}},
            "heartbeat": {"webhook": beats.url("/beat"), "every_s": 10}}))
        place.start_up("--alerts-config", config)
        place.ok("register", place.module("e2e_alerting"))
        unknown = place.run("alerts", "create", "a", "--on", "run_failed", "--to", "pagr")
        assert "Did you mean 'pager'?" in unknown.err, unknown
        place.ok("alerts", "create", "a", "--on", "run_failed", "--to", "pager")
        place.ok("alerts", "create", "b", "--on", "run_failed", "--to", "broken")
        assert place.run("run", "daily", "-p", "report.fail=true").code == 1
        wait_until("the command to be told", lambda: os.path.exists(told))
        with open(told, encoding="utf-8") as file:
            message = json.loads(file.readline())
        assert message["rule"] == "a" and message["state"] == "firing", message
        wait_until("the failure to be known", lambda: "status 3" in place.ok(
            "alerts", "list", "--rule", "b").out)
        doctor = place.run("doctor")
        assert "alerts" in doctor.out and "status 3" in doctor.out, doctor
        assert json.loads(beats.wait_for(1)[0][2])["heartbeat"] is True
        wait_until("the heartbeat to be noted",
                   lambda: "last taken at 2" in place.run("doctor").out)
        refused = place.run("register", place.module("e2e_alerting_declared"))
        assert refused.code != 0 and "no channel 'team'" in refused.err, refused
        assert "alerting/daily" not in place.ok("alerts", "rules").out


def test_a_channel_that_there_is_not_is_said_where_there_are_none(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        registered = place.ok("register", place.module("e2e_alerting_declared"))
        assert "tell channel 'team'" in registered.err, registered
        doctor = place.run("doctor")
        assert "tells channel 'team'" in doctor.out and "not configured" in doctor.out, doctor


def test_a_module_brings_its_own_rules(arguments):
    with Receiver() as receiver, Place(arguments.bin) as place:
        secret = write(place, "hook.key", SECRET)
        config = write(place, "alerts.json", json.dumps({
            "channels": {"team": {"webhook": receiver.url(), "secret": "file:" + secret}}}))
        place.start_up("--alerts-config", config)
        place.ok("register", place.module("e2e_alerting_declared"))
        rule = "alerting/daily/run_failed"
        assert "channel team" in place.ok("alerts", "rules").out
        kept = place.run("alerts", "delete", rule)
        assert kept.code != 0 and "declared by the module" in kept.err, kept
        assert place.run("run", "daily", "-p", "report.fail=true").code == 1
        message = signed_message(receiver.wait_for(1)[0])
        assert message["rule"] == rule and message["subject"] == "alerting/daily", message
        assert "load_error" not in message["what"], message["what"]
        place.ok("run", "daily")
        assert signed_message(receiver.wait_for(2)[1])["state"] == "resolved"
        place.ok("register", place.module("e2e_alerting"))
        assert rule not in place.ok("alerts", "rules", "-o", "name").out
        assert place.ok("alerts", "list", "--firing", "-o", "name").out == ""


def test_a_mistake_in_the_operators_file_refuses_the_start(arguments):
    with Place(arguments.bin) as place:
        config = write(place, "alerts.json", '{"channels": {"a": {"comand": "x"}}}')
        refused = place.run("up", "--data", place.data, *place.addresses(), "--alerts-config",
                            config)
        assert refused.code == 2, refused
        assert "channels.a" in refused.err and "Did you mean 'command'?" in refused.err, refused


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
