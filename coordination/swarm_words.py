"""What a swarm's finding says, in plain words, what it does not show included."""

from __future__ import annotations

from collections.abc import Sequence

from coordination.swarms import Harms, Swarm


def told(swarm: Swarm, q: float) -> str:
    call = swarm.call
    asked = f"calls others to {_asked(call.asked)}" if call.asked else "is likely harmful itself"
    known = sum(one.known > 0 for one in swarm.participants)
    return (
        f"Post {call.post_id} of {call.account_id} names {swarm.target} and {asked}. Within "
        f"{_span(swarm.window_s)}, {swarm.accounts} accounts acted towards {swarm.target}, against "
        f"{swarm.expected:.1f} at its own base rate and {swarm.before} in as long a time before. "
        f"{len(swarm.participants)} of them were tied to the caller before they acted, against "
        f"{swarm.expected_ties:.1f} by the caller's share of who is active (q {q:.2g}); {known} of "
        f"these had written to {swarm.target} before."
        f"{of_harm('The call', call.harms)}{_of_replies(swarm)} It does not show that they read "
        "the call, what each of them meant, or who else was asked elsewhere; some would have "
        "written anyway, and whoever stood up for the target counts as well."
    )


def told_open(swarm: Swarm) -> str:
    return (
        f"After post {swarm.call.post_id} of {swarm.call.account_id}, which names {swarm.target}, "
        f"{swarm.accounts} accounts acted towards {swarm.target} within {_span(swarm.window_s)} "
        f"against {swarm.expected:.1f} at its base rate, {len(swarm.participants)} of them tied to "
        "the author. Its words call for nothing that the rule knows, and no score shows harm: a "
        "post that spreads looks the same. A person can tell."
    )


def _of_replies(swarm: Swarm) -> str:
    if swarm.harms is None:
        return " The harm of what they wrote was not scored."
    harm, (mean, share) = max(swarm.harms.items(), key=lambda item: (item[1][1], item[1][0]))
    text = f" Of what they wrote, {share:.0%} is likelier harmful than not "
    text += f"({harm}, mean {mean:.2f})"
    if swarm.others_harms is not None and harm in swarm.others_harms:
        text += f"; of what the others wrote, {swarm.others_harms[harm][1]:.0%}"
    return text + "."


def of_harm(what: str, harms: Harms | None) -> str:
    if not harms:
        return ""
    harm, likelihood = max(harms.items(), key=lambda item: item[1])
    return f" {what}: {harm} harm {likelihood:.2f}."


def _asked(asked: Sequence[str]) -> str:
    words = {"speak": "write to it", "report": "report it", "off_platform": "act off the platform"}
    return " and ".join(words[one] for one in asked)


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"
