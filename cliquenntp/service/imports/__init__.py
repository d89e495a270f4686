"""Archives of news, mail and signed documents become documents of forums."""
