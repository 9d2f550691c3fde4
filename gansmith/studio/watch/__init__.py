"""Watch: runs while they train and afterwards; trainings that begin, stop and go on; reports."""
