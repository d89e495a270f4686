import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.control import protocol


@given(st.text(alphabet=st.characters(), max_size=2000), st.integers(min_value=1, max_value=300))
def test_a_message_cut_in_pieces_comes_out_whole(text: str, repeat: int) -> None:
    message = {"rows": [{"subject": text * repeat}]}
    gatherer = protocol.Gatherer()
    gathered = [gatherer.add(data, last) for data, last in protocol.pieces(message)]
    assert gathered[-1] == message
    assert gathered[:-1] == [None] * (len(gathered) - 1)


def test_each_piece_fits_an_amp_value() -> None:
    sizes = [len(data) for data, _ in protocol.pieces({"result": {"graph": "ä" * 1_000_000}})]
    assert max(sizes) <= 0xFFFF
    assert sum(sizes) > 2_000_000


def test_an_endless_message_is_refused() -> None:
    gatherer = protocol.Gatherer()
    with pytest.raises(protocol.CommandError, match=str(protocol.MESSAGE_BYTES)):
        for _ in range(protocol.MESSAGE_BYTES // protocol.PIECE_BYTES + 1):
            gatherer.add(b"x" * protocol.PIECE_BYTES, False)
