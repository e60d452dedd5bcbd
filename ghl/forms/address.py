"""The form's address and the QR code that leads there. Pure."""

import io

import segno

BORDER = 4
"""Modules of white around the code (ISO/IEC 18004): scanners look for it."""


def form_address(form_url: str, public_id: str) -> str:
    """The address of a church's form. `form_url` is where the intake is reached, without a slash at its end."""
    return f"{form_url}/c/{public_id}"


def qr_svg(address: str) -> str:
    """The code as an `<svg>` for a page: black on white whatever the page's colours, sized by its style."""
    return _code(address).svg_inline(
        border=BORDER, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )


def qr_svg_file(address: str) -> bytes:
    """The code as a file for printers: sharp in any size."""
    out = io.BytesIO()
    _code(address).save(out, kind="svg", border=BORDER, dark="#000", light="#fff", scale=10)
    return out.getvalue()


def qr_png(address: str, *, scale: int = 12) -> bytes:
    """The code as a picture, `scale` pixels a module."""
    out = io.BytesIO()
    _code(address).save(out, kind="png", border=BORDER, scale=scale)
    return out.getvalue()


def _code(address: str) -> segno.QRCode:
    # A quarter of it may be dirty or torn: it hangs in a foyer.
    return segno.make_qr(address, error="q")
