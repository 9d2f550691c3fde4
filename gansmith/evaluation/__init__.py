"""How close, how varied and how new samples are: numbers with floors and intervals."""
