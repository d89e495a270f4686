"""Documents seen as news: group names, articles, overview, numbers, posting rules. Pure."""
