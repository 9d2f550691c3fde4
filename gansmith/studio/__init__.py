"""The studio: one page to play the game, watch runs and use them, and the routes behind it."""
