"""``cliquectl restore``: puts a backup into a folder in which no node runs, so without asking one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cliquenntp.control.passphrase import PassphraseError, passphrase_from
from cliquenntp.control.places import default_data_folder
from cliquenntp.service.start import keep_to_owner
from cliquenntp.service.upkeep.backup import BackupError, restore_backup


def main(argv: Sequence[str] | None = None) -> int:
    """Restore as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="cliquectl restore", description="put a backup into an empty data folder")
    parser.add_argument("path", metavar="FILE", type=Path, help="what `cliquectl backup` wrote")
    data = default_data_folder()
    parser.add_argument("--data", metavar="DIR", type=Path, default=data, help=f"the data folder (default: {data})")
    parser.add_argument("--passphrase-file", metavar="FILE", type=Path, help="where the passphrase is (default: ask)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    keep_to_owner()
    try:
        passphrase = passphrase_from(options.passphrase_file, is_new=False)
        manifest = restore_backup(options.path, options.data.absolute(), passphrase)
    except (BackupError, PassphraseError) as error:
        sys.stderr.write(f"cliquectl: {error}\n")
        return 1
    text = f"restored to {options.data}; start it, and never start the node from which the backup is again"
    print(json.dumps(manifest) if options.json else text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
