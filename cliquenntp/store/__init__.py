"""The only importer of ZODB: documents, groups and their numbers, node state."""
