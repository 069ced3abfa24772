"""A reader's own data, from the file to a certificate: nothing of it is frozen."""
