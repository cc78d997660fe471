"""Every address of the main listener, by what it takes: what tests/web/test_app.py holds all of them to."""

SHOWN = (
    *("/", "/login", "/registration/master", "/issuance", "/issuance/confirm", "/issuance/progress"),
    *("/registration/master/profile", "/registration/master/confirm", "/registration/master/done"),
    "/issuance/code",
    *("/issuance/result", "/issuance/p12", "/issuance/closed", "/home", "/home/password", "/healthz", "/readyz"),
    *("/home/email", "/home/history"),
    *("/api/v1/lock-status", "/api/v1/certificates", "/api/v1/organizations", "/api/v1/users", "/api/v1/mails"),
    "/api/v1/openapi.json",
    *("/users", "/users/new", "/users/{user_id}", "/users/{user_id}/release", "/users/{user_id}/suspend"),
    *("/users/{user_id}/resume", "/users/{user_id}/reset", "/users/{user_id}/close"),
    *("/bank", "/bank/accounts", "/bank/accounts/{user_id}", "/bank/accounts/{user_id}/release"),
    *("/bank/certificates", "/bank/certificates/{serial}", "/bank/certificates/{serial}/revoke"),
    *("/bank/organizations", "/bank/organizations/new", "/bank/organizations/{code}", "/bank/mails"),
    *(f"/bank/organizations/{{code}}/{act}" for act in ("initialize", "release", "close")),
    *("/bank/approvals", "/bank/approvals/{approval}/approve", "/bank/approvals/{approval}/refuse"),
    *("/help", "/help/issue", "/help/trouble", "/help/edge", "/help/ie-mode", "/help/import", "/help/contact"),
    *("/help/check", "/help/check/cookie", "/help/check/popup", "/help/check/file"),
)
SENT = (
    *("/login", "/logout", "/issuance", "/issuance/confirm", "/issuance/cancel", "/issuance/close"),
    *("/registration/master", "/registration/master/profile", "/registration/master/confirm"),
    "/registration/master/cancel",
    "/issuance/code",
    "/home/password",
    "/home/email",
    *("/users/new", "/users/{user_id}", "/users/{user_id}/release", "/users/{user_id}/suspend"),
    *("/users/{user_id}/resume", "/users/{user_id}/reset", "/users/{user_id}/close"),
    *("/bank/accounts/{user_id}/release", "/bank/certificates/{serial}/revoke"),
    *("/bank/organizations/new", "/bank/organizations/{code}", "/bank/mails/{notification}/resend"),
    *(f"/bank/organizations/{{code}}/{act}" for act in ("initialize", "release", "close")),
    *("/bank/approvals/{approval}/approve", "/bank/approvals/{approval}/refuse"),
)
