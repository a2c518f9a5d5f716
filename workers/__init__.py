"""The clock and the hands: a scheduler that wakes workers, and workers that look in the database for what is due."""
