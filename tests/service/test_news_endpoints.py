import pytest

from cliquenntp.service.readers.news_endpoints import NewsEndpoint, news_endpoint


@pytest.mark.parametrize(("text", "twisted", "tls", "confidential", "shared", "may_start_tls"), [
    ("tcp:119", "tcp:119", False, False, False, True),
    ("tcp:119:interface=192.0.2.1", "tcp:119:interface=192.0.2.1", False, False, False, True),
    ("tcp:119:interface=127.0.0.1", "tcp:119:interface=127.0.0.1", False, True, True, True),
    (r"tcp:119:interface=\:\:1", r"tcp:119:interface=\:\:1", False, True, True, True),
    (r"tcp:119:interface=\:\:", r"tcp:119:interface=\:\:", False, False, False, True),
    ("tls:563", "tcp:563", True, True, False, False),
    ("tls:563:interface=127.0.0.1", "tcp:563:interface=127.0.0.1", True, True, True, False),
    ("ssl:563:privateKey=a:certKey=b", "ssl:563:privateKey=a:certKey=b", False, True, False, False),
    ("unix:/run/news", "unix:/run/news", False, True, True, False),
    ("systemd:domain=INET:index=0", "systemd:domain=INET:index=0", False, False, False, True),
    ("i2p", "", False, True, False, False),
])
def test_what_an_endpoint_means(
    text: str, twisted: str, tls: bool, confidential: bool, shared: bool, may_start_tls: bool
) -> None:
    endpoint = news_endpoint(text)
    assert endpoint == NewsEndpoint(text, twisted, tls, confidential, shared)
    assert endpoint.may_start_tls == may_start_tls
    assert (endpoint.scheme == "tls") == text.startswith(("tls:", "ssl:"))


@pytest.mark.parametrize("text", ["", "tcp:", "tls:", "udp:119", "i2p:abc", "127.0.0.1:119", "fd:3"])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="tls:PORT"):
        news_endpoint(text)
