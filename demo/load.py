#!/usr/bin/env python3
"""Read a folder of DocBook HTML pages and write them as one transaction of COPY data for psql.

The tree comes from the pages themselves: "up" in a page's navigation header names its parent, and the
chain of <link rel="next"> gives the order. Nothing is written unless the tree is whole.
"""

import os
import secrets
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

HOME = "index.html"
EDITORS = ("ada", "grace", "margaret")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MIME_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg"}


class Page(HTMLParser):
    """One page: its title, kind, content, first paragraph, images and its place in the book."""

    def __init__(self, path):
        super().__init__()
        self.name = path.name
        self.title = self.summary = self.kind = self.content = ""
        self.previous = self.next = self.up = None
        self.images, self.mentions = [], set()
        self.parent, self.children = None, []
        self._depth = 0  # of nested divs
        self._contents_list = None  # the depth of a table of contents while inside one
        self._collect = None  # the list that takes text just now
        self._paragraph = None
        self._start = None
        self._html = path.read_text(encoding="utf-8")
        self._lines = [0]
        for line in self._html.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(self._html)
        self.close()
        del self._html, self._lines

    def _position(self):
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "div":
            if self._depth == 0 and a.get("class") not in ("navheader", "navfooter"):
                self._start, self.kind = self._position(), a["class"]
            elif a.get("class") == "toc":
                self._contents_list = self._depth
            self._depth += 1
        elif tag == "a":
            if a.get("accesskey") == "u":
                self.up = a["href"].partition("#")[0]
            elif self._start is not None and "href" in a:
                self.mentions.add(a["href"].partition("#")[0])
        elif tag == "link":
            if a.get("rel") == "prev":
                self.previous = a["href"]
            elif a.get("rel") == "next":
                self.next = a["href"]
        elif tag == "title":
            self._collect = []
        elif tag == "p" and self._start is not None and self._paragraph is None and self._contents_list is None:
            self._collect = self._paragraph = []
        elif tag in ("img", "object"):
            self.images.append(a.get("src") or a.get("data"))

    def handle_data(self, text):
        if self._collect is not None:
            self._collect.append(text)

    def handle_endtag(self, tag):
        if tag == "div":
            self._depth -= 1
            if self._depth == self._contents_list:
                self._contents_list = None
            if self._depth == 0 and self._start is not None and not self.content:
                self.content = self._html[self._start:self._position() + len("</div>")]
        elif tag == "title":
            self.title, self._collect = squeeze(self._collect), None
        elif tag == "p" and self._collect is not None and self._collect is self._paragraph:
            self.summary, self._collect = squeeze(self._paragraph), None

    @property
    def slug(self):
        return "/" if self.name == HOME else self.name.removesuffix(".html")


def squeeze(pieces):
    return " ".join("".join(pieces).split())


def fail(problem):
    sys.exit(f"load: {problem}")


