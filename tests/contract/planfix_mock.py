"""Make the vendor's description of Planfix fit for a mock server: ``python planfix_mock.py IN OUT``.

What counts as valid is left as it is. Changed are the address (the API lies below ``/rest``, which Prism does
not take from ``servers``) and examples that no portal would send: moments that are followed by their pattern,
``"01-12-1900 (dd-MM-yyyy)"``; lists without an example, which a mock fills with ``"result": "string"`` and
negative ids; the list of datatags, whose example is in the wrong place; a download that leads nowhere.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

PREFIX = "/rest"
EXAMPLES = {("result", "string"): "success", ("id", "integer"): 7, ("id", "string"): "user:7"}
PATTERN = re.compile(r" \((?:dd-MM-yyyy|HH:mm|yyyy-MM-dd)[^)]*\)$")


def prepare(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description with its paths below ``/rest`` and with examples that make sense."""
    prepared: dict[str, Any] = _mended(description)
    prepared["paths"] = {PREFIX + path: operations for path, operations in prepared["paths"].items()}
    download = prepared["paths"][f"{PREFIX}/file/{{id}}/download"]["get"]["responses"]["302"]
    download["headers"]["Location"]["schema"]["example"] = f"{PREFIX}/ping"
    return prepared


def _mended(node: Any) -> Any:
    if isinstance(node, list):
        return [_mended(one) for one in node]
    if isinstance(node, str):
        return PATTERN.sub("", node)
    if not isinstance(node, dict):
        return node
    mended = {name: _mended(value) for name, value in node.items()}
    if "properties" in mended:
        if set(mended.get("example") or ()) == {"value"}:
            del mended["example"]
        for name, schema in mended["properties"].items():
            example = EXAMPLES.get((name, schema.get("type")))
            if example is not None:
                schema["example"] = example
    return mended


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(json.dumps(prepare(json.loads(source.read_text())), ensure_ascii=False))
