"""What cliquectl's commands do in the node: each module has one group of them."""
