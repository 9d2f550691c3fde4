"""Create and Inspect: a run's samples and its latent space, and its discriminator's answers."""
