"""A person before a GTK program: looks at its windows and presses what is in them, through AT-SPI.

Runs in the system's Python, which has Debian's python3-gi; ``desktop.py`` starts it.  Each line of its input is a
JSON list: the name of one of ``Person``'s methods, and its arguments.  It answers each with a line: [result, error].
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

warnings.simplefilter("ignore", DeprecationWarning)
SECONDS = 30.0
"""how long to look for what is to be pressed"""


class Person:
    """One program's windows; ``window`` is always the beginning of a title, ``number`` counts what has the role."""

    def __init__(self, program):
        self._program = program

    def windows(self):
        """Return the titles of the windows that are open."""
        return [window.get_name() for window in self._windows()]

    def click(self, window, role, name):
        """Press a button or choose from a menu."""
        found = self._wait(window, role, name)
        if not found.get_action_iface().do_action(0):
            raise LookupError(f"{role} {name!r} cannot be pressed")

    def labels(self, window):
        """Return what a window's labels say."""
        return [label.get_name() for label in self._all(window, "label")]

    def check(self, window, name, wanted):
        """Tick an entry of a menu, or take its tick away; return when the program has done so."""
        entry = self._wait(window, "check menu item", name)

        def is_so():
            return entry.get_state_set().contains(Atspi.StateType.CHECKED) == wanted or None

        if not is_so():
            entry.get_action_iface().do_action(0)
            self._retry(is_so, f"change of {name!r} in {window!r}")

    def read(self, window, role, number=0):
        """Return a text."""
        text = self._nth(window, role, number).get_text_iface()
        return text.get_text(0, text.get_character_count())

    def write(self, window, role, number, text):
        """Put a text in place of another."""
        if not self._nth(window, role, number).get_editable_text_iface().set_text_contents(text):
            raise LookupError(f"{role} {number} takes no text")

    def set_number(self, window, role, number, wanted):
        """Turn a field for a number to it."""
        self._nth(window, role, number).get_value_iface().set_current_value(wanted)

    def enter(self, window, role, number, text):
        """Put a text in place of another, and press Enter there."""
        self.write(window, role, number, text)
        self._nth(window, role, number).get_action_iface().do_action(0)

    def rows(self, window, number):
        """Return the rows of a table: [how many rows stand above it in its tree, its cells' texts]."""
        def look():
            table = self._nth(window, "tree table", number)
            columns = table.get_table_iface().get_n_columns()
            cells = [child for child in children(table) if child.get_role_name() != "table column header"]
            rows = [cells[start:start + columns] for start in range(0, len(cells), columns)]
            return [[max(depth_of(cell) for cell in row), [cell.get_name() for cell in row]] for row in rows]

        return self._retry(look, f"table {number} in {window!r} that stays as it is")

    def activate(self, window, number, row):
        """Double-click on a row of a table."""
        self.select(window, number, row)
        table = self._nth(window, "tree table", number)
        actions = table.get_table_iface().get_accessible_at(row, 0).get_action_iface()
        names = [actions.get_action_name(index) for index in range(actions.get_n_actions())]
        actions.do_action(names.index("activate"))

    def select(self, window, number, row):
        """Select a row of a table."""
        table = self._nth(window, "tree table", number).get_table_iface()
        for selected in list(table.get_selected_rows()):
            table.remove_row_selection(selected)
        table.add_row_selection(row)

    def _windows(self):
        return [window for application in children(Atspi.get_desktop(0)) if application.get_name() == self._program
                for window in children(application)]

    def _all(self, window, role):
        """Yield all things of a role that are in the windows with that title."""
        waiting = [found for found in self._windows() if found.get_name().startswith(window)]
        while waiting:
            thing = waiting.pop(0)
            if thing.get_role_name() == role:
                yield thing
            if thing.get_role_name() != "tree table":  # the cells are many
                waiting[:0] = children(thing)

    def _wait(self, window, role, name):
        return self._retry(lambda: next((thing for thing in self._all(window, role) if thing.get_name() == name), None),
                           f"{role} {name!r} in {window!r}")

    def _nth(self, window, role, number):
        def look():
            found = list(self._all(window, role))
            return found[number] if -len(found) <= number < len(found) else None

        return self._retry(look, f"{role} {number} in {window!r}")

    def _retry(self, look, what):
        """Look until there is something; what is there may go away while it is looked at."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                found = look()
            except GLib.Error:
                found = None
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise LookupError(f"there is no {what}; open are {self.windows()}")
            time.sleep(0.05)


def children(thing):
    """Return what is directly inside."""
    found = [thing.get_child_at_index(index) for index in range(thing.get_child_count())]
    return [child for child in found if child is not None]


def depth_of(cell):
    """Return how many rows stand above a cell's in its tree."""
    depth = 0
    while True:
        parents = [relation.get_target(0) for relation in cell.get_relation_set()
                   if relation.get_relation_type() == Atspi.RelationType.NODE_CHILD_OF]
        if not parents or parents[0].get_role_name() != "table cell":
            return depth
        cell, depth = parents[0], depth + 1


def main():
    """Answer until the input ends."""
    person = Person(sys.argv[1])
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer = [getattr(person, method)(*arguments), None]
        except Exception as error:  # also what the program answers while it closes a window
            answer = [None, f"{type(error).__name__}: {error}"]
        print(json.dumps(answer), flush=True)


main()
