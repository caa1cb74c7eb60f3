#!/usr/bin/env python3
"""Opens reports in headless Chromium and looks at what came of them: browse.py PSQL FOLDER

Databases are made from the .sql files beside this and named as these are; `empty` has none. Every page is looked at as it is, and
once more without its Content-Security-Policy and with a probe: a script that notes what ran and measures the page. The last line
is "N passed, N failed". Pages, and pictures of them, stay in FOLDER.
"""

import json
import re
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
BROWSER = "chromium-headless-shell"
WIDTHS = (390, 1280)
MAX_BYTES = 3_000_000
MAX_SECONDS = 10

# Before everything: whatever a value manages to run is noted.
TRAP = """<script>
window.ran = []; window.failed = [];
window.run = (n) => window.ran.push(n);
for (const name of ["alert", "confirm", "prompt", "open"]) window[name] = () => window.ran.push(name);
addEventListener("error", (event) => window.failed.push(String(event.message)), true);
</script>"""
# After everything: what can be clicked is clicked, and what came of it is written into the page.
PROBE = """<script>
const all = [...document.querySelectorAll("*")];
for (const element of document.querySelectorAll("summary, bdi, td, pre")) element.click();
setTimeout(() => {
    const kinds = {};
    for (const element of all) kinds[element.localName] = (kinds[element.localName] || 0) + 1;
    const probe = {
        ran: window.ran, failed: window.failed, kinds, width: document.documentElement.scrollWidth, window: innerWidth,
        handlers: all.flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith("on")).length,
        links: all.flatMap((e) => [...e.attributes]).filter((a) => /^(src|href|action|style|srcdoc)$/.test(a.name)).map((a) => a.value),
        sql: [...document.querySelectorAll("pre")].map((e) => e.textContent), text: document.body.innerText.slice(0, 200000),
        overlong: all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("svg")).length,
    };
    document.body.textContent = "";
    const pre = document.body.appendChild(document.createElement("pre"));
    pre.id = "probe";
    pre.textContent = encodeURIComponent(JSON.stringify(probe));
}, 0);
</script>"""

passed = failed = 0


def check(what, holds, *seen):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print("FAILED", what, *seen)


