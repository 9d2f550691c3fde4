"""``python -m gansmith``, for where the command is not on the path."""

from gansmith.cli.main import main

if __name__ == "__main__":
    main()
