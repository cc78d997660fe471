"""The buttons: load, ask the aggregate, save."""
