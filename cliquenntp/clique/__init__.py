"""How documents spread: the sans-IO core, handle(event, now) -> effects. Pure: clock and dice come from outside."""
