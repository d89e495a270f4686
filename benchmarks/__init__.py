"""Programs that measure a node: speed, memory, disk. `make bench` runs the NNTP server's."""
