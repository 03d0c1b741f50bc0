"""The read-along book: an EPUB 3 whose sentences are highlighted while they are heard (media overlays)."""
