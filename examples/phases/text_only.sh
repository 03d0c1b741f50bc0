#!/bin/sh
# Phase 1 in shell, for a library of plain text: `command: [examples/phases/text_only.sh]`. Whatever is not called
# .txt fails. The words of the plan are in the environment; $2 is where the result goes.
set -eu
result=$2
name=$(basename -- "$AUDIOBOOK_SOURCE" | LC_ALL=C tr -cd 'A-Za-z0-9 ._-') # what JSON takes as it is

answer() { # the status, and what else there is to say
    printf '{"version": 1, "phase": "%s", "book_id": "%s", "attempt": %s, "status": "%s", %s}\n' \
        "$AUDIOBOOK_PHASE" "$AUDIOBOOK_BOOK_ID" "$AUDIOBOOK_ATTEMPT" "$1" "$2" >"$result"
}

case $AUDIOBOOK_SOURCE in
*.txt) ;;
*)
    message="$name is not called .txt. Convert it to plain text, or take it out of the folder."
    answer failed '"error": {"type": "unsupported", "message": "'"$message"'", "permanent": true}'
    exit 1
    ;;
esac

size=$(wc -c <"$AUDIOBOOK_SOURCE" | tr -d ' ')
sum=$(sha256sum <"$AUDIOBOOK_SOURCE" | cut -c 1-64)
printf '{"name": "%s", "format": "txt", "size_bytes": %s, "sha256": "%s", "title": null, "authors": [], "language": null}\n' \
    "$name" "$size" "$sum" >"$AUDIOBOOK_ATTEMPT_DIR/source.json"
answer success '"artifacts": {"source": "source.json"}, "metrics": {"size_bytes": '"$size"'}'
