"""What the bounds depend on."""
