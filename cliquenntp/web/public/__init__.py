"""The public forums as pages that anybody can read, and nothing else: no form, no script, no cookie."""

from cliquenntp.web.public.site import make_public_site

__all__ = ["make_public_site"]
