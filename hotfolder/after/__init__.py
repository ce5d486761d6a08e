"""What follows the end of a job: notes beside missing outputs, and originals moved away."""
