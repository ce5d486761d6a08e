"""What files are: real ones of every kind, opened by real workers, judged by other programs."""
