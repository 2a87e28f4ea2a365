# A test script's frame: functions whose names begin with `test_` are the cases, each takes the
# parsed arguments. Prints one line a case and ends in `N passed, M failed`, which ./dev test
# adds up.
# `--only NAME` runs the cases whose name holds NAME.
import argparse
import sys
import time
import traceback


class Skip(Exception):
    """This machine cannot show the case; the message says why."""


def main(module, extra=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, help="folder of the binaries")
    parser.add_argument("--examples", default="build/examples", help="folder of built examples")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    arguments = parser.parse_args()
    cases = [(n, f) for n, f in vars(module).items() if n.startswith("test_") and callable(f)]
    passed, failed, skipped = 0, 0, 0
    for name, case in cases:
        if arguments.only not in name:
            continue
        begin = time.monotonic()
        try:
            case(arguments)
            passed += 1
            state = "ok"
        except Skip as reason:
            skipped += 1
            state = f"skipped: {reason}"
        except Exception:  # a case may fail in any way, and the others still count
            failed += 1
            state = "FAILED"
            traceback.print_exc(file=sys.stdout)
        print(f"{state:>8}  {name}  {time.monotonic() - begin:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or passed + skipped == 0 else 0)
