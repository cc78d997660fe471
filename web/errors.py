"""What can be wrong with a request before the desk is asked."""


class WebError(Exception):
    code = "invalid_request"


class BadForm(WebError):
    """No form of ours sends this."""


class BadFormToken(WebError):
    """The form's token is missing or another browser's."""

    code = "bad_form_token"
