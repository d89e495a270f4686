"""Newsgroups of other news servers that are forums here, and the ways in and out."""
