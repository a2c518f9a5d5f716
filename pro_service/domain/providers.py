"""What a provider's answer over HTTP means for a message: taken, try again, never, or nobody knows.

2xx                      taken
408 425 429 500 503      not taken, may be taken later
401 402 403 407, 3xx     our account or address is wrong: somebody may mend it while we go on trying
502 504, and silence     behind the front door it may have been taken: uncertain
every other 4xx          refused for good
"""

from __future__ import annotations

from datetime import timedelta

from pro_service.domain.errors import ChannelError

LATER = frozenset({401, 402, 403, 407, 408, 425, 429})
UNCERTAIN = frozenset({502, 504})


def refusal(status: int, who: str, *, retry_after: str = "") -> ChannelError | None:
    """The error that a status means, None for a yes. `who` is what answered, in words: "the push service".

    `retry_after` is the header of that name; only seconds are understood.
    """
    if 200 <= status < 300:
        return None
    return ChannelError(
        f"{who} answered {status}",
        permanent=400 <= status < 500 and status not in LATER,
        uncertain=status in UNCERTAIN,
        retry_after=timedelta(seconds=int(retry_after)) if retry_after.isdecimal() and len(retry_after) < 7 else None,
    )
