"""What is published beside the site: the book as one PDF, and the supplementary archive."""
