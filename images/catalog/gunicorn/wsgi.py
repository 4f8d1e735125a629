"""Counts its visits in a file that outlives its versions."""
import os

visits = os.environ["STATE_DIRECTORY"] + "/visits"


def app(environ, start_response):
    if environ["PATH_INFO"] == "/visit":
        with open(visits, "a", encoding="utf-8") as file:
            file.write("x")
    count = os.path.getsize(visits) if os.path.exists(visits) else 0
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"It works. {count} visits\n".encode()]
