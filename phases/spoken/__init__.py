"""From a paragraph's text to what the voice is given."""
