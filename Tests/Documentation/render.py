#!/usr/bin/env python3
"""Opens pages of a documentation site in headless Chromium, and saves a picture of each.

    Tests/Documentation/render.py SITE PICTURES

A page must show its heading, write nothing to the browser's console and ask for no file that is missing. A page that does the
last two is opened first, to prove that they are noticed.
"""

import functools
import http.server
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

PAGES = [
    ("documentation/", "swift-sans-io-tls"),
    ("documentation/sansiotls/gettingstarted/", "Getting started"),
    ("documentation/sansiotls/tlsengine/", "TLSEngine"),
    ("documentation/sansiotlstestkit/testingtls/", "Testing TLS in a unit test"),
]
BROKEN = "<h1>Broken</h1><img src='missing.png'><script>throw new Error('broken')</script>"


class Handler(http.server.SimpleHTTPRequestHandler):
    missing = []

    def do_GET(self):
        if self.path == "/broken.html":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BROKEN.encode())
        else:
            super().do_GET()

    def send_error(self, code, message=None, explain=None):
        # docc's pages ask for a theme, which a site need not have.
        if self.path != "/theme-settings.json":
            Handler.missing.append(self.path)
        super().send_error(code, message, explain)

    def log_message(self, *arguments):
        pass


def chromium(url, *options):
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             f"--user-data-dir={profile}", "--virtual-time-budget=20000", *options, url],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    console = [line.split("] ", 1)[1] for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return done.stdout, console


def main(site, pictures):
    pictures.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    faults = []
    _, console = chromium(address + "broken.html", "--dump-dom")
    if Handler.missing != ["/missing.png"] or len(console) != 1:
        faults.append(f"a broken page was not noticed: {Handler.missing} {console}")
    for number, (page, heading) in enumerate(PAGES, 1):
        Handler.missing.clear()
        picture = pictures / f"{number}.png"
        document, console = chromium(
            address + page, "--hide-scrollbars", "--window-size=1280,1600", f"--screenshot={picture}", "--dump-dom")
        titles = [re.sub(r"<[^>]*>", "", title).strip() for title in re.findall(r"<h1.*?</h1>", document, re.DOTALL)]
        if heading not in titles:
            faults.append(f"{page} shows {titles} and not {heading!r}")
        if not picture.is_file() or picture.stat().st_size < 10_000:
            faults.append(f"{page} was not drawn")
        faults += [f"{page}: {line}" for line in console]
        faults += [f"{page}: no file {path}" for path in Handler.missing]
    server.shutdown()
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    print(f"{len(PAGES)} pages drawn in {pictures}, nothing on the console")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
