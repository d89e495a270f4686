"""The parts of the manuals that the program knows best: commands, flags and settings, as Markdown."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Mapping

import attrs

from cliquenntp.control.cliquectl import parser
from cliquenntp.service.example import default_text
from cliquenntp.service.settings import Settings
from cliquenntp.service.tap import Options


def commands() -> str:
    """Return a section for each command of cliquectl."""
    [subparsers] = [
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    parts = []
    for name, subparser in subparsers.choices.items():
        usage = " ".join(subparser.format_usage().split()).removeprefix("usage: ").replace("[-h] ", "")
        parts.append(f"### {name}\n\n    {usage}\n\n{_sentence(subparser.description)}\n\n")
        for action in subparser._actions:
            if action.dest not in ("help", "json"):
                parts.append(f"{_words(action)}\n: {_sentence(action.help)}\n\n")
    return "".join(parts)


def _words(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(action.choices) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    takes = "" if action.nargs == 0 else f" {value}"
    return ", ".join(f"`{option}{takes}`" for option in action.option_strings)


def _sentence(text: str | None) -> str:
    text = text or ""
    return f"{text[:1].upper()}{text[1:]}."


def flags() -> str:
    """Return an entry for each flag of ``twistd cliquenntp``."""
    options = Options()
    parts = [
        f"`--{name} {name.upper()}`\n: {_sentence(meaning)}\n\n" for name, _, _, meaning, *_ in Options.optParameters]
    for name, method in inspect.getmembers(options, inspect.ismethod):
        if name.startswith("opt_") and method.__func__.__qualname__.startswith("Options.") and method.__doc__ and (
                method.__module__ == Options.__module__):
            parts.append(f"`--{name[4:].replace('_', '-')} WHERE`\n: {' '.join(method.__doc__.split())}\n\n")
    return "".join(parts)


def settings() -> str:
    """Return an entry for each setting."""
    defaults = Settings()
    parts = []
    for field in attrs.fields(Settings):
        default = default_text(getattr(defaults, field.name)) or "none"
        parts.append(f"`{field.name}`\n: {_sentence(field.metadata['meaning'])} Default: `{default}`.\n\n")
    return "".join(parts)


TEXTS: Mapping[str, Callable[[], str]] = {"commands": commands, "flags": flags, "settings": settings}
"""by the name in a page's ``<!-- NAME -->``"""
