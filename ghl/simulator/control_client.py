"""Talks to a running simulator's control API, for the command line."""

from typing import Any

import httpx

from ghl.simulator.door import check_loopback


class ControlError(Exception):
    """The simulator is not there, or said no; the text is one clear line."""


def ask(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The JSON that `{url}/__control/{path}` answers.

    Raises ControlError: no simulator answers there, it refused, or the address is not on this machine.
    """
    try:
        check_loopback(httpx.URL(url).host)
        with httpx.Client(base_url=f"{url.rstrip('/')}/__control/", trust_env=False, timeout=10) as client:
            response = client.request(method, path, json=body)
            answer = response.json()
    except httpx.HTTPError as error:
        raise ControlError(f"No simulator answers at {url}. Start one with: hub simulator serve") from error
    except (ValueError, httpx.InvalidURL) as error:
        raise ControlError(f"{url} is not a simulator on this machine.") from error
    if response.is_error:
        said = answer.get("error") if isinstance(answer, dict) else None
        raise ControlError(str(said or f"The simulator answered {response.status_code}."))
    return answer
