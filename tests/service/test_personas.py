from pathlib import Path

import pytest

from cliquenntp.service.readers.personas import Personas


def test_a_persona_is_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    signer = Personas(folder).signer("owner")
    assert (folder / "owner").stat().st_mode & 0o777 == 0o600
    personas = Personas(folder)
    assert personas.signer("owner").key == signer.key
    assert personas.signer("owner") is personas.signer("owner")
    assert personas.signer("account-1").key != signer.key


@pytest.mark.parametrize("name", ["", "../owner"])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="key file"):
        Personas(tmp_path / "keys").signer(name)
