"""The node's other face: its clique cores inside the turn, their links, and what they are asked to follow."""
