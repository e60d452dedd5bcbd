"""What `hub doctor` examines: the settings as commands see them, a hub that runs in another terminal included."""

from ghl.clock import SystemClock
from ghl.config import Settings
from ghl.doctor import Finding, Level, examine
from ghl.doctor_sign_in import sign_in
from jobs.running import NoHubError, with_running_hub


def findings(settings: Settings) -> list[Finding]:
    """All findings; that no hub runs is one of them, not a failure of the command."""
    try:
        settings = with_running_hub(settings)
    except NoHubError as error:
        missing = Finding("hub.none", Level.ERROR, str(error))
        return [
            missing,
            *(
                found
                for found in examine(settings, clock=SystemClock())
                if found.id.split(".")[0] in {"data", "ghl"}
            ),
        ]
    return [*examine(settings, clock=SystemClock()), *sign_in(settings, clock=SystemClock())]
