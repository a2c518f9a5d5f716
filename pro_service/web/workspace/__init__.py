"""What the study team sees in a browser: sign in, and the desk."""
