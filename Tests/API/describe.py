#!/usr/bin/env python3
"""Prints the public API that a folder of symbol graphs describes: a line for each declaration and for each conformance.

    Tests/API/describe.py GRAPHS

The lines are sorted and depend on nothing but the API, so that a diff of two descriptions is what was added, removed or renamed.
"""

import json
import pathlib
import sys

# What every type gets without being declared.
IMPLICIT = {"Swift.Escapable", "Swift.SendableMetatype", "Swift.BitwiseCopyable"}


def describe(graph):
    module = graph["module"]["name"]
    names = {}
    for symbol in graph["symbols"]:
        path = ".".join(symbol["pathComponents"])
        names[symbol["identifier"]["precise"]] = path
        declaration = " ".join("".join(part["spelling"] for part in symbol["declarationFragments"]).split())
        yield f"{module} {path} | {declaration}"
    for relation in graph["relationships"]:
        protocol = relation.get("targetFallback") or names.get(relation["target"], relation["target"])
        if relation["kind"] in ("conformsTo", "inheritsFrom") and protocol not in IMPLICIT:
            if relation["source"] in names:
                yield f"{module} {names[relation['source']]} : {protocol}"


if __name__ == "__main__":
    files = sorted(pathlib.Path(sys.argv[1]).glob("*/*.symbols.json"))
    lines = {line for file in files for line in describe(json.loads(file.read_text()))}
    print("\n".join(sorted(lines)))
