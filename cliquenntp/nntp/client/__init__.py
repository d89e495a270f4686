"""The conversation with another news server, as its reader or its peer: bytes in and bytes out."""

from cliquenntp.nntp.client.conversation import Conversation, Reply, ServerError

__all__ = ["Conversation", "Reply", "ServerError"]
