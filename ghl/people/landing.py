"""Where somebody lands after signing in: the page they asked for, if it is one of ours. Pure decisions."""

import re
from urllib.parse import urlsplit

HOME = "/"
MAX_PATH = 500

OWN = re.compile(r"/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
"""A path of this site, with a query: signs of RFC 3986, and none by which a browser takes it for another host."""

NOT_PAGES = ("/sign-in", "/sign-out", "/_stcore", "/media", "/static")


def own_path(asked: str) -> str:
    """`asked` where it is the address of a page of this hub, else an empty text. Nobody is ever sent elsewhere."""
    if len(asked) > MAX_PATH or not OWN.fullmatch(asked):
        return ""
    try:
        parts = urlsplit(asked)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or "//" in parts.path or ".." in parts.path:
        return ""
    if parts.path.startswith(NOT_PAGES) or asked == HOME:
        return ""
    return asked
