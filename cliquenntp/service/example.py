"""The example configuration: every setting with what it means and its default, commented out.

    python -m cliquenntp.service.example > cliquenntp.toml
"""

from __future__ import annotations

import enum
import json
import sys
import textwrap
from pathlib import Path

import attrs

from cliquenntp.service.settings import Settings

HEAD = """\
# Settings of cliquenntp; cliquenntp.toml(5) and docs/operating.md tell when to change them.
# What is commented out has the value shown.  Flags of `twistd cliquenntp` win over this file.
"""

WIDTH = 100


def default_text(default: object) -> str:
    """Return a default as TOML."""
    if isinstance(default, Path):
        return json.dumps("~/" + str(default.relative_to(Path.home())) if default.is_relative_to(Path.home()) else
                          str(default))
    if default is None:
        return ""
    if isinstance(default, enum.Enum):
        return json.dumps(default.value)
    if isinstance(default, tuple):
        return "[" + ", ".join(default_text(one) for one in default) + "]"
    return json.dumps(default)


def example(data: str = "") -> str:
    """Return the file's text; ``data``: a data folder that is set in it, not only told."""
    parts = [HEAD]
    defaults = Settings()
    for field in attrs.fields(Settings):
        lines = textwrap.wrap(field.metadata["meaning"], WIDTH, initial_indent="# ", subsequent_indent="# ")
        if field.name == "data" and data:
            lines.append(f"data = {json.dumps(data)}")
        else:
            lines.append(f"#{field.name} = {default_text(getattr(defaults, field.name))}".rstrip())
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(example(*sys.argv[1:2]))
