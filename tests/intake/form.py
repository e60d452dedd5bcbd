"""The card form as somebody with a browser sees it: fields by name, and what stands in them."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The fields of a page, and its text without tags."""

    def __init__(self, response):
        super().__init__()
        self.status = response.status_code
        self.headers = response.headers
        self.html = response.text
        self.fields = {}
        self.interests = []
        self.problems = {}
        self.text = ""
        self._area = self._select = self._problem = None
        self._hidden = False
        self.feed(self.html)

    def handle_starttag(self, tag, pairs):
        given = dict(pairs)
        name, value = given.get("name"), given.get("value") or ""
        self._hidden = self._hidden or tag in {"style", "script"}
        if tag == "input" and given.get("type") in {"radio", "checkbox"}:
            if "checked" not in given:
                self.fields.setdefault(name, None)
            elif name == "interests":
                self.interests.append(value)
            else:
                self.fields[name] = value
        elif tag == "input":
            self.fields[name] = value
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""
        elif tag == "select":
            self._select = name
            self.fields[name] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self._select] = None
        elif tag == "p" and given.get("class") == "problem":
            self._problem = given["id"].removesuffix("-problem")
            self.problems[self._problem] = ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None
        if tag == "p":
            self._problem = None
        if tag in {"style", "script"}:
            self._hidden = False

    def handle_data(self, data):
        if self._area:
            # The first line end after the tag is no part of the text (HTML, 13.1.2.5).
            self.fields[self._area] += data.removeprefix("\n") if not self.fields[self._area] else data
        elif self._select and self.fields.get(self._select, "") is None:
            self.fields[self._select] = data
        elif self._problem:
            self.problems[self._problem] = " ".join(f"{self.problems[self._problem]} {data}".split())
        if not self._hidden:
            self.text += data


def filled(page, **values):
    """What a browser sends: the page's fields with some of them written, as if it had been open a while."""
    sent = {name: value for name, value in page.fields.items() if value is not None}
    sent["opened"] = str(int(sent["opened"]) - 60)
    return {**sent, "interests": page.interests, **values}
