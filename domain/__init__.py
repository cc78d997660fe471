"""What the manual decides: accounts, certificates, organizations and notifications, as facts and frozen states."""
