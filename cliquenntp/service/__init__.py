"""Settings, the turn, the wiring of all rooms, and the twistd plugin's tap."""
