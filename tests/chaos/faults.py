"""What goes wrong in a run, and when: drawn from the seed before the run begins, each kind at least once."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.people import ChurchPlan

SEND = "conversations.send"
"""The call that sends a message: of faults that may hit any call, some hit this one alone."""

Dice = random.Random
Params = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong at a time of the run. `on` is "machine" or "ghl"."""

    at: float
    on: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)


def _down(dice: Dice) -> Params:
    return {"seconds": round(dice.uniform(0.2, 5.0), 1)}


def _which(dice: Dice) -> Params:
    return {"worker": dice.randrange(100)}


MACHINE: Mapping[str, Callable[[Dice], Params]] = {
    "kill worker": _which,
    "kill all workers": lambda _dice: {},
    "kill scheduler": lambda _dice: {},
    "kill intake": lambda _dice: {},
    "stop worker": _which,
    "stop intake": lambda _dice: {},
    "freeze worker": lambda dice: {
        **_which(dice),
        "seconds": round(dice.choice((1, 4, 8, 25)) * dice.uniform(0.7, 1.2), 1),
    },
    "freeze scheduler": lambda dice: {"seconds": round(dice.uniform(2, 10), 1)},
    "second scheduler": lambda _dice: {},
    "empty redis": lambda _dice: {},
    "stop redis": _down,
    "freeze redis": lambda dice: {"seconds": round(dice.uniform(0.5, 4), 1)},
    "freeze intake": lambda dice: {"seconds": round(dice.uniform(1, 6), 1)},
    "freeze postgres": lambda dice: {"seconds": round(dice.uniform(1, 8), 1)},
    "pause church": lambda dice: {"church": dice.randrange(100), "seconds": round(dice.uniform(1, 8), 1)},
    "night": lambda dice: {"church": dice.randrange(100), "seconds": round(dice.uniform(6, 25), 1)},
    "restart postgres": _down,
    "crash postgres": _down,
}
"""What happens to our own machines: processes and servers."""


def _struck(dice: Dice, **more: Any) -> Params:
    """A fault that strikes some calls for some seconds."""
    return {"probability": dice.choice((0.3, 0.6, 1.0)), "duration": round(dice.uniform(3, 10), 1), **more}


def _times(dice: Dice, **more: Any) -> Params:
    """A fault that strikes the next few calls."""
    return {"times": dice.randint(1, 6), **more}


def _effect(dice: Dice) -> bool:
    return dice.random() < 0.5


def _made(dice: Dice) -> str:
    return dice.choice(("contacts.create", SEND))


GHL: Mapping[str, Callable[[Dice], Params]] = {
    "outage": lambda dice: {"duration": round(dice.uniform(5, 20), 1)},
    "refuse": lambda dice: {"duration": round(dice.uniform(3, 12), 1)},
    "server_error": lambda dice: _struck(dice, effect=_effect(dice), status=dice.choice((500, 503, 504))),
    "html_error": lambda dice: _struck(dice, effect=_effect(dice)),
    "cloudflare": _times,
    "hang": lambda dice: _times(dice, effect=_effect(dice)),
    "slow": lambda dice: _times(dice, seconds=round(dice.uniform(1, 7), 1)),
    "drip_header": lambda dice: _times(dice, seconds=0.2),
    "drip_body": lambda dice: _times(dice, seconds=0.2),
    "cut_before": _struck,
    "cut_after": _struck,
    "cut_in_body": _times,
    "late_effect": lambda dice: _times(dice, seconds=round(dice.uniform(5.5, 8.5), 1)),
    "created_but_422": lambda dice: _times(dice, operation=_made(dice)),
    "burst_429": lambda dice: _times(dice, seconds=dice.choice((1, 3, 6)), headers=_effect(dice)),
    "daily_429": lambda dice: _times(dice, seconds=dice.choice((2, 5)), headers=False),
    "broken_json": _times,
    "empty_200": lambda dice: _times(dice, operation=dice.choice(("contacts.*", SEND))),
    "no_id": lambda dice: _times(dice, operation=_made(dice)),
    "token_refused": lambda dice: {"duration": round(dice.uniform(3, 12), 1), "one": True},
    "revoke token": lambda dice: {"duration": round(dice.uniform(3, 12), 1), "one": True},
    "search lag": lambda dice: {"duration": round(dice.uniform(5, 15), 1)},
}
"""What happens at GoHighLevel. The simulator's faults are named as there; two are settings of it."""

OFTEN_A_MESSAGE = {
    *("cut_after", "cut_in_body", "hang", "late_effect", "broken_json", "drip_body", "server_error"),
    *("html_error", "burst_429"),
}

LASTING = {"refuse", "token_refused", "revoke token", "search lag"}
"""Those that last for a while and strike whatever comes; of the others a short run takes one call each."""


def draw_faults(
    seed: int, *, seconds: float, a_second: float, churches: tuple[ChurchPlan, ...], short: bool = False
) -> tuple[Fault, ...]:
    """The faults of a run in their order: the same seed gives the same.

    `a_second` is how many of each side begin in a second; in a `short` run each kind comes once and briefly.
    """
    drawn: list[Fault] = []
    for on, kinds in (("machine", MACHINE), ("ghl", GHL)):
        dice = random.Random(f"{seed}/faults/{on}")
        order = list(kinds)
        dice.shuffle(order)
        wanted = len(order) if short else max(len(order), round(seconds * a_second))
        order += dice.choices(list(kinds), k=wanted - len(order))
        times = sorted(dice.uniform(0.04, 0.96) * seconds for _ in order)
        for at, kind in zip(times, order, strict=True):
            params = kinds[kind](dice)
            if on == "ghl":
                params = _aimed(kind, params, dice, churches)
            if short:
                params = _shortened(on, kind, params, churches[len(drawn) % len(churches)])
            drawn.append(Fault(round(at, 2), on, kind, params))
    return tuple(sorted(drawn, key=lambda fault: fault.at))


def _aimed(kind: str, params: Params, dice: Dice, churches: tuple[ChurchPlan, ...]) -> Params:
    """Half of the faults are one location's, the others everybody's."""
    church = dice.choice(churches)
    one = params.pop("one", False) or (kind not in {"refuse", "outage"} and dice.random() < 0.5)
    if kind in OFTEN_A_MESSAGE and dice.random() < 0.5:
        params = {**params, "operation": SEND}
    return {**params, "location": church.location} if one else params


def _shortened(on: str, kind: str, params: Params, church: ChurchPlan) -> Params:
    """A second or so, or one call of one church: so few that no breaker opens, which would take half a minute."""
    params = {**params, "seconds": min(params["seconds"], 1.5)} if "seconds" in params else params
    if on == "machine":
        return params
    if kind == "refuse":
        return {"duration": 0.3}
    if kind in LASTING:
        return {**params, "duration": min(params["duration"], 1.5)}
    if kind in {"slow", "late_effect"}:
        params = {**params, "seconds": 5.5}
    once = {name: value for name, value in params.items() if name not in {"duration", "probability"}}
    return {**once, "times": 1, "location": church.location}
