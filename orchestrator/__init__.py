"""One book: its phases in order, each in its own process, resumed at the right place."""
