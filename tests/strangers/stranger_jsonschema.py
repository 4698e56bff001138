#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stranger's validator reads docs/script.schema.json and must accept and refuse the same scripts as nvrm-cli.

Usage: stranger_jsonschema.py NVRM_CLI ROOT. Exit code 77 without the modules jsonschema and yaml.
"""
import glob
import json
import os
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    print("python3-jsonschema and python3-yaml are not there")
    sys.exit(77)

# What no schema can see: other files, and the inside of expressions and patterns.
BEYOND = {"absolute", "bad-inside", "broken-expression", "cycle-a", "cycle-b", "missing"}


class JsonScalars(yaml.SafeLoader):
    """Plain scalars as JSON writes them, the way nvrm-cli reads YAML."""


JsonScalars.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"^(true|false)$", "tf"),
    ("null", r"^(null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?(0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
):
    JsonScalars.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), list(first))


def load(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    try:
        return json.loads(text) if path.endswith(".json") else yaml.load(text, JsonScalars)
    except (ValueError, yaml.YAMLError):
        return None  # a broken file is not the schema's business


def main():
    cli, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.chdir(root)
    with open("docs/script.schema.json", encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    compared = differ = 0
    for pattern in ("examples/*.yaml", "examples/*.json", "examples/lib/*.yaml",
                    "tests/cli/data/*.json", "tests/cli/data/*.yaml", "tests/cli/data/script/*.yaml"):
        for path in sorted(glob.glob(pattern)):
            doc = load(path)
            if doc is None or os.path.basename(path).split(".")[0] in BEYOND:
                continue
            theirs = validator.is_valid(doc)
            run = subprocess.run([cli, "run", "--check", path], capture_output=True, text=True, check=False)
            ours = run.returncode in (0, 9)
            compared += 1
            if ours != theirs:
                differ += 1
                print(f"{path}: schema says {theirs}, nvrm-cli says {ours}: {run.stderr}")
    print(f"{compared} scripts compared, {differ} differ")
    return 1 if differ or compared < 25 else 0


if __name__ == "__main__":
    sys.exit(main())
