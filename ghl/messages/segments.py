"""How many parts a text is sent and paid in, and which signs make it more. Pure (3GPP TS 23.038; Unicode as UCS-2).

A text of GSM's own alphabet holds 160 signs, or 153 in each of several parts; one sign that is not in it makes the
whole text UCS-2: 70, or 67 in each part.
"""

from dataclasses import dataclass

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""In GSM's alphabet by an escape: each counts twice, and its two halves stay in one part."""

ONE_GSM, EACH_GSM = 160, 153
ONE_UCS2, EACH_UCS2 = 70, 67


@dataclass(frozen=True)
class Segments:
    """`units` as the phone network counts, `parts` as it bills, `left` until the next part, and the signs (each once, in
    their order) that make the whole text UCS-2.
    """

    encoding: str
    units: int
    parts: int
    left: int
    costly: tuple[str, ...] = ()


def count(text: str) -> Segments:
    """The parts of a text; an empty one has none."""
    costly = tuple(dict.fromkeys(sign for sign in text if sign not in GSM_7 and sign not in EXTENDED))
    if costly:
        # What lies beyond the first plane (emoji) takes two units, which are never torn apart.
        widths, one, each = [2 if ord(sign) > 0xFFFF else 1 for sign in text], ONE_UCS2, EACH_UCS2
    else:
        widths, one, each = [2 if sign in EXTENDED else 1 for sign in text], ONE_GSM, EACH_GSM
    units = sum(widths)
    name = "UCS-2" if costly else "GSM-7"
    if units <= one:
        return Segments(name, units, 1 if units else 0, one - units, costly)
    parts, used = 1, 0
    for width in widths:
        if used + width > each:
            parts, used = parts + 1, 0
        used += width
    return Segments(name, units, parts, each - used, costly)
