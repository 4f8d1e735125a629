"""Counts its visits in a database that outlives its versions."""
import http.server
import os
import sqlite3

database = sqlite3.connect(os.environ["STATE_DIRECTORY"] + "/visits.db")
database.execute("create table if not exists visits (path text)")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/visit":
            with database:
                database.execute("insert into visits values (?)", (self.path,))
        visits = database.execute("select count(*) from visits").fetchone()[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"It works. {visits} visits\n".encode())


http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