class Progress:
    """A line that fills up on a terminal; a line now and then elsewhere."""

    def __init__(self, total):
        self.total, self.shown, self.live = total, 0, sys.stderr.isatty()

    def __call__(self, done, what):
        if self.live and (done - self.shown >= 20 or done == self.total):
            bar = "█" * (30 * done // self.total)
            end = "\n" if done == self.total else ""
            print(f"\r  {what} {bar:░<30} {done:>5} of {self.total}", end=end, file=sys.stderr, flush=True)
            self.shown = done
        elif not self.live and (done == self.total or done - self.shown >= self.total / 3):
            print(f"  {what} {done:>5} of {self.total}", file=sys.stderr, flush=True)
            self.shown = done


def read_pages(folder):
    files = sorted(folder.glob("*.html"))
    if not files:
        fail(f"no HTML pages in {folder}")
    progress = Progress(len(files))
    pages = {}
    for number, path in enumerate(files, 1):
        page = pages[path.name] = Page(path)
        if not (page.title and page.content):
            fail(f"{path.name} has no title or no content")
        progress(number, "reading pages")
    return pages


def build_tree(pages):
    """Hang every page under its parent; return the pages in the order of the book."""
    if HOME not in pages:
        fail(f"there is no {HOME}")
    before, name, order = None, HOME, []
    while name is not None:
        page = pages.get(name) or fail(f"{before} leads to {name}, which does not exist")
        if page.previous != before:
            fail(f"{name} says that {page.previous} comes before it, not {before}")
        order.append(page)
        before, name = name, page.next
        if len(order) > len(pages):
            fail("the chain of pages runs in a circle")
    chained = set(order)
    for page in pages.values():  # a page outside the chain goes under the page that mentions it
        if page not in chained:
            page.up = next((p.name for p in order if page.name in p.mentions), None)
            order.append(page)
    for page in order[1:]:
        page.parent = pages.get(page.up) or fail(f"{page.name} has no parent")
        page.parent.children.append(page)
    return order


def walk(root):
    """Every page below and including the root, parents first."""
    found, waiting = [], [root]
    while waiting:
        page = waiting.pop()
        found.append(page)
        waiting.extend(reversed(page.children))
    return found


def ulids():
    """ULIDs of this moment, each greater than the one before."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(79)
    while True:
        yield "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -5, -5))
        value += 1 + secrets.randbits(32)


def field(value):
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return r"\\x" + value.hex()
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def copy(out, table, columns, rows):
    out.write(f"COPY {table} ({columns}) FROM stdin;\n")
    for row in rows:
        out.write("\t".join(map(field, row)) + "\n")
    out.write("\\.\n")


def write(out, folder, pages):
    new = ulids()
    users = {name: next(new) for name in EDITORS}
    kinds = {kind: next(new) for kind in sorted({p.kind for p in pages})}
    routes = {p: next(new) for p in pages}
    ids = {p: next(new) for p in pages}
    ids[None] = None
    first = {p: p.children[0] if p.children else None for p in pages}
    following, preceding = {}, {}
    for p in pages:
        for left, right in zip(p.children, p.children[1:]):
            following[left], preceding[right] = right, left

    def part(page):  # the number of the part of the book that holds the page
        while page.parent and page.parent.parent:
            page = page.parent
        return page.parent.children.index(page) if page.parent else 0

    out.write("BEGIN;\n")
    out.write(f"SELECT concord.set_context(user_id => '{users['ada']}', request_id => 'import', "
              "ip => '10.0.0.5', action => 'import') \\gset\n")
    copy(out, "users", "user_id, username, email, password_hash",
         ((id, name, f"{name}@example.org", f"scrypt$16384${secrets.token_hex(24)}") for name, id in users.items()))
    copy(out, "datatypes", "datatype_id, name", ((id, kind) for kind, id in kinds.items()))
    copy(out, "routes", "route_id, slug", ((routes[p], p.slug) for p in pages))
    copy(out, "content_data", "content_id, parent_id, first_child_id, next_sibling_id, prev_sibling_id, "
         "route_id, datatype_id, author_id",
         ((ids[p], ids[p.parent], ids[first[p]], ids[following.get(p)], ids[preceding.get(p)],
           routes[p], kinds[p.kind], users[EDITORS[part(p) % len(EDITORS)]]) for p in pages))
    copy(out, "content_fields", "content_id, field, value",
         ((ids[p], name, value) for p in pages
          for name, value in (("title", p.title), ("summary", p.summary), ("body", p.content)) if value))
    copy(out, "media", "media_id, content_id, name, mime_type, data",
         ((next(new), ids[p], name, MIME_TYPES[Path(name).suffix], (folder / name).read_bytes())
          for p in pages for name in p.images))
    out.write("COMMIT;\n")


def main():
    if len(sys.argv) != 2:
        fail("usage: load.py FOLDER | psql")
    folder = Path(sys.argv[1])
    pages = read_pages(folder)
    order = build_tree(pages)
    reached = walk(order[0])
    if len(reached) != len(pages):
        fail(f"{len(reached)} pages can be reached from the home page, but there are {len(pages)} files")
    if reached != order:
        fail("the tree and the chain of next pages do not agree about the order")
    write(sys.stdout, folder, order)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        os._exit(130)
    except BrokenPipeError:  # psql has said why
        os._exit(1)
