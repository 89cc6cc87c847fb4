"""The pretend MultiMail: two wire forms, v1 and short, over one state."""
