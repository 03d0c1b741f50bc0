"""What a document of episodes means: one value."""

from __future__ import annotations

from pipeline_common import Lifecycle, Status

DOWNLOADING, CONVERTING, UPLOADING = WORKING = ("downloading", "converting", "uploading")

FAILED = "failed"
SKIPPED = "skipped"
PUBLISHED = "published"

EPISODES = Lifecycle(
    name="episodes",
    statuses=(
        Status("discovered", "named by the feed", (DOWNLOADING, SKIPPED)),
        Status(DOWNLOADING, "its audio is being fetched", ("downloaded", FAILED), kind="working"),
        Status("downloaded", "its audio is there", (CONVERTING, SKIPPED)),
        Status(CONVERTING, "its audio is being converted", ("converted", FAILED), kind="working"),
        Status("converted", "its audio is as it is to be heard", (UPLOADING, SKIPPED)),
        Status(UPLOADING, "it is being sent to the host", ("uploaded", FAILED), kind="working"),
        Status("uploaded", "the host has it", ("scheduled",)),
        Status("scheduled", "the host knows when listeners may have it", (PUBLISHED,)),
        Status(PUBLISHED, "listeners have it", (), kind="done"),
        Status(
            FAILED, "the last attempt of a working stage ended without a result", (*WORKING, SKIPPED), kind="failed"
        ),
        Status(SKIPPED, "nobody wants it", (), kind="passed"),
    ),
    phases=("episodes",),
    described_in="examples/episodes/README.md",
    retry_limits={DOWNLOADING: 3, CONVERTING: 2, UPLOADING: 3},
    retried_as=lambda _: FAILED,  # with its attempts counted from 0; it leaves that status as the work begins
)

WORK_AFTER = {"discovered": DOWNLOADING, "downloaded": CONVERTING, "converted": UPLOADING}
"""Which work an episode waits for."""

RESULT_OF = {DOWNLOADING: "downloaded", CONVERTING: "converted", UPLOADING: "uploaded"}
