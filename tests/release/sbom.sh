#!/usr/bin/env bash
# The list of what the program is made of has every library that the loader takes, with the version
# that is installed, and says the same twice:  sbom.sh BINARY BUILD_FOLDER
set -euo pipefail
binary=$1
folder=$2
command -v dpkg-query >/dev/null || exit 77
sbom=$(realpath "$(dirname "$0")/../../tools/sbom")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$sbom" "$binary" "$folder" >"$work/first.json"
"$sbom" "$binary" "$folder" >"$work/second.json"
cmp "$work/first.json" "$work/second.json"
ldd "$binary" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u >"$work/loaded"
python3 - "$work/first.json" "$work/loaded" <<'PYTHON'
import json, subprocess, sys
document = json.load(open(sys.argv[1]))
assert document["bomFormat"] == "CycloneDX" and document["specVersion"] == "1.4"
assert document["metadata"]["component"]["version"], "the program's own version"
files = {}
headers = set()
for component in document["components"]:
    for field in ("type", "name", "version", "purl"):
        assert component[field], component
    uses = {one["name"]: one["value"] for one in component["properties"]}
    if uses["intertie:use"] == "headers":
        headers.add(component["name"])
        continue
    files[uses["intertie:file"]] = component
    installed = subprocess.run(["dpkg-query", "-W", "-f=${Version}", component["name"]],
                               capture_output=True, text=True).stdout
    assert component["version"] in installed, component["name"]
    digest = subprocess.run(["sha256sum", uses["intertie:file"]], capture_output=True,
                            text=True).stdout.split()[0]
    assert component["hashes"][0]["content"] == digest, component["name"]
loaded = set(open(sys.argv[2]).read().split())
assert loaded == set(files), (loaded ^ set(files), "differ from what the loader takes")
# Compiled in, and seen by no loader.
assert any(name.startswith("libboost") for name in headers), headers
print(len(files), "libraries,", len(headers), "packages of headers")
PYTHON
