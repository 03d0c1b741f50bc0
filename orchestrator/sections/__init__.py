"""The sections of the configuration: one frozen, strict model each."""
