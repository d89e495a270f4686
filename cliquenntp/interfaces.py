"""The doors between rooms: what one room may ask of another without importing it."""
