"""The chapters, executed with checked parameters, and what the pages around them say."""
