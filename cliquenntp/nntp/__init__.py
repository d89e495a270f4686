"""The NNTP server: a sans-IO session (session/) and the Twisted shell around it."""
