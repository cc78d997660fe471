"""HTTP: read the form, call the desk, choose a page."""
