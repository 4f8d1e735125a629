"""Asks bench/answer.cc at ADDRESS again and again, a connection each time, until its input ends; then says how many requests
were answered and failed, and for how many seconds in all nobody answered."""
import json
import select
import socket
import sys
import time


def answered(address):
    try:
        with socket.create_connection((address, 8080), timeout=20) as connection:
            connection.sendall(b"?")
            return connection.recv(16) == b"here\n"
    except OSError:
        return False


def main():
    out = {"answered": 0, "failed": 0, "down_seconds": 0.0}
    print("asking", flush=True)
    last = None
    while not select.select([sys.stdin], [], [], 0)[0]:
        good = answered(sys.argv[1])
        out["answered" if good else "failed"] += 1
        now = time.monotonic()
        if good:
            if last is not None and out["failed"] > failed_before:
                out["down_seconds"] += now - last
            last, failed_before = now, out["failed"]
    print(json.dumps(out))


main()
