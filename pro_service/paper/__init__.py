"""What is printed: letters as PDF, and the squares that cameras read."""
