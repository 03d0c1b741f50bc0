"""Sound: chunk files, the timeline, loudness, encoding, joining, tags and the check of what was made."""
