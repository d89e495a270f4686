"""cliquectl's commands: their arguments, and how their answers look to people; a module for each kind."""

from cliquenntp.control.commands import articles, bridges, moderation, network, people, power, state, upkeep
from cliquenntp.control.commands.line import CommandLine

COMMANDS: tuple[CommandLine, ...] = (
    *state.COMMANDS, *articles.COMMANDS, *moderation.COMMANDS, *bridges.COMMANDS, *network.COMMANDS, *people.COMMANDS,
    *power.COMMANDS, *upkeep.COMMANDS,
)
"""in the order of the help"""

__all__ = ["COMMANDS", "CommandLine"]