def psql(database, *arguments):
    done = subprocess.run([sys.argv[1], "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments], stdout=subprocess.PIPE,
                          check=True, encoding="utf-8")
    return done.stdout


def browse(page, *options, width=1280):
    """What the browser printed of a page, and what its console said."""
    done = subprocess.run(
        [BROWSER, "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=3000",
         f"--window-size={width},1000", *options, page.as_uri()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        errors="replace", timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def probed(page, width):
    """What the probe saw in a page without its policy."""
    html = page.read_text(encoding="utf-8")
    open_page, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', TRAP, html, count=1)
    check(f"{page.name} has a policy", count == 1)
    copy = page.with_suffix(f".{width}.probe.html")
    copy.write_text(open_page.replace("</body></html>", PROBE + "</body></html>"), encoding="utf-8")
    dom, console = browse(copy, "--dump-dom", width=width)
    found = re.search(r'<pre id="probe">([^<]*)</pre>', dom)
    check(f"{page.name} at {width}: the probe ran", found, console[:3])
    return json.loads(urllib.parse.unquote(found.group(1))) if found else None


ELEMENTS = set("""html head meta title style body header footer main section article h1 h2 h3 p ul li a b i em s small span bdi code pre
    table thead tbody tfoot tr th td details summary mark del div svg path rect script""".split())


def look(page, widths=WIDTHS, printed=True):
    """The tests that every page has to pass; what the probe saw at the last width."""
    dom, console = browse(page, "--dump-dom")
    check(f"{page.name}: the browser has nothing to say", not console, console[:3])
    check(f"{page.name}: it ends where it should", "<footer>" in dom)
    for width in widths:
        seen = probed(page, width)
        if not seen:
            continue
        name = f"{page.name} at {width}"
        check(f"{name}: nothing ran", seen["ran"] == [] and seen["failed"] == [], seen["ran"], seen["failed"])
        check(f"{name}: no element but the page's own", set(seen["kinds"]) <= ELEMENTS, set(seen["kinds"]) - ELEMENTS)
        check(f"{name}: no script, no title, no style of others", seen["kinds"]["script"] == 2 and seen["kinds"]["style"] == 1, seen["kinds"])
        check(f"{name}: no handlers", seen["handlers"] == 0)
        check(f"{name}: links stay in the page", all(link.startswith("#") for link in seen["links"]), seen["links"][:3])
        check(f"{name}: as wide as the window", seen["window"] == width and seen["width"] <= width, seen["window"], seen["width"])
        check(f"{name}: nothing reaches out of it", seen["overlong"] == 0, seen["overlong"])
        browse(page, f"--screenshot={page.with_suffix(f'.{width}.png')}", width=width)
    if not printed:
        return seen
    browse(page, "--no-pdf-header-footer", f"--print-to-pdf={page.with_suffix('.pdf')}")
    pages = len(re.findall(rb"/Type\s*/Page\b", page.with_suffix(".pdf").read_bytes()))
    check(f"{page.name}: it can be printed", pages > 0)
    return seen


def run_sql(database, statements):
    """Runs the statements of a page with a function in the place of the one they call, and compares what that was given."""
    psql(database, "-c", "CREATE TABLE noted (conflict_id concord.ulid, keep text, row_values jsonb)", "-c",
         "CREATE FUNCTION note(concord.ulid, text, jsonb = NULL) RETURNS void LANGUAGE sql AS 'INSERT INTO noted VALUES ($1, $2, $3)'")
    for statement in statements:
        psql(database, "-c", statement.replace("concord.resolve_conflict(", "note("))
    kept = psql(database, "-c", "SELECT keep, count(*) FROM noted GROUP BY keep ORDER BY keep").split()
    check("every statement of the page runs", kept == ["local|3", "merged|2", "remote|3"], kept)
    for statement in statements:
        if "'01000000000000000000000001'" not in statement:     # whose table is not here
            psql(database, "-c", "BEGIN", "-c", statement, "-c", "ROLLBACK")
    wrong = psql(database, "-c", """SELECT v.key, v.value FROM noted n JOIN concord.conflicts c USING (conflict_id)
        CROSS JOIN jsonb_each(n.row_values) v WHERE v.value IS DISTINCT FROM c.remote_values -> v.key""")
    check("the values in it are those of the conflict", wrong == "", wrong)
    columns = psql(database, "-c", "SELECT count(*) FROM noted n, jsonb_object_keys(n.row_values)").strip()
    check("all columns that differ are in it", columns == "6", columns)


def main():
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    seen = {}
    for name in ("empty", "hostile", "many"):
        psql("postgres", "-c", f"CREATE DATABASE {name}")
        psql(name, *(["-f", HERE / f"{name}.sql"] if name != "empty" else ["-c", "CREATE EXTENSION concord"]))
        begin = time.monotonic()
        html = psql(name, "-c", "SELECT concord.report()")
        check(f"{name} is made in time", time.monotonic() - begin < MAX_SECONDS, time.monotonic() - begin)
        check(f"{name} is not too large", len(html.encode()) < MAX_BYTES, len(html.encode()))
        page = folder / f"{name}.html"
        page.write_text(html, encoding="utf-8")
        # A long page takes the browser long.
        seen[name] = look(page, WIDTHS[:1], False) if name == "many" else look(page)
    check("an empty report says so", seen["empty"] and seen["empty"]["text"].count("Nothing needs a decision") == 1)
    if seen["hostile"]:
        text = seen["hostile"]["text"]
        for shown in ("<script>run(1)</script>", "</title></svg><img src=x onerror=run(2)>", "' onclick='run(3)", "<svg/onload=run(4)>",
                      "run(6)</script>", "<script>run(12)</script>", "<script>run(17)</script>", "<script>run(22)</script>",
                      "⟨U+202E⟩&lt;script&gt;", "مرحبا"):
            check(f"{shown} is shown as it is", shown in text)
        check("no direction is changed", "\u202e" not in text)
        run_sql("hostile", seen["hostile"]["sql"])
    if seen["many"]:
        check("200 conflicts are shown", seen["many"]["kinds"].get("article") == 200)
        check("the rest is counted", "9,800 open conflicts more" in (folder / "many.html").read_text(encoding="utf-8"))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
