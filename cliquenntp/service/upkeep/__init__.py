"""What keeps a node in order: room on the disk, backups, verification, figures."""
