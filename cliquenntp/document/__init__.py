"""What is passed on: immutable signed messages, their ids, parsing, signing and limits. Pure."""
