"""Live sessions between nodes over Twisted endpoints."""
