"""What the pipeline does on this floor: fetch files that were named by URL, delete the bytes of erased ones."""

from collections.abc import Sequence

from cases import stored_files
from cases.models import EvidenceFile
from cases.services import files
from hitl_platform.kernel.errors import Invalid, TooLarge
from hitl_platform.pipeline.runner import ClaimedStep, Finish
from hitl_platform.tenants.actor import system_actor
from hitl_platform.tenants.scope import tenant_scope

GIVEN_UP = "The server did not give the file, however often it was asked."


def fetch_files(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Fetch one promised file; its kind says that a batch is one step. A server that fails is asked again later."""
    (step,) = steps
    file = _file(step)
    actor = system_actor(step.tenant_id, "fetching")
    with files.room_for_a_file() as content:
        try:
            examined = files.fetch_file(name=file.name, url=file.source_url, content=content)
        except (Invalid, TooLarge) as refusal:
            with finish():
                files.refuse_file(actor=actor, file=file, problem=_sentence(refusal))
            return
        key, wanted = stored_files.keep(content), False
        try:
            with finish():
                wanted = files.store_file(actor=actor, file=file, examined=examined, storage_key=key)
        finally:
            if not (wanted and finish.is_done):
                stored_files.discard(key)


def give_up_fetching(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """A file that cannot be had is refused, visibly; its case goes on without it."""
    (step,) = steps
    file = _file(step)
    with finish():
        files.refuse_file(actor=system_actor(step.tenant_id, "fetching"), file=file, problem=GIVEN_UP)


def shred_files(steps: Sequence[ClaimedStep], finish: Finish) -> None:
    """Delete the bytes of erased files; deleting again what is gone does nothing."""
    for step in steps:
        key = _file(step).storage_key
        if key is not None:
            stored_files.discard(key)
    with finish.closing():
        pass


def _file(step: ClaimedStep) -> EvidenceFile:
    with tenant_scope(step.tenant_id):
        return EvidenceFile.objects.get(pk=step.subject_id)


def _sentence(refusal: Invalid | TooLarge) -> str:
    return "; ".join(reason for reasons in refusal.fields.values() for reason in reasons) or refusal.message
