"""What a page must have for people who hear it, or use the keyboard alone."""

from __future__ import annotations

from html.parser import HTMLParser

WITHOUT_LABEL = {"hidden", "submit"}


class Page(HTMLParser):
    """Reads a page and notes what is missing."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.wanted: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        has = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if "id" in has:
            self.ids.append(has["id"])
        if tag == "html" and not has.get("lang"):
            self.wrong.append("the page's language is not told")
        if tag == "label":
            self.labelled.add(has.get("for", ""))
        if tag in ("input", "textarea", "select") and has.get("type") not in WITHOUT_LABEL:
            self.fields.append(has)
        if tag == "img" and not has.get("alt"):
            self.wrong.append("a picture without a text")
        if tag == "th" and "scope" not in has:
            self.wrong.append("a heading of a table that does not say of what")
        if tag in ("section", "article", "nav") and not {"aria-label", "aria-labelledby"} & set(has):
            self.wrong.append(f"a {tag} without a name")
        if "aria-labelledby" in has:
            self.wanted.append(has["aria-labelledby"])
        if has.get("tabindex", "0") not in ("0", "-1"):
            self.wrong.append("an order of its own for the keyboard")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))


def wrong_with(text: str) -> list[str]:
    """Return what is missing in a page's HTML; none: nothing that this finds."""
    page = Page()
    page.feed(text)
    wrong = page.wrong
    if page.headings[:1] != [1] or page.headings.count(1) != 1:
        wrong.append(f"one heading of the page, and first: {page.headings}")
    wrong += [f"a step from h{one} to h{two}" for one, two in zip(page.headings, page.headings[1:], strict=False)
              if two > one + 1]
    wrong += [f"no {tag}" for tag in ("main", "header", "title") if page.tags.count(tag) != 1]
    wrong += [f"no element {name}" for name in page.wanted if name not in page.ids]
    wrong += [f"the id {name} twice" for name in set(page.ids) if page.ids.count(name) > 1]
    wrong += [f"a field without a label: {field}" for field in page.fields
              if field.get("id") not in page.labelled and "aria-labelledby" not in field]
    if 'class="skip" href="#content"' not in text:
        wrong.append("no way past the head of the page")
    return wrong
