"""Learn: the game, move by move, computed by the package itself."""
