from hypothesis import given
from hypothesis import strategies as st

from cliquenntp.clique.effects import Persist
from cliquenntp.service.network.clique_state import forget_node, forget_parts, persist, piece_name, piece_of, pieces

parts = st.one_of(st.sampled_from(["node", "follow", "position"]), st.binary(min_size=32, max_size=32), st.booleans())
names = st.lists(parts, min_size=1, max_size=3).map(tuple)
plain = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=5,
)


class Pieces:
    """The store's named pieces, as a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def piece_set(self, name: str, value: bytes) -> None:
        self.values[name] = value

    def piece_delete(self, name: str) -> None:
        self.values.pop(name, None)

    def pieces(self, prefix: str) -> list[tuple[str, bytes]]:
        return [(name, value) for name, value in sorted(self.values.items()) if name.startswith(prefix)]


@given(names)
def test_a_pieces_name_tells_the_piece(piece: tuple[str | bytes | bool, ...]) -> None:
    found = piece_of(piece_name(piece))
    assert found == piece
    assert [type(part) for part in found] == [type(part) for part in piece]


@given(st.dictionaries(names, plain, max_size=3))
def test_pieces_come_back_as_they_were(values: dict[tuple[str | bytes | bool, ...], object]) -> None:
    stored = Pieces()
    persist(stored, [Persist(piece, value) for piece, value in values.items()])  # type: ignore[arg-type]
    assert {piece_name(piece): value for piece, value in pieces(stored).items()} == {  # type: ignore[arg-type]
        piece_name(piece): value for piece, value in values.items()
    }
    persist(stored, [Persist(piece, None) for piece in values])  # type: ignore[arg-type]
    assert pieces(stored) == {}  # type: ignore[arg-type]


def test_each_nodes_core_has_pieces_of_its_own() -> None:
    store = Pieces()
    channel = b"c" * 32
    kept = [Persist(("node",), 1), *(Persist((part, channel, False), part) for part in ("follow", "links", "position"))]
    for node in (0, 1, 12):
        persist(store, kept, node)
    persist(store, [Persist(("node",), 7)], 1)
    assert [pieces(store, node)["node",] for node in (0, 1, 12)] == [1, 7, 1]
    forget_parts(store, ("links", "position"))
    assert [len(pieces(store, node)) for node in (0, 1, 12)] == [2, 2, 2]
    forget_node(store, 1)
    assert [len(pieces(store, node)) for node in (0, 1, 12)] == [2, 0, 2]
