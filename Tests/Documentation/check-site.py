#!/usr/bin/env python3
"""Checks the links of a documentation site that Tests/Documentation/build has built, and those of the README.

    Tests/Documentation/check-site.py SITE

Each link must lead to a page, each anchor to a heading, each image to a file. On the page of a module, and of each type whose topics
a catalogue names, every public symbol must be in one of these topics.
"""

import json
import pathlib
import re
import sys


# What the toolchain itself brings has no pages in the site.
STANDARD = re.compile(r"(Swift|_Concurrency|Testing|XCTest)\.")


def walk(value, visit):
    if isinstance(value, dict):
        visit(value)
        for item in value.values():
            walk(item, visit)
    elif isinstance(value, list):
        for item in value:
            walk(item, visit)


def anchors(page):
    found = set()
    walk(page.get("primaryContentSections", []), lambda node: found.add(node["anchor"]) if "anchor" in node else None)
    return {anchor.lower() for anchor in found} | {"topics", "see-also", "overview", "discussion"}


def check_site(site):
    faults = []
    pages = {}
    for file in sorted(site.glob("data/**/*.json")):
        pages["/" + str(file.relative_to(site / "data")).removesuffix(".json")] = json.loads(file.read_text())
    for path, page in pages.items():
        if not (site / path[1:] / "index.html").is_file():
            faults.append(f"{path} has no index.html")
        sections = page.get("topicSections", [])
        is_module = page.get("kind") == "symbol" and page["metadata"].get("symbolKind") == "module"
        if is_module or any(not section.get("generated") for section in sections):
            for section in sections:
                if section.get("generated") and section["title"] != "Default Implementations":
                    faults += [f"{path}: {name} is in no topic" for name in section["identifiers"]]
        for reference in page.get("references", {}).values():
            url = reference.get("url", "")
            if reference.get("type") == "image":
                for variant in reference["variants"]:
                    if not (site / variant["url"].lstrip("/")).is_file():
                        faults.append(f"{path}: no image {variant['url']}")
            elif reference.get("type") == "unresolvable" and not STANDARD.match(reference.get("title", "")):
                faults.append(f"{path}: {reference.get('title')} was not resolved")
            elif url.startswith("/"):
                target, _, anchor = url.partition("#")
                if target.lower() not in pages:
                    faults.append(f"{path}: no page {url}")
                elif anchor and anchor.lower() not in anchors(pages[target.lower()]):
                    faults.append(f"{path}: no heading {url}")
    if len(pages) < 100:
        faults.append(f"{site} holds {len(pages)} pages")
    return faults, len(pages)


def check_readme(root):
    text = (root / "README.md").read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?:src|srcset)=\"([^\"]+)\"", text)
    local = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    return [f"README.md: no file {link}" for link in local if not (root / link).exists()], len(local)


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    faults, pages = check_site(pathlib.Path(sys.argv[1]))
    more, links = check_readme(root)
    for fault in faults + more:
        print(fault)
    if faults or more:
        sys.exit(1)
    print(f"{pages} pages and {links} links of the README: no link is broken")
