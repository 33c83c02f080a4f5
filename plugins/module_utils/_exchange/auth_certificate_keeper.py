# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps the Exchange Auth certificate valid: read, decide, one phase, and read again, until what was decided first is done.

A run does the one action that check mode foretells. What the table says after it is for the next run, as with Microsoft's script.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, Result
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import WOULD_FAIL, ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_observation import (
    AuthObservation,
    AuthReader,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_table import (
    Decision,
    decide,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.auth_certificate_work import (
    Phase,
    describe_step,
    find_displaced,
    find_rest,
    is_done,
    is_publication,
    list_phases,
    list_remaining,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.directory import SHELL, open_directory
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.internal_transport import (
    TransportUse,
    make_restoration,
    read_use,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.pfx_backup import PfxBackup
from ansible_collections.onprem.exchange_lync.plugins.module_utils._exchange.pfx_transfer import CertificateWriter
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet
from ansible_collections.onprem.exchange_lync.plugins.module_utils._resource import (
    LOST,
    READ_BACK_SECONDS,
    refuse_unoffered,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._steps import UNKNOWN, Step, Steps, listed
from ansible_collections.onprem.exchange_lync.plugins.module_utils._wording import word_text

_MOST_PHASES = 12
"""The longest way has six: repair, make, distribute, stage, distribute, publish."""
_CREATION = "New-ExchangeCertificate"
_NEWS = ("stage", "replace", "publish")
"""Actions after which Exchange's metadata document lists another certificate."""


@dataclass
class _Run:
    """What a run knows of itself.

    :ivar following: what the table says after the last phase; None where none was run.
    """

    first: AuthObservation
    now: AuthObservation
    decision: Decision
    following: Decision | None = None
    use: TransportUse | None = None

    @property
    def has_published(self) -> bool:
        """Whether another certificate signs now than before."""
        return self.first.config.current != self.now.config.current


class AuthCertificateKeeper:
    """One task."""

    def __init__(self, call: Call) -> None:
        self._call, self._params = call, call.params
        self._directory = open_directory(call)
        self._reader = AuthReader(call, self._directory, call.params["exclude"])
        self._writer = CertificateWriter(call)
        self._steps = Steps(self._writer)
        self._backup = PfxBackup(call)

    def run(self) -> Result:
        """Do what is to be done, or say what would be.

        :raises ShellError: of kind ``conflict`` where the table says to stop; what can be repaired without a decision is repaired before.
        """
        observed = self._reader.read()
        decision = self._decide(observed)
        run = _Run(observed, observed, decision)
        phases = self._plan(run, observed, decision)
        self._tell(observed, decision)
        self._prepare(run, observed, phases)
        self._backup.check(observed, is_needed=bool(phases))
        if self._call.check_mode:
            return self._backup.write(observed, self._foretell(run, phases))
        self._carry_out(run, phases)
        if decision.action == "stop":
            raise self._refuse(decision)
        self._check_done(run)
        return self._back_up(run)

    def _decide(self, observed: AuthObservation) -> Decision:
        continues = self._params["on_hybrid"] == "continue"
        return decide(observed.state, renew_days=self._params["renew_days"], continue_in_hybrid=continues)

    def _plan(self, run: _Run, observed: AuthObservation, decision: Decision) -> list[Phase]:
        made = any(step.name == _CREATION for step in self._steps.sent)
        known = {thumbprint for store in run.first.stores.values() for thumbprint in store} if made else None
        return list_phases(observed, decision, self._directory, self._params["server"] or "", known)

    def _prepare(self, run: _Run, observed: AuthObservation, phases: t.Sequence[Phase]) -> None:
        """Before phases are run: see that the account may do it, and what a new certificate will displace.

        :raises ShellError: where that is not known, of kind ``conflict``; and for a cmdlet that is not offered.
        """
        run.use = run.use or self._read_use(observed, phases)
        refuse_unoffered(self._call, self._writer, [step for phase in phases for step in phase])

    def _tell(self, observed: AuthObservation, decision: Decision) -> None:
        self._call.say(f"exchange_auth_certificate: {decision.action}: {decision.reason}.")
        for item in find_displaced(observed):
            if not item.belongs:
                self._call.warn(
                    f"{item.host}: the internal transport certificate is the Auth certificate {item.found}. Nothing says what belongs "
                    "there: put the right one back with Enable-ExchangeCertificate -Services SMTP."
                )

    def _read_use(self, observed: AuthObservation, phases: t.Sequence[Phase]) -> TransportUse | None:
        """What the certificate is used for that a new one will displace, before it is."""
        made = next((phase for phase in phases if phase[0].name == _CREATION), None)
        if made is None:
            return None
        restoration = t.cast(Cmdlet, made[1])
        server, thumbprint = restoration.parameters["Server"], restoration.parameters["Thumbprint"]
        return read_use(self._directory, server, observed.stores[server][thumbprint])

    def _carry_out(self, run: _Run, phases: list[Phase]) -> None:
        for _number in range(_MOST_PHASES):
            if not phases:
                return
            self._run_phase(phases[0])
            try:
                phases = self._read_on(run, phases[0])
                self._prepare(run, run.now, phases)
            except ShellError as error:
                error.result = {**self._steps.progress(), **error.result}
                raise
        raise self._make_stalled(phases)

    def _run_phase(self, phase: Phase) -> None:
        """Run a phase. What lost its answer is not sent again here: what is read next says whether it is still to do.

        :raises ShellError: for a refusal, and for a write that may still be running.
        """
        try:
            self._steps.run(phase)
        except ShellError as error:
            if error.kind not in LOST or (error.kind in UNKNOWN and not error.ended):
                self._add_displaced(error, phase)
                raise
            self._call.warn(f"{error} All is read again, and what had not taken effect is done again.")

    def _add_displaced(self, error: ShellError, phase: Phase) -> None:
        """Say what is not in its place while a phase ended between making a certificate and putting back what it displaced."""
        if phase[0].name == _CREATION and error.cmdlet != _CREATION:
            error.message += (
                f" Mail between servers uses the new certificate until this is run: {phase[1]}. The next run does it."
            )

    def _read_on(self, run: _Run, done: Phase) -> list[Phase]:
        """Read until it shows that a phase is done; domain controllers may need a moment.

        :returns: what is left of the action that was decided first.
        :raises ShellError: of kind ``not_effective`` where it does not show in time; of kind ``conflict`` where it is not known any more.
        """
        end = time.monotonic() + self._params["timeout"]
        while True:
            run.now = self._reader.read()
            run.following = self._decide(run.now)
            phases = self._add_lost_services(run, run.now, self._plan_rest(run, run.following))
            again = bool(phases) and [describe_step(step) for step in phases[0]] == [
                describe_step(step) for step in done
            ]
            if not again or self._was_lost(done):
                return phases
            if time.monotonic() > end:
                raise self._make_stalled(phases)
            time.sleep(READ_BACK_SECONDS)

    def _plan_rest(self, run: _Run, following: Decision) -> list[Phase]:
        if following.action == "stop" and not following.row and run.decision.action not in ("none", "stop"):
            raise self._refuse(following)
        return self._plan(run, run.now, find_rest(run.decision, following, run.now.state))

    def _was_lost(self, phase: Phase) -> bool:
        return any(step not in self._steps.ran for step in phase)

    def _add_lost_services(self, run: _Run, observed: AuthObservation, phases: list[Phase]) -> list[Phase]:
        """Ask back what the displaced certificate was used for and is no more, beyond SMTP, which is part of making a new one."""
        if run.use is None or not any(step.name == _CREATION for step in self._steps.ran):
            return phases
        found = observed.stores.get(run.use.server, {}).get(run.use.thumbprint)
        lost = run.use.find_lost(found["services"]) if found and found["services"] is not None else []
        return [(make_restoration(run.use.server, run.use.thumbprint, lost),), *phases] if lost else phases

    def _make_stalled(self, phases: t.Sequence[Phase]) -> ShellError:
        left: list[Step] = [step for phase in phases for step in phase]
        message = f"the writes were accepted, but read back they have not taken effect; still to do: {listed(left)}."
        remedy = (
            "The domain controller that was read did not show the change in time. Name one with O(domain_controller), or wait longer with "
            "O(timeout)."
        )
        return ShellError("not_effective", message, shell=SHELL, remedy=remedy, result=self._steps.progress(left=left))

    def _check_done(self, run: _Run) -> None:
        """See that what was decided first is done: somebody else may have changed what the table goes by in between.

        :raises ShellError: of kind ``not_effective`` where it is not.
        """
        if run.following and not is_done(run.decision, run.first.config, run.now.config):
            message = f"the certificate was not brought into use, since what was read changed in between: {run.following.reason}."
            remedy = "Run the task again."
            raise ShellError("not_effective", message, shell=SHELL, remedy=remedy, result=self._steps.progress())

    def _refuse(self, decision: Decision) -> ShellError:
        sent = self._steps.sent
        message = f"{decision.reason}." + (f" Already done before it: {listed(sent)}." if sent else "")
        remedy = decision.remedy if sent else f"{decision.remedy} Nothing was written."
        return ShellError("conflict", message, shell=SHELL, remedy=remedy, result=self._steps.progress())

    def _back_up(self, run: _Run) -> Result:
        """Write the backup, and give the result. What was done stays said where the backup fails.

        :raises ShellError: where the backup cannot be written.
        """
        try:
            return self._backup.write(run.now, self._describe(run))
        except ShellError as error:
            ran = self._steps.ran
            done = f" Already done before it: {listed(ran)}." if ran else ""
            raise replace(error, message=error.message + done, result=self._steps.progress()) from error

    def _foretell(self, run: _Run, phases: t.Sequence[Phase]) -> Result:
        planned = [step for phase in phases for step in phase]
        if run.decision.action == "stop":
            self._call.warn(word_text(f"{WOULD_FAIL}{self._refuse(run.decision)}", {}))
        told = {"changed": bool(planned), "commands": [str(step) for step in planned]}
        return {**self._describe(run), **told, "published": any(map(is_publication, planned))}

    def _describe(self, run: _Run) -> Result:
        before, after = run.first.config.as_dict(), run.now.config.as_dict()
        state = run.now.state
        return {
            "changed": bool(self._steps.sent),
            "commands": [str(step) for step in self._steps.sent],
            "diff": {
                "before": {**before, "servers": run.first.describe_servers()},
                "after": {**after, "servers": run.now.describe_servers()},
            },
            "auth_certificate": {
                **after,
                "current_days_left": state.count_days(state.current),
                "next_days_left": state.count_days(state.next) if state.next else None,
                "servers": run.now.describe_servers(),
            },
            "decision": describe_decision(run.decision),
            "internal_transport": run.use.as_dict() if run.use else None,
            "published": run.has_published,
            "refresh_partners": bool(state.previous or state.next) or run.decision.action in _NEWS,
            "remaining": [word_text(text, {}) for text in self._list_remaining(run)],
        }

    def _list_remaining(self, run: _Run) -> list[str]:
        following = None if self._call.check_mode else run.following
        return list_remaining(run.now, following, published=run.has_published)


def describe_decision(decision: Decision) -> dict[str, t.Any]:
    """For the result."""
    return {
        "action": decision.action,
        "row": decision.row or None,
        "wanted": decision.wanted if decision.action == "stop" else decision.action,
        "reason": decision.reason,
        "remedy": word_text(decision.remedy, {}) or None,
    }
