# shellcheck shell=bash
# For set-ups: the application `web`, built, on the hosts that are named, updated once.
web_on() {  # web_on HOST...
  local host page
  for host; do host "$host"; done
  mkdir -p images www
  cat >images/web.json <<'JSON'
{ "name": "web",
  "source": { "elf": ["/usr/bin/python3"] },
  "contents": { "files": { "/srv/www": "../www" } },
  "services": { "web": {
    "exec": ["python3", "-m", "http.server", "8000", "--directory", "/srv/www"],
    "ports": [8000],
    "health": { "http": "/" } } } }
JSON
  for page in one two; do
    echo "<h1>$page</h1>" >www/index.html
    imgbuild web >/dev/null 2>&1
    for host; do imgpush --activate --yes "$host" web >/dev/null 2>&1; done
  done
}
