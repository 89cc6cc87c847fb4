"""What arrives from outside: stored before anybody reads it, then worked on exactly once."""
