"""Whoever reads: listeners, accounts and logins, what each sees, and what each follows."""
