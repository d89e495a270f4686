"""Documents seen as news: newsgroup names, article numbers' places, overview, articles and posting rules. Pure."""
