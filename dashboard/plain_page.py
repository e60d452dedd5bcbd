"""Plain pages without Streamlit, for what only a route can do. Their texts are ours, or escaped; one script, by its hash."""

import html
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from dashboard.headers import script_hash

# A second click must not use something up behind the first one's back.
ONCE = (
    "document.querySelectorAll('form').forEach(function(f){f.addEventListener('submit',function(e){"
    "if(this.dataset.sent){e.preventDefault()}this.dataset.sent=1})})"
)

STYLE = """
:root{color-scheme:light dark;--page:#fff;--text:#1d2433;--line:#c9ced8;--main:#1f5fbf;--link:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--page:#0e1117;--text:#fafafa;--line:#464b57;--main:#3573d1;--link:#8bbcff}}
body{margin:0;background:var(--page);color:var(--text);font:18px/1.5 system-ui,sans-serif}
main{max-width:26rem;margin:12vh auto;padding:1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .75rem}
section{border:1px solid var(--line);border-radius:.75rem;padding:1.5rem;margin:0 0 1rem}
p{margin:0 0 1rem}p:last-child{margin:0}
a{color:var(--link)}
label.field{display:block;margin:0 0 1rem}
input[type=email]{font:inherit;color:inherit;background:var(--page);box-sizing:border-box;width:100%;
padding:.6rem .75rem;border:1px solid var(--line);border-radius:.5rem;margin-top:.25rem}
button,a.button{display:block;box-sizing:border-box;font:inherit;font-weight:600;width:100%;padding:.7rem 1rem;border:0;
border-radius:.5rem;background:var(--main);color:#fff;cursor:pointer;text-align:center;text-decoration:none}
button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid var(--text);outline-offset:2px}
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Church Connect Hub</title><style>{style}</style></head>
<body><main><h1>{title}</h1>{body}</main>{script}</body></html>"""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{script_hash(ONCE)}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def page(title: str, *sections: str, status: int = 200) -> Response:
    """A page of boxes. `sections` are HTML of ours."""
    body = "".join(f"<section>{section}</section>" for section in sections)
    script = f"<script>{ONCE}</script>" if "<form" in body else ""
    text = PAGE.format(title=html.escape(title), style=STYLE, body=body, script=script)
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def said(
    title: str, *sentences: str, again: str = "", label: str = "Try again", status: int = 200
) -> Response:
    """A page that says something, and `again`, the address of a link that leads on."""
    body = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    if again:
        body += f'<p><a class="button" href="{html.escape(again)}">{html.escape(label)}</a></p>'
    return page(title, body, status=status)


def form(path: str, label: str, *, inside: str = "", hidden: Mapping[str, str] | None = None) -> str:
    """A form with one button; `inside` is HTML of ours."""
    fields = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in (hidden or {}).items()
    )
    return (
        f'<form method="post" action="{html.escape(path)}">{fields}{inside}'
        f'<button type="submit">{html.escape(label)}</button></form>'
    )


def from_another_site(request: Request) -> bool:
    """Whether another site sent this form, to sign its own person in here, or ours out.

    Browsers say so in Sec-Fetch-Site, over HTTPS and on loopback; elsewhere Origin names the sender, which
    after our own page's `no-referrer` is `null`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != request.headers.get("host")
